"""Where in a JSON text the rows are, told from its beginning."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from apiapp.imports.errors import BadDialect, BadJson, NoRows
from apiapp.imports.pipeline.convert import is_text
from apiapp.imports.pipeline.formats.json_scanner import OPEN, JsonScanner, decoder

# How the rows lie: in a list, one behind the other without a list, or as one list per column.
LIST, VALUES, COLUMNS, SINGLE = "list", "values", "columns", "single"

# A list of rows that is so long is the one that is wanted.
LOOK_BYTES, LOOK_ROWS = 64 << 20, 1_000_000
LISTS_LIMIT = 1000
LEVELS_LIMIT = 5  # rows are not looked for deeper
LINES_LOOKED_AT = 20
begins_like_json = re.compile(
    r'\s*(?:\{\s*(?:"(?:[^"\\]|\\.)*"\s*:|\})|\[\s*(?:[\[{"\]0-9-]|true|false|null))'
).match


@dataclass(frozen=True, slots=True)
class FoundList:
    """A list: the keys that lead to it, what its first element begins with, and its length.

    at_byte: of its bracket.
    """

    path: tuple[str, ...]
    first: str
    count: int
    at_byte: int

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def has_rows(self) -> bool:
        return bool(self.first) and self.first in OPEN


@dataclass(frozen=True, slots=True)
class Layout:
    """kind: one of those above.  lists: what could be chosen instead, by name."""

    kind: str
    path: tuple[str, ...] = ()
    columns: Sequence[FoundList] = ()
    lists: Sequence[str] = ()


@dataclass(slots=True)
class Outline:
    """What is in an object: its lists, and how many of its own values are none."""

    lists: list[FoundList] = field(default_factory=list)
    others: int = 0
    is_whole: bool = False


def is_json(text: str, *, is_whole: bool) -> bool:
    """Whether a text that begins so is one value of JSON, or several without a line for each."""
    if not begins_like_json(text):
        return False
    try:
        _, end = decoder.raw_decode(text, len(text) - len(text.lstrip()))
    except (ValueError, RecursionError):
        return not is_whole or text.lstrip()[:1] in OPEN
    rest = text[end:].lstrip()
    return not rest or rest[0] in OPEN


def is_json_lines(text: str, *, is_whole: bool) -> bool:
    """Whether most of the first lines are an object or a list each, and there are two of them."""
    lines = [line for line in text.split("\n")[: 2 * LINES_LOOKED_AT] if line.strip()]
    lines = (
        lines[:LINES_LOOKED_AT] if is_whole else lines[:LINES_LOOKED_AT][: max(1, len(lines) - 1)]
    )
    good = sum(map(is_container, lines))
    return good > 1 and good * 2 >= len(lines)


def is_container(line: str) -> bool:
    line = line.strip()
    if line[:1] not in OPEN:
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def layout_of(file: BinaryIO, *, wanted: str = "") -> Layout:
    """Raises BadJson, NoRows, and BadDialect where the list that is wanted is not there."""
    scanner = JsonScanner(file)
    start = scanner.peek()
    if start == "[":
        return Layout(LIST)
    outline = outline_of(scanner)
    if outline.is_whole and scanner.peek():
        return Layout(VALUES)
    return chosen(outline, wanted)


def outline_of(scanner: JsonScanner) -> Outline:
    outline = Outline()
    try:
        look(scanner, (), outline)
        outline.is_whole = True
    except Enough:
        pass
    return outline


class Enough(Exception):
    """The rows are in the list that was being looked at, and it is long."""


def look(scanner: JsonScanner, path: tuple[str, ...], outline: Outline) -> None:
    start = scanner.peek()
    if start == "[":
        outline.lists.append(look_into_list(scanner, path, outline))
    elif start == "{" and len(path) < LEVELS_LIMIT:
        for key in scanner.keys():  # noqa: SIM118 # it is no dict
            look(scanner, (*path, key), outline)
    else:
        outline.others += len(path) == 1
        scanner.skip()


def look_into_list(scanner: JsonScanner, path: tuple[str, ...], outline: Outline) -> FoundList:
    at_byte, first, count = scanner.at_byte(), "", 0
    for _ in scanner.elements():
        first = first or scanner.peek()
        count += 1 + scanner.skip_singles()
        has_rows = first in OPEN or scanner.peek() in ("[", "{")
        scanner.skip()
        is_long = count > LOOK_ROWS or scanner.bytes_read - at_byte > LOOK_BYTES
        if has_rows and is_long:
            outline.lists.append(FoundList(path, first, count, at_byte))
            raise Enough
    if len(outline.lists) > LISTS_LIMIT:
        raise BadJson(row_number=0, reason=f"it has more than {LISTS_LIMIT:,} lists, none of rows")
    return FoundList(path, first, count, at_byte)


def chosen(outline: Outline, wanted: str) -> Layout:
    lists = [each for each in outline.lists if each.count and is_text(each.name)]
    names = [each.name for each in lists]
    if wanted:
        if wanted not in names:
            known = ", ".join(names) or "none"
            raise BadDialect(field="sheet", reason=f"{wanted!r} is no list in it; known: {known}")
        return Layout(LIST, lists[names.index(wanted)].path, lists=names)
    with_rows = [each for each in lists if each.has_rows]
    if with_rows:
        return Layout(LIST, max(with_rows, key=lambda each: each.count).path, lists=names)
    if are_columns(lists, outline):
        return Layout(COLUMNS, columns=lists)
    if len(lists) == 1:
        return Layout(LIST, lists[0].path, lists=names)
    if not outline.others and not lists:
        raise NoRows
    return Layout(SINGLE)


def are_columns(lists: Sequence[FoundList], outline: Outline) -> bool:
    """One list of single values for each column, and nothing beside them."""
    lengths = {each.count for each in lists}
    return len(lengths) == 1 and not outline.others and all(len(each.path) == 1 for each in lists)
