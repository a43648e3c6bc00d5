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
SECTIONS = {section.title: section for section in sections_of(ROOT / "docs" / "clients.md")}
# title of the section -> (file name, what runs it, the title of what it makes)
RUNNERS = {
    "curl": ("example.sh", ["bash", "-euo", "pipefail"], "From curl"),
    "Python: requests": ("example.py", [sys.executable], "From requests"),
    "Python: httpx": ("example.py", [sys.executable], "From httpx"),
    "JavaScript: fetch": ("example.mjs", [NODE], "From fetch"),
}


def test_every_example_is_run():
    assert set(SECTIONS) == set(RUNNERS)


@pytest.mark.parametrize(
    "section_title",
    [pytest.param(each, marks=[pytest.mark.node] * ("JavaScript" in each)) for each in RUNNERS],
)
def test_an_example_that_is_copied_does_what_it_says(
    server: Server, tmp_path: Path, section_title: str
):
    section: Section = SECTIONS[section_title]
    name, command, title = RUNNERS[section_title]
    path = tmp_path / name
    script = section.script(section.examples[0].language).replace(PRINTED_URL, server.url)
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
