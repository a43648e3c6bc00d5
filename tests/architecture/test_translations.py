"""The Simplified Chinese catalogues: complete, compiled, and with the same holes as the English."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

FOLDER = settings.LOCALE_PATHS[0] / "zh_Hans" / "LC_MESSAGES"
MODULES = settings.BASE_DIR / "apiapp" / "static" / "apiapp"
HOLE = re.compile(r"%\(\w+\)s|\{\w+\}")
ENTRY = re.compile(
    r'^(msgid|msgid_plural|msgstr(?:\[0\])?) ((?:"(?:[^"\\]|\\.)*"\n?)+)', re.MULTILINE
)
MARKED = re.compile(r'\bn?gettext\(\s*("(?:[^"\\]|\\.)*")')


def messages(domain: str) -> Iterator[tuple[str, str]]:
    """(English, Chinese) of every message but the header."""
    text = (FOLDER / f"{domain}.po").read_text(encoding="utf-8")
    english = ""
    for keyword, quoted in ENTRY.findall(text):
        words = "".join(ast.literal_eval(line) for line in quoted.splitlines())
        if keyword == "msgid":
            english = words
        elif keyword.startswith("msgstr") and english:
            yield english, words


def holes(text: str) -> set[str]:
    return set(HOLE.findall(text))


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_every_message_is_translated_with_the_same_holes(domain: str):
    found = list(messages(domain))

    assert len(found) > 100
    assert [english for english, chinese in found if not chinese] == []
    # Chinese has one form: a number that English only says in the plural may be in it.
    wrong = [english for english, chinese in found if holes(english) - holes(chinese)]
    assert wrong == []


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_what_is_compiled_is_what_is_written(domain: str):
    with (FOLDER / f"{domain}.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    for english, chinese in messages(domain):
        assert chinese in (compiled.gettext(english), compiled.ngettext(english, english, 2))


def test_every_message_of_the_modules_is_in_the_catalogue():
    marked = {
        ast.literal_eval(quoted)
        for module in sorted(Path(MODULES).glob("*.js"))
        for quoted in MARKED.findall(module.read_text(encoding="utf-8"))
    }

    assert len(marked) > 100
    assert marked - {english for english, _ in messages("djangojs")} == set()
