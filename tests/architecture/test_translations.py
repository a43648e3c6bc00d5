"""The Simplified Chinese catalogues: complete, compiled, and with the same holes as the English."""

import ast
import gettext
import re
from collections.abc import Iterator

import pytest
from django.conf import settings

from apiapp.module_words import source_of
from tests.modules import MODULES

FOLDER = settings.LOCALE_PATHS[0] / "zh_Hans" / "LC_MESSAGES"
HOLE = re.compile(r"%\(\w+\)s|\{\w+\}")
ENTRY = re.compile(
    r'^(msgctxt|msgid|msgid_plural|msgstr(?:\[0\])?) ((?:"(?:[^"\\]|\\.)*"\n?)+)', re.MULTILINE
)
MARKED = re.compile(r'\bn?gettext\(\s*("(?:[^"\\]|\\.)*")')


def messages(domain: str) -> Iterator[tuple[str, str]]:
    """(English, Chinese) of every message but the header; its context, if any, before the English."""
    text = (FOLDER / f"{domain}.po").read_text(encoding="utf-8")
    english = context = ""
    for keyword, quoted in ENTRY.findall(text):
        words = "".join(ast.literal_eval(line) for line in quoted.splitlines())
        if keyword == "msgctxt":
            context = f"{words}\x04"  # as the compiled catalogue has it
        elif keyword == "msgid":
            english, context = context + words, ""
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
        for module in MODULES
        for quoted in MARKED.findall(source_of(module))
    }

    assert len(marked) > 100
    assert marked - {english for english, _ in messages("djangojs")} == set()
