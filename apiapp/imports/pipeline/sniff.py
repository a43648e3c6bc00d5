"""How a file is written, told from its bytes, with the reasons; or why it cannot be read.

Looks at the head, and at places from the middle and the tail of a large file.  The decisions are in
sniffing/, one module for each kind; here they follow one another.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, BinaryIO

from apiapp.imports.errors import EmptyFile, RecordTooLong
from apiapp.imports.pipeline.counted import counted
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.lines import BOM, lines_of, without_end
from apiapp.imports.pipeline.sniffing import structure
from apiapp.imports.pipeline.sniffing.comments import sniff_comment
from apiapp.imports.pipeline.sniffing.decision import Decisions
from apiapp.imports.pipeline.sniffing.delimiters import (
    Candidate,
    are_letters,
    best_candidate,
    modal_width,
    parsed_sample,
    rated,
    shown,
)
from apiapp.imports.pipeline.sniffing.encoding import as_text, sniff_encoding
from apiapp.imports.pipeline.sniffing.fixed import fixed_candidate, is_torn
from apiapp.imports.pipeline.sniffing.header import further_rows, sniff_header_rows
from apiapp.imports.pipeline.sniffing.line_ends import sniff_line_end
from apiapp.imports.pipeline.sniffing.structure import Numbered, Table
from apiapp.imports.pipeline.tolerant import TolerantParser

HEAD_BYTES = 1 << 20
LEAST_HEAD_LINES = 2
WIDE_HEAD_BYTES = 4 << 20  # a hundred thousand columns, and a row
PLACE_BYTES = 64 << 10
SAMPLE_LINES = 300  # for the delimiter
SAMPLE_CHARS = 200_000
PLACE_LINES = 100
HEADER_ROWS = 200

says_delimiter = re.compile(r'"?sep=(.{1,3}?)"?', re.IGNORECASE).fullmatch


@dataclass(frozen=True, slots=True)
class Sniffed:
    """The dialect, and for each decision in it a sentence and a confidence from 0 to 1."""

    dialect: Dialect
    reasons: dict[str, str]
    confidence: dict[str, float]


def sniff_file(
    file: BinaryIO, *, size_bytes: int, asked: Mapping[str, Any] | None = None
) -> Sniffed:
    """Decide how an open file is written; its position moves.  Raises as `sniff`."""
    file.seek(0)
    head = head_of(file)
    places = []
    if size_bytes > len(head) and (b"\n" in head or b"\r" in head):
        for at_byte in (size_bytes // 2, size_bytes - PLACE_BYTES):
            file.seek(max(len(head), at_byte) // 4 * 4)
            places.append(file.read(PLACE_BYTES))
    return sniff(head, is_whole=size_bytes <= len(head), asked=asked, places=places)


def head_of(file: BinaryIO) -> bytes:
    """The beginning: HEAD_BYTES, or more where these have not even two lines."""
    head = file.read(HEAD_BYTES)
    while HEAD_BYTES <= len(head) < WIDE_HEAD_BYTES and line_ends_in(head) < LEAST_HEAD_LINES:
        more = file.read(HEAD_BYTES)
        if not more:
            break
        head += more
    return head


def line_ends_in(head: bytes) -> int:
    return head.count(b"\n") or head.count(b"\r")


def sniff(
    head: bytes,
    *,
    is_whole: bool,
    asked: Mapping[str, Any] | None = None,
    places: Sequence[bytes] = (),
) -> Sniffed:
    """Decide how a file is written.

    `head`: its first HEAD_BYTES or more; `is_whole`: there are no more; `places`: bytes from further down,
    the last of them the file's end.  What is in `asked` is taken as it is.  Raises UnreadableFile,
    or BadDialect for what is asked.
    """
    asked = asked or {}
    known = Dialect().changed(asked)
    refuse_empty(head)
    found = Decisions()
    if "encoding" not in asked:
        sniff_encoding([head, *places], found)
    encoding = asked.get("encoding", found.values.get("encoding"))
    text = text_of(head, encoding, is_whole=is_whole)
    if "line_end" not in asked:
        sniff_line_end(text, found)
    line_end = asked.get("line_end", found.values.get("line_end", ""))
    look = Look(
        known=known.changed({"encoding": encoding, "line_end": line_end}),
        asked=frozenset(asked),
        lines=lines_of(text, line_end),
        further=[inner_lines(as_text(place, encoding), line_end) for place in places],
        is_whole=is_whole,
    )
    decide_cells(look, found)
    decide_place(look, with_asked(look, found), found)
    for name in asked:
        found.reasons.pop(name, None)
        found.confidence.pop(name, None)
    return Sniffed(with_asked(look, found), found.reasons, found.confidence)


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to decide from: the lines of the head, and those of places further down."""

    known: Dialect
    asked: frozenset[str]
    lines: list[str]
    further: list[list[str]]
    is_whole: bool


def with_asked(look: Look, found: Decisions) -> Dialect:
    decided = {name: value for name, value in found.values.items() if name not in look.asked}
    return look.known.changed(decided)


