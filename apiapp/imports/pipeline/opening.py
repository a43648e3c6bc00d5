"""From a file as it lies there to records: what packs it, what it is, and who reads it.

    with opening.opened(path, asked=..., limits=...) as content:
        content.dialect, content.reasons     what was decided, in part by `asked`
        content.source()                     the records, from the start

Text alone is not decided here: its dialect is sniff.py's, from `content.file`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from apiapp.imports.errors import BadDialect
from apiapp.imports.pipeline.containers import Limits, OnUnpacked, nobody_asks
from apiapp.imports.pipeline.dialect import TEXT, Dialect
from apiapp.imports.pipeline.formats import json_layout
from apiapp.imports.pipeline.formats.json_reader import KEYS_FROM_BYTES, JsonReader
from apiapp.imports.pipeline.formats.json_scanner import RECORD_LIMIT_CHARS
from apiapp.imports.pipeline.formats.table_source import TableSource
from apiapp.imports.pipeline.layers import TEXTS, TOLD_MEMBERS, Layers, Wish
from apiapp.imports.pipeline.readers import DelimitedReader, RecordSource
from apiapp.imports.pipeline.sniffing.header import sniff_header_rows

SAMPLE_ROWS = 200
NO_LIMITS = Limits()
SHEETED = ("json", "xlsx", "xls", "xlsb", "ods")  # have lists or sheets to choose from


class FormatSource(RecordSource, Protocol):
    """Records of a format that says something about types."""

    def type_of(self, index: int, inferred: str) -> str:
        """The type to propose for a column whose cells, as text, speak for `inferred`."""


@dataclass(slots=True)
class Opened:
    """A file ready to be read, for the length of a `with` block.

    file: what was packed, unpacked; of it `size_bytes` are there, which is all if `is_whole`.
    choices: for `member` and `sheet`, what could be asked for, where there is a choice.
    make: a new source from the start; None where it is text.
    """

    file: BinaryIO
    size_bytes: int
    is_whole: bool
    dialect: Dialect
    reasons: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    make: Callable[[], FormatSource] | None = None

    @property
    def packing(self) -> dict[str, Any]:
        """What is known of a text before it is looked at."""
        decided = self.dialect
        return {
            "format": decided.format,
            "compression": decided.compression,
            "member": decided.member,
        }

    def source(self) -> RecordSource:
        """Of text: by the dialect, which has to be set first.  Raises UnreadableFile."""
        if self.make:
            return self.make()
        self.file.seek(0)
        return DelimitedReader(self.file, self.dialect)


@contextmanager
def opened(
    path: Path,
    *,
    asked: Mapping[str, Any] | None = None,
    limits: Limits = NO_LIMITS,
    is_preview: bool = False,
    keys_from_bytes: int | None = KEYS_FROM_BYTES,
    on_unpacked: OnUnpacked = nobody_asks,
) -> Iterator[Opened]:
    """Unpack, tell the format, and make it ready; what was unpacked is gone afterwards.

    keys_from_bytes: of JSON, how much is looked at for columns before the first row is read; None:
    all of it.
    Raises UnreadableFile, FileNotFoundError, BadDialect for what is asked, and whatever
    `on_unpacked` raises to stop.
    """
    wish = Wish(asked or {}, limits, is_preview, on_unpacked)
    with ExitStack() as stack:
        layers = Layers(path, wish, stack)
        format_ = layers.unpack()
        check_asked(wish.asked, layers.found | {"format": format_})
        format_ = wish.asked.get("format", format_)
        check_parts(wish.asked, member=layers.found["member"], format_=format_)
        content = Opened(
            file=layers.file,
            size_bytes=layers.size_bytes,
            is_whole=layers.is_whole,
            dialect=Dialect().changed({**wish.asked, **layers.found, "format": format_}),
            reasons=layers.reasons,
            choices=layers.choices,
        )
        if format_ in ("json", "jsonl"):
            prepare_json(content, wish.asked, keys_from_bytes)
        elif format_ != TEXT:
            prepare_table(content, wish, stack)
        elif not content.is_whole:
            content.size_bytes = end_of_lines(content.file, content.size_bytes)
        yield content


def check_asked(asked: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Raises BadDialect where something else is asked than what the bytes are."""
    for name in ("compression", "format"):
        wanted = asked.get(name, found[name])
        if wanted != found[name] and not (wanted in TEXTS and found[name] in TEXTS):
            raise BadDialect(field=name, reason=f"is {found[name]!r} in this file")


