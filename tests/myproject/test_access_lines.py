"""A line for each request, in the log of a real server."""

import json
import time
from typing import Any

import pytest
import requests

from tests.serving import Server

PATIENCE_S = 60.0


def line_with(server: Server, **wanted: Any) -> dict[str, Any]:
    """The first line of its log with these fields, which comes a moment after the answer."""
    names = {name.replace("__", "."): value for name, value in wanted.items()}
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        path = server.home / "logs" / "sluice.log"
        raw = path.read_bytes() if path.exists() else b""
        for line in map(json.loads, raw.split(b"\n")[:-1]):
            if all(line.get(name) == value for name, value in names.items()):
                return dict(line)
        time.sleep(0.02)
    raise AssertionError(f"no line with {names}")


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/get_example/12?name=a", "/get_example/{user_id}"),  # answered on the loop
        ("/api/jobs/", "/api/jobs"),
        ("/api/uploads/17/content", "/api/uploads/{file_id}/content"),
    ],
)
def test_each_request_leaves_a_line(server: Server, path: str, route: str):
    request_id = f"access-{len(path)}"
    answer = requests.get(
        server.url + path, headers={**server.headers, "X-Request-Id": request_id}, timeout=60
    )

    line = line_with(server, event__dataset="sluice.access", http__request__id=request_id)
    assert line["http.request.method"] == "GET"
    assert line["http.response.status_code"] == answer.status_code
    assert line["url.path"] == path.partition("?")[0]
    assert line["labels.route"] == route
    assert line["event.duration"] > 0
    assert line["http.response.body.bytes"] > 0
    assert line["client.address"] == "127.0.0.1"
    if "example" not in path:  # nobody is asked for there
        assert line["user.name"] == "tester"
        assert line["labels.caller"] == f"key:{server.key.partition('.')[0]}"


def test_secrets_in_a_path_and_a_query_are_in_no_line(server: Server):
    token, query = "Kx9vQ2mLr7TzWc4YKx9vQ2mLr7TzWc4Y", "query-Kx9vQ2mLr7TzWc4Y"
    headers = {"X-Request-Id": "with-secrets", "Authorization": f"Bearer 0123456789ab.{token}"}
    for path in (f"/login/{token}/", f"/screens/main/open/slk_{token}/", f"/api/jobs/?q={query}"):
        requests.get(server.url + path, headers=headers, cookies={"a": token}, timeout=60)
    requests.post(f"{server.url}/login/", {"username": token, "password": token}, timeout=60)
    requests.get(f"{server.url}/healthz", headers={"X-Request-Id": "the-last"}, timeout=60)
    line_with(server, event__dataset="sluice.access", http__request__id="the-last")

    said = (server.home / "logs" / "sluice.log").read_text() + "".join(server.output)

    assert "with-secrets" in said
    assert token not in said
    assert query not in said
