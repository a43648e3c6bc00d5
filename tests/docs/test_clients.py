"""docs/clients.md: whoever copies an example makes what it says, once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.docs.pages import PRINTED_URL, Section, sections_of
from tests.needs import NODE
from tests.serving import ROOT, Server

RUN_S = 120
SECTIONS = {
    section.examples[0].language: section for section in sections_of(ROOT / "docs" / "clients.md")
}
# language -> (file name, what runs it, the title of what it makes)
RUNNERS = {
    "sh": ("example.sh", ["bash", "-euo", "pipefail"], "From curl"),
    "python": ("example.py", [sys.executable], "From requests"),
    "js": ("example.mjs", [NODE], "From fetch"),
}


def test_every_example_is_run():
    assert set(SECTIONS) == set(RUNNERS)


@pytest.mark.parametrize(
    "language", [pytest.param(each, marks=[pytest.mark.node] * (each == "js")) for each in RUNNERS]
)
def test_an_example_that_is_copied_does_what_it_says(server: Server, tmp_path: Path, language: str):
    section: Section = SECTIONS[language]
    name, command, title = RUNNERS[language]
    path = tmp_path / name
    script = section.script(language).replace(PRINTED_URL, server.url)
    path.write_text(script, encoding="utf-8")

    ran = subprocess.run(
        [*command, str(path)],
        cwd=tmp_path,
        env={**os.environ, "KEY": server.key},
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    posts = requests.get(
        f"{server.url}/api/v1/posts/?limit=1000", headers=server.headers, timeout=RUN_S
    ).json()["results"]
    assert [post["title"] for post in posts].count(title) == 1