def check_parts(asked: Mapping[str, Any], *, member: str, format_: str) -> None:
    """Raises BadDialect where a part is asked of a file that has none."""
    if asked.get("member") and not member:
        raise BadDialect(field="member", reason="is asked for, and the file is no zip archive")
    if asked.get("sheet") and format_ not in SHEETED:
        raise BadDialect(field="sheet", reason=f"is asked for, and a file of {format_} has none")


def end_of_lines(file: BinaryIO, size_bytes: int) -> int:
    """Where the last whole line of a text that was cut ends; the rest is cut off."""
    file.seek(max(0, size_bytes - RECORD_LIMIT_CHARS))
    tail = file.read()
    end = size_bytes - len(tail) + tail.rfind(b"\n") + 1
    if b"\0" in tail[-4096:]:
        end = (end + 3) // 4 * 4  # whole characters of UTF-16 and UTF-32
    file.truncate(end or size_bytes)
    file.seek(0)
    return end or size_bytes


# --- formats ---------------------------------------------------------------------------------------
def prepare_json(content: Opened, asked: Mapping[str, Any], keys_from_bytes: int | None) -> None:
    layout = None
    if content.dialect.format == "json":
        layout = json_layout.layout_of(content.file, wanted=content.dialect.sheet)
        content.dialect = content.dialect.changed({"sheet": ".".join(layout.path)})
        tell_layout(content, layout)
    else:
        content.reasons["format"] = "it is JSON Lines: each line is a value of JSON"

    def reader() -> JsonReader:
        content.file.seek(0)
        return JsonReader(
            content.file,
            layout,
            has_header=content.dialect.has_header,
            flatten=content.dialect.flatten,
            keys_from_bytes=keys_from_bytes,
        )

    content.make = reader
    if "has_header" not in asked:
        content.dialect = content.dialect.changed({"has_header": False})
        first = reader()
        rows = sample_of(first)
        if rows and not first.header():
            count, content.reasons["has_header"], _ = sniff_header_rows(rows)
            content.dialect = content.dialect.changed({"has_header": count > 0})
        else:
            content.dialect = content.dialect.changed({"has_header": True})


def tell_layout(content: Opened, layout: json_layout.Layout) -> None:
    content.reasons["format"] = f"it is JSON: {WORDS_OF_LAYOUT[layout.kind]}"
    if len(layout.lists) > 1:
        content.choices["sheet"] = list(layout.lists)
        told = ", ".join(layout.lists[:TOLD_MEMBERS])
        content.reasons["sheet"] = f"it has several lists: {told}"


def sample_of(source: JsonReader) -> list[list[str]]:
    first = next(source.batches(), None)
    return [row for row in first.rows[:SAMPLE_ROWS] if row] if first else []


WORDS_OF_LAYOUT = {
    json_layout.LIST: "a list of rows",
    json_layout.VALUES: "rows one behind the other",
    json_layout.COLUMNS: "a list for each column",
    json_layout.SINGLE: "one object, which is one row",
}


class Tables:
    """Sources that are processes: the first one has been begun to see what there is."""

    def __init__(self, begin: Callable[[], TableSource], stack: ExitStack) -> None:
        self._begin, self._stack = begin, stack
        self._current: TableSource | None = None
        self._is_fresh = False
        stack.callback(self._close)

    def first(self) -> TableSource:
        self._current = self._begin()
        self._is_fresh = True
        return self._current

    def source(self) -> TableSource:
        """One at a time: they share one place in the file, which is left to them."""
        if not self._is_fresh or not self._current:
            self._close()
            self._current = self._begin()
        self._is_fresh = False
        return self._current

    def _close(self) -> None:
        if self._current:
            self._current.close()


ASKED_OF_TABLES = ("sheet", "has_header", "header_rows")


def prepare_table(content: Opened, wish: Wish, stack: ExitStack) -> None:
    asked = {name: wish.asked[name] for name in ASKED_OF_TABLES if name in wish.asked}

    def begin() -> TableSource:
        return TableSource(
            content.file,
            size_bytes=content.size_bytes,
            format_=content.dialect.format,
            asked=asked,
            limits=wish.limits,
        )

    tables = Tables(begin, stack)
    first = tables.first()
    content.dialect = content.dialect.changed(first.dialect)
    content.reasons |= {"format": f"it is {content.dialect.format}", **first.reasons}
    content.warnings += first.warnings
    if len(first.choices) > 1:
        content.choices["sheet"] = first.choices
    content.make = tables.source
