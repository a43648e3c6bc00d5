"""docs/api.md: the table of problems is the server's own, and its examples do what they say."""

import os
import re
import subprocess

import pytest
from django.conf import settings

from apiapp.problems import PROBLEMS
from tests.serving import Server

PAGE = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([\w-]+)` \| ([\d, ]+) \|", re.MULTILINE)
EXAMPLE = re.compile(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAYS = {
    "Who calls": '"is_ready":',
    "Formats": "<title>By XML</title>",
    "Errors": "urn:sluice:problem:not-found",
    "Lists": '"results":',
    "Once, however often it is sent": "HTTP/1.1 201",
    "Only what has changed, and only if it has not": "HTTP/1.1 304",
    "How often": "HTTP/1.1 200",
    "Finding a request again": "x-request-id: my-own-7",
}


def test_its_table_of_problems_is_that_of_the_server():
    told = {(name, int(status)) for name, codes in ROW.findall(PAGE) for status in codes.split(",")}

    known = {(type_, status) for status, type_ in PROBLEMS.values()}

    assert told == known | {("internal-error", 500)}


@pytest.mark.parametrize(("heading", "command"), EXAMPLE.findall(PAGE))
def test_an_example_answers_as_promised(server: Server, heading: str, command: str):
    environment = {**os.environ, "SLUICE": server.url, "KEY": server.key}

    run = subprocess.run(
        ["bash", "-euc", command], env=environment, capture_output=True, text=True, timeout=60
    )

    assert run.returncode == 0, run.stderr
    assert SAYS[heading] in run.stdout


def test_every_promise_with_an_example_is_one_that_is_checked():
    assert {heading for heading, _ in EXAMPLE.findall(PAGE)} == SAYS.keys()


def test_a_request_that_is_sent_again_says_so(server: Server):
    commands = dict(EXAMPLE.findall(PAGE))
    environment = {**os.environ, "SLUICE": server.url, "KEY": server.key}
    again = commands["Once, however often it is sent"]

    runs = [
        subprocess.run(["bash", "-euc", again], env=environment, capture_output=True, text=True)
        for _ in range(2)
    ]

    assert "idempotent-replayed: true" in runs[1].stdout
    assert runs[1].stdout.splitlines()[-1] == runs[0].stdout.splitlines()[-1]