def refuse_empty(head: bytes) -> None:
    """Raises EmptyFile."""
    if not head.removeprefix(BOM).strip():
        raise EmptyFile


def text_of(head: bytes, encoding: str, *, is_whole: bool) -> str:
    """The head's whole lines.  Raises RecordTooLong, EmptyFile."""
    text = as_text(head, encoding)
    if not is_whole:
        end = max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1
        if not end:
            raise RecordTooLong(row_number=0, limit_bytes=len(head))
        text = text[:end]
    if not text.strip():
        raise EmptyFile
    return text


def inner_lines(text: str, line_end: str) -> list[str]:
    """The lines of a place but the first, which began before it; the last may be cut."""
    return lines_of(text, line_end)[1:]


# --- how cells are told from one another -------------------------------------------------------
def decide_cells(look: Look, found: Decisions) -> None:
    """Decide `delimiter`, `widths`, `quote`, `escape`, `comment`."""
    sniff_comment(look.lines, found)
    sample = sample_of(look)
    if "delimiter" not in look.asked and (said := says_delimiter(look.lines[0].strip("\r\n"))):
        found.decide("delimiter", said[1], "the first line says so", 1.0)
        sample = sample[1:]
        best: Candidate | None = (
            rated(sample, with_asked(look, found), is_whole=len(sample) + 1 == len(look.lines))
            if sample
            else None
        )
    else:
        best = (
            None
            if look.known.widths
            else best_candidate(
                sample,
                with_asked(look, found),
                sorted(look.asked),
                later_places(look, len(sample)),
                is_whole=len(sample) == len(look.lines),
            )
        )
        fixed = (
            fixed_candidate(sample, with_asked(look, found))
            if not look.asked & {"delimiter"}
            else None
        )
        if fixed and "widths" not in look.asked and (best is None or fixed.score > best.score):
            decide_fixed(look, fixed, found)
            return
        decide_delimiter(look, best, sample, found)
    if best is None:
        return
    if "quote" not in look.asked and look.is_whole and are_letters(look.lines, best.dialect):
        found.decide("quote", "", "no cell has quotes at both ends, and no line needs them", 0.8)
        return
    decide_quote(best, sample, found)


def sample_of(look: Look) -> list[str]:
    """The first lines, all of them: leaving any out could tear a cell apart."""
    sample: list[str] = []
    size = 0
    for line in look.lines[:SAMPLE_LINES]:
        size += len(line)
        if size > SAMPLE_CHARS and sample:
            break
        sample.append(line)
    return sample


def later_places(look: Look, first: int) -> list[list[str]]:
    """Lines from the middle and the end of the head beyond `first`, and from further down."""
    if len(look.lines) < 2 * first:
        return look.further
    middle = (first + len(look.lines)) // 2
    size = min(PLACE_LINES, first)
    places = [look.lines[middle : middle + size], look.lines[-size - 1 : -1]]
    return places + [lines[:size] for lines in look.further]


def decide_fixed(look: Look, best: Candidate, found: Decisions) -> None:
    found.values |= {"delimiter": "", "quote": "", "escape": ""}
    reason = f"cells begin at the same {best.width} places in {best.fitting} of {best.rows} lines"
    found.decide("widths", list(best.dialect.widths), reason, best.score)
    titles = takewhile(lambda line: is_torn(without_end(line), best.dialect.widths), look.lines)
    found.values["skip_lines"] = sum(1 for _ in titles)
    if look.is_whole:
        texts = [line for line in map(without_end, look.lines) if line.strip()]
        notes = takewhile(lambda line: is_torn(line, best.dialect.widths), reversed(texts))
        found.values["footer_rows"] = sum(1 for _ in notes)


def decide_delimiter(
    look: Look, best: Candidate | None, sample: Sequence[str], found: Decisions
) -> None:
    if best is None:
        has_comma = any("," in line for lines in (look.lines, *look.further) for line in lines)
        reason = "no delimiter splits the rows: there is one column"
        found.decide("delimiter", "" if has_comma else ",", reason, 0.6)
        return
    delimiter = best.dialect.delimiter
    reason = f"{shown(delimiter)} splits {best.fitting} of {best.rows} rows into {best.width} cells"
    found.decide("delimiter", delimiter, reason, best.score)
    if best.dialect.merge_delimiters and "merge_delimiters" not in look.asked:
        reason = "several spaces stand between cells that are no empty ones"
        found.decide("merge_delimiters", True, reason, best.score)


def decide_quote(best: Candidate, sample: Sequence[str], found: Decisions) -> None:
    quote = best.dialect.quote
    count = sum(quote in line for line in sample) if quote else 0
    if count:
        reason = f"{quote} stands around cells in {count} of {len(sample)} lines"
        if best.mended:
            rows = counted(best.mended, "row")
            reason += f"; in {rows} they do not match, and are read as text"
        found.decide("quote", quote, reason, 1 - best.mended / best.rows)
    if best.dialect.escape:
        found.decide("escape", best.dialect.escape, "quotes within cells have a backslash", 0.8)
    if count and best.dialect.delimiter.strip() and spaced_quotes(best, sample) * 2 > count:
        found.decide("skip_spaces", True, "spaces stand before quotes", 0.9)


