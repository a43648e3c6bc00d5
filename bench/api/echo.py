"""The example endpoints on the default server, beside the documents' own servers, in one run.

    python -m bench.api.echo [--rounds 5] [--seconds 2]

Each server runs as its document runs it, with its log thrown away; FastAPI a second time without
its log of requests.  32 connections of wrk, one server after the other, as many rounds as asked;
medians are printed.  Sluice stores what POST and PUT bring, and deletes what DELETE means, where
the others only answer; its limits of requests per minute are switched off.
"""

import argparse
import http.client
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.api._load import Call, Table, is_installed, load
from bench.api._servers import (
    default_server,
    free_port,
    peers_python,
    served,
    sluice_environment,
)

OURS = "Sluice, default server"
FORM = "application/x-www-form-urlencoded"
CALLS = {
    "GET get_example": Call("GET", "/get_example/123?name=Alice"),
    "POST post_example, JSON": Call(
        "POST",
        "/post_example",
        '{"title": "A title", "content": "What it is about"}',
        {"Content-Type": "application/json", "Authorization": "Bearer token"},
    ),
    "PUT put_example, form": Call(
        "PUT",
        "/put_example/456",
        "name=A+name&description=Some+words",
        {"Content-Type": FORM, "X-Custom-Header": "value"},
    ),
    "DELETE delete_example": Call(
        "DELETE", "/delete_example?confirm=true", headers={"Authorization": "Bearer token"}
    ),
}
EXPECTED = {
    "GET get_example": {"user_id": 123, "name": "Alice", "user_agent": "bench"},
    "POST post_example, JSON": {
        "title": "A title",
        "content": "What it is about",
        "authorization": "Bearer token",
    },
    "PUT put_example, form": {
        "item_id": 456,
        "name": "A name",
        "description": "Some words",
        "custom_header": "value",
    },
    "DELETE delete_example": {"deleted": True, "authorization": "Bearer token"},
}


def peer_commands(python: Path) -> dict[str, tuple[list[str], int]]:
    """Name -> (command, port)."""
    ports = [free_port() for _ in range(5)]
    uvicorn = [str(python), "-m", "uvicorn", "fastapi_echo:app", "--port"]
    gunicorn = [str(python), "-m", "gunicorn", "django_echo:application", "--bind"]
    return {
        "FastAPI, uvicorn": ([*uvicorn, str(ports[0])], ports[0]),
        "FastAPI, uvicorn, no access log": (
            [*uvicorn, str(ports[1]), "--no-access-log"],
            ports[1],
        ),
        "Flask, app.run": ([str(python), "flask_echo.py", str(ports[2])], ports[2]),
        "Django and DRF, runserver": (
            [str(python), "django_echo.py", "runserver", str(ports[3])],
            ports[3],
        ),
        "Django and DRF, gunicorn": ([*gunicorn, f"127.0.0.1:{ports[4]}"], ports[4]),
    }


def require_same_answers(name: str, port: int) -> None:
    """A server that answers something else would not be measured at the same work."""
    for title, call in CALLS.items():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        headers = {**call.headers, "User-Agent": "bench"}
        connection.request(call.method, call.path, call.body.encode() or None, headers)
        response = connection.getresponse()
        got = json.loads(response.read())
        connection.close()
        if (response.status, got) != (200, EXPECTED[title]):
            raise SystemExit(f"{name}: {title}: {response.status} {got}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    asked = parser.parse_args()
    if not is_installed():
        print("wrk is not installed: nothing was measured")
        return
    with ExitStack() as running, tempfile.TemporaryDirectory(prefix="sluice-bench-") as home:
        ports = {OURS: running.enter_context(default_server(sluice_environment(Path(home))))}
        for name, (command, port) in peer_commands(peers_python()).items():
            path = "/get_example/1"
            ports[name] = running.enter_context(served(command, port=port, path=path))
        for name, port in ports.items():
            require_same_answers(name, port)
            load(port, CALLS["GET get_example"], seconds=1)  # until it is warm
        table = Table(OURS)
        for _ in range(asked.rounds):
            for title, call in CALLS.items():
                for name, port in ports.items():
                    table.add(title, name, load(port, call, seconds=asked.seconds))
        table.show()
        running.close()


if __name__ == "__main__":
    sys.exit(main())
