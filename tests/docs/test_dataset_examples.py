"""docs/datasets.md: its examples in bash do what stands beside them, one after the other."""

import os
import subprocess
import time
from typing import Any

import pytest
import requests

from tests.docs.pages import examples_in
from tests.serving import ROOT, Server

PAGE = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
EXAMPLES = [each.code for each in examples_in(PAGE) if each.language == "bash"]
CSV = b"name,price\nvolvo,12\nsaab,9\n"
RUN_S = 120
# Part of an example -> what it answers.
SAYS = {
    "count=estimated": '"count":2',
    "--data-binary": '{"inserted":2,"updated":0,"unchanged":0,"ignored":0}',
    "on_conflict": '{"inserted":1,"updated":1,"unchanged":0,"ignored":0,"results":[',
    "-X PATCH": '{"deleted":1}',
    "openapi.json": '"title":"Documented"',
    "/chart/": '"measure":"sum"',
}


@pytest.fixture(scope="module")
def slug(server: Server) -> str:
    """A dataset of cars, whose key is their name."""

    def call(method: str, path: str, **sent: Any) -> dict[str, Any]:
        url = f"{server.url}{path}"
        answer = requests.request(method, url, headers=server.headers, timeout=RUN_S, **sent)
        assert answer.ok, answer.text
        return dict(answer.json())

    upload = call("post", "/api/upload/", files={"file": ("cars.csv", CSV)})
    wish = {"file_id": upload["file_id"], "user_id": 1, "dataset": "Documented", "key": ["name"]}
    started = call("post", "/api/import/", json=wish)
    deadline = time.monotonic() + RUN_S
    while time.monotonic() < deadline:
        job = call("get", f"/api/jobs/{started['job_id']}/")
        if job["state"] == "succeeded":
            return str(started["dataset"])
        time.sleep(0.1)
    raise AssertionError("the import does not end")


def test_the_examples_answer_as_promised(server: Server, slug: str):
    environment = {**os.environ, "SLUICE": server.url, "KEY": server.key, "SLUG": slug}
    said = {}

    for code in EXAMPLES:
        run = subprocess.run(
            ["bash", "-euc", code], env=environment, capture_output=True, text=True, timeout=RUN_S
        )
        assert run.returncode == 0, run.stderr
        assert not run.stdout.startswith('{"type"'), run.stdout  # a problem
        said[code] = run.stdout

    for part, answer in SAYS.items():
        (out,) = (out for code, out in said.items() if part in code)
        assert answer in out, part
