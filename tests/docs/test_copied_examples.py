"""docs/uploads.md: whoever copies an example sends a file by it.

Every fenced block of a language below is run as it is printed, but for the address; those of one
section one after the other, in a folder with a file `cars.csv`.  Each section is to bring it here.
"""

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.pages import PRINTED_URL, UPLOADS, has_arrived, sections_of
from tests.needs import NODE, NODE_MODULES
from tests.serving import ROOT, Server

RUN_S = 120

Command = Callable[[Path], list[str]]

# language -> (file name, what runs that file)
RUNNERS: dict[str, tuple[str, Command]] = {
    "sh": ("example.sh", lambda path: ["bash", "-euo", "pipefail", str(path)]),
    "python": ("example.py", lambda path: [sys.executable, str(path)]),
    "js": ("example.mjs", lambda path: [NODE, str(path)]),
}
EXAMPLES = [
    pytest.param(
        language,
        section.script(language),
        id=f"{section.title}, {language}",
        marks=[pytest.mark.node] if language == "js" else [],
    )
    for section in sections_of(UPLOADS)
    for language in RUNNERS
    if section.script(language)
]


def test_the_page_has_examples_for_every_kind_of_client():
    languages = {example.values[0] for example in EXAMPLES}

    assert languages == set(RUNNERS)
    assert len(EXAMPLES) >= 6


@pytest.mark.parametrize(("language", "script"), EXAMPLES)
def test_an_example_that_is_copied_sends_the_file(
    server: Server, tmp_path: Path, language: str, script: str
):
    content = random.randbytes(300_000)
    (tmp_path / "cars.csv").write_bytes(content)
    for shared in (ROOT / "manage.py", NODE_MODULES):
        (tmp_path / shared.name).symlink_to(shared)
    name, command = RUNNERS[language]
    path = tmp_path / name
    path.write_text(script.replace(PRINTED_URL, server.url), encoding="utf-8")
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    ran = subprocess.run(
        command(path),
        cwd=tmp_path,
        env={**server.environment, "PATH": programs, "KEY": server.key, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert has_arrived(server, hashlib.md5(content).hexdigest()), ran.stdout + ran.stderr
