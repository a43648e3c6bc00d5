"""The words of the browser's modules in a language: those a page uses at once, and all of them.

A module has the name of its file below /static/, as `site/keys.js`.  It is read as text: what it
imports (`from "./x.js"`) comes with it; what it fetches later (`import("./x.js")`) does not, nor
do the words of that.
"""

import json
import posixpath
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.utils.translation.trans_real import DjangoTranslation
from django.views.i18n import JavaScriptCatalog

IMPORTED = re.compile(r'^(?:import|export|\}).*?"(\.\.?/[\w/]+\.js)";$', re.MULTILINE)
MARKED = re.compile(r'\bn?gettext\(\s*("(?:[^"\\]|\\.)*")')

Catalog = dict[str, Any]


@lru_cache
def all_words(language: str) -> Catalog:
    """Message -> translation, or the list of its plural forms: our own djangojs messages only."""
    view = JavaScriptCatalog()
    view.translation = DjangoTranslation(
        language, domain="djangojs", localedirs=[str(path) for path in settings.LOCALE_PATHS]
    )
    return view.get_catalog()


@lru_cache
def words_of(entry: str, language: str) -> Catalog:
    """The words that the module `entry` and all it imports use; a shorter page for the same."""
    used = {message for name in with_imports(entry) for message in messages_in(name)}
    return {message: words for message, words in all_words(language).items() if message in used}


def with_imports(entry: str) -> set[str]:
    found: set[str] = set()
    waiting = {entry}
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= imports_of(name) - found
    return found


def imports_of(name: str) -> set[str]:
    folder = posixpath.dirname(name)
    written = IMPORTED.findall(source_of(name))
    return {posixpath.normpath(posixpath.join(folder, path)) for path in written}


def messages_in(name: str) -> list[str]:
    return [json.loads(quoted) for quoted in MARKED.findall(source_of(name))]


def source_of(name: str) -> str:
    path = finders.find(name)
    if path is None:
        raise FileNotFoundError(f"no module {name} below /static/")
    return Path(path).read_text(encoding="utf-8")