def spaced_quotes(best: Candidate, sample: Sequence[str]) -> int:
    """In how many lines spaces stand between a delimiter and a quote that opens a cell."""
    dialect = best.dialect
    find = re.compile(rf"{re.escape(dialect.delimiter)} +{re.escape(dialect.quote)}").finditer
    return sum(
        any(line.count(dialect.quote, 0, found.start()) % 2 == 0 for found in find(line))
        for line in sample
    )


# --- where the table is ------------------------------------------------------------------------
def decide_place(look: Look, dialect: Dialect, found: Decisions) -> None:
    """Decide `skip_lines`, `end_line`, `footer_rows`, `table`, `has_header`, `header_rows`."""
    rows = numbered(look.lines, replace(dialect, skip_lines=0), look.is_whole)
    if not rows.rows:
        raise EmptyFile
    width, _ = modal_width(rows.rows)
    tables = structure.tables_in(rows, width)
    chosen = structure.largest(tables)
    if "table" in look.asked:
        chosen = min(dialect.table, len(tables)) - 1
    table = structure.without_preamble(rows, tables[chosen])
    if "skip_lines" in look.asked or dialect.skip_lines:
        table = from_line(rows, table, dialect.skip_lines)
    decide_tables(tables, chosen, found)
    decide_beginning(rows, table, found)
    decide_end(look, rows, table, is_last=chosen == len(tables) - 1, found=found)
    decide_header(rows.rows[table.first : min(table.last, table.first + HEADER_ROWS)], look, found)


def numbered(lines: Sequence[str], dialect: Dialect, is_whole: bool) -> Numbered:
    parser = TolerantParser(dialect)
    is_all = len(lines) <= SAMPLE_LINES
    first = parsed_sample(lines[:SAMPLE_LINES], dialect, is_whole=is_all)
    width, _ = modal_width(first.rows)
    parsed = parser.parse(lines, width=width, is_last=is_whole)
    is_blank = [not line.strip() for line in lines]
    after_blank = [at > 0 and is_blank[at - 1] for at in parsed.starts]
    return Numbered(parsed.rows, parsed.starts, after_blank)


def from_line(rows: Numbered, table: Table, line: int) -> Table:
    first = next((at for at, start in enumerate(rows.starts) if start >= line), table.first)
    return Table(first, max(table.last, first + 1), table.width)


def decide_tables(tables: Sequence[Table], chosen: int, found: Decisions) -> None:
    if len(tables) < 2:
        return
    others = ", ".join(
        f"table {number} of {counted(table.width, 'column')} and {counted(table.rows, 'row')}"
        for number, table in enumerate(tables, start=1)
        if number != chosen + 1
    )
    reason = f"there are {len(tables)} tables and this has the most rows; the others: {others}"
    found.decide("table", chosen + 1, reason, 0.8)


def decide_beginning(rows: Numbered, table: Table, found: Decisions) -> None:
    line = rows.starts[table.first]
    if table.first:
        above = counted(table.first, "row above the table is", "rows above the table are")
        reason = f"{above} not like those of the table"
        found.decide("skip_lines", line, reason, 0.8)


def decide_end(
    look: Look, rows: Numbered, table: Table, *, is_last: bool, found: Decisions
) -> None:
    if not is_last:
        until = Numbered(rows.rows[: table.last], rows.starts[: table.last], rows.after_blank)
        count = structure.footer_rows(until, table)
        found.values["end_line"] = rows.starts[table.last]
    elif look.is_whole:
        count = structure.footer_rows(rows, table) or found.values.get("footer_rows", 0)
    else:
        tail = numbered(look.further[-1], with_asked(look, found), True) if look.further else None
        count = structure.footer_rows(tail, Table(0, len(tail.rows), table.width)) if tail else 0
    if count:
        last = "last row is" if count == 1 else f"last {count:,} rows are"
        reason = f"the {last} not like those of the table"
        found.decide("footer_rows", count, reason, 0.7)


def decide_header(rows: Sequence[Sequence[str]], look: Look, found: Decisions) -> None:
    lists = [[*row] for row in rows]
    count, reason, confidence = sniff_header_rows(lists)
    if look.known.has_header and "has_header" in look.asked:
        count = count or further_rows(lists)
    found.decide("has_header", count > 0, reason, confidence)
    if count > 1:
        found.decide("header_rows", count, f"the first {count} rows name the columns", 0.7)


def sniff_header(rows: Sequence[Sequence[str]]) -> tuple[bool, str]:
    """Whether the first of `rows` names the columns, and why."""
    count, reason, _ = sniff_header_rows([[*row] for row in rows])
    return count > 0, reason
