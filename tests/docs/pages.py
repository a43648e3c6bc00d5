"""The examples of a page of the documentation, as its reader would copy them."""

import re
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.serving import ROOT, Server

UPLOADS = ROOT / "docs" / "uploads.md"
PRINTED_URL = "http://localhost:8000"
ARRIVED_S = 60
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)\n(?P<code>.*?)^(?P=indent)```$", re.M | re.S
)
HEADING = re.compile(r"^## (.+)$", re.M)


@dataclass(frozen=True)
class Example:
    """One fenced block.  language: as it is named behind the fence."""

    language: str
    code: str


@dataclass(frozen=True)
class Section:
    """What stands under one heading; its examples go together, in order."""

    title: str
    examples: list[Example] = field(default_factory=list)

    def script(self, language: str) -> str:
        return "\n".join(each.code for each in self.examples if each.language == language)


def sections_of(page: Path) -> list[Section]:
    """Every section of the page that has examples."""
    _, *parts = HEADING.split(page.read_text(encoding="utf-8"))
    found = [
        Section(title, examples_in(text))
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    ]
    return [section for section in found if section.examples]


def examples_in(text: str) -> list[Example]:
    return [
        Example(found["language"], textwrap.dedent(found["code"])) for found in FENCE.finditer(text)
    ]


def has_arrived(server: Server, md5: str) -> bool:
    """Whether a file with this MD5 is finished there, before long."""
    deadline = time.monotonic() + ARRIVED_S
    while time.monotonic() < deadline:
        page = requests.get(
            f"{server.url}/api/uploads/?limit=100", headers=server.headers, timeout=40
        ).json()
        if any((each["state"], each["md5"]) == ("finished", md5) for each in page["results"]):
            return True
        time.sleep(0.1)
    return False
