"""How a file is written, told from its first bytes, with the reasons; or why it cannot be read."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from apiapp.imports.errors import EmptyFile, NotText, NotUtf8, RecordTooLong
from apiapp.imports.pipeline.dialect import DELIMITERS, QUOTE, Dialect
from apiapp.imports.pipeline.infer import type_of
from apiapp.imports.pipeline.readers import BOM, cut_at_line_end, lines_of

HEAD_BYTES = 1 << 20
SAMPLE_RECORDS = 200
# Among the lines of the head: above it the file is of another kind, below it a few rows are bad.
BAD_LINES_RATIO = 0.1
LEAST_SPLIT_RATIO = 0.5  # of the rows: below it a delimiter only happens to occur in the text

KINDS_OF_FILE = {
    b"PK\x03\x04": "it is a zip archive, as Excel's xlsx is",
    b"PK\x05\x06": "it is an empty zip archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "it is an old Excel or Word file",
    b"\x1f\x8b": "it is compressed with gzip",
    b"BZh": "it is compressed with bzip2",
    b"\xfd7zXZ\0": "it is compressed with xz",
    b"\x28\xb5\x2f\xfd": "it is compressed with zstd",
    b"7z\xbc\xaf\x27\x1c": "it is a 7z archive",
    b"Rar!\x1a\x07": "it is a rar archive",
    b"PAR1": "it is a Parquet file",
    b"ARROW1": "it is an Arrow file",
    b"SQLite format 3\0": "it is an SQLite database",
    b"%PDF-": "it is a PDF",
    b"\x89PNG\r\n\x1a\n": "it is a PNG picture",
    b"\xff\xd8\xff": "it is a JPEG picture",
    b"GIF8": "it is a GIF picture",
    b"\x7fELF": "it is a program",
    b"MZ\x90\0": "it is a program",
}
OTHER_BOMS = {  # UTF-32 before UTF-16, whose mark begins its own
    codecs.BOM_UTF32_LE: "the mark of UTF-32",
    codecs.BOM_UTF32_BE: "the mark of UTF-32",
    codecs.BOM_UTF16_LE: "the mark of UTF-16",
    codecs.BOM_UTF16_BE: "the mark of UTF-16",
}
has_decimal_comma = re.compile(r"[+-]?[0-9]+,[0-9]+").fullmatch


@dataclass(frozen=True, slots=True)
class Sniffed:
    """The dialect, and a sentence for each decision in it."""

    dialect: Dialect
    reasons: dict[str, str]


def sniff(head: bytes, *, is_whole: bool, asked: Mapping[str, Any] | None = None) -> Sniffed:
    """Decide how a file is written.

    `head`: its first HEAD_BYTES; `is_whole`: there are no more.  What is in `asked` is taken as
    it is.  Raises UnreadableFile, or BadDialect for what is asked.
    """
    dialect = Dialect(has_bom=head.startswith(BOM)).changed(asked or {})
    refuse_other_kinds(head)
    sample = text_sample(head, is_whole=is_whole)
    how = "begins with the mark of UTF-8" if dialect.has_bom else "reads as UTF-8 where it begins"
    reasons = {"encoding": f"the file {how}"}
    if "delimiter" not in (asked or {}):
        delimiter, reasons["delimiter"] = sniff_delimiter(sample, is_whole=is_whole)
        dialect = dialect.changed({"delimiter": delimiter})
    if "has_header" not in (asked or {}):
        rows = sample_rows(sample, dialect.delimiter, is_whole=is_whole)
        has_header, reasons["has_header"] = sniff_header(rows)
        dialect = dialect.changed({"has_header": has_header})
    return Sniffed(dialect, reasons)


def refuse_other_kinds(head: bytes) -> None:
    """Raises EmptyFile, NotText or NotUtf8 for what is no UTF-8 text as a whole."""
    if not head.removeprefix(BOM).strip():
        raise EmptyFile
    for magic, what in KINDS_OF_FILE.items():
        if head.startswith(magic):
            raise NotText(found=what)
    for mark, what in OTHER_BOMS.items():
        if head.startswith(mark):
            raise NotUtf8(at_byte=0, found=what)


def text_sample(head: bytes, *, is_whole: bool) -> str:
    """The text of the head's whole lines, invalid bytes as lone surrogates.

    Raises RecordTooLong, NotText, NotUtf8.
    """
    sample = head.removeprefix(BOM) if is_whole else cut_at_line_end(head.removeprefix(BOM))[0]
    if not sample:
        raise RecordTooLong(row_number=0, limit_bytes=len(head))
    lines = sample.splitlines()
    bad = [number for number, line in enumerate(lines) if not is_utf8(line)]
    if bad and (is_first_line(bad[0], lines) or 1 < len(bad) > BAD_LINES_RATIO * len(lines)):
        refuse_bytes(head)
    return lines_of(sample).getvalue()


def is_utf8(line: bytes) -> bool:
    if line.isascii():
        return b"\0" not in line
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in line


def is_first_line(number: int, lines: Sequence[bytes]) -> bool:
    return not any(line.strip() for line in lines[:number])


def refuse_bytes(head: bytes) -> None:
    """Say which bytes of `head` are no UTF-8 text.  Raises NotText or NotUtf8."""
    at_byte = head.find(b"\0")
    if at_byte >= 0:
        if head[:2].count(b"\0") == 1 and head[2:4].count(b"\0") == 1:
            raise NotUtf8(at_byte=at_byte, found="every second byte is 0, as in UTF-16, the first")
        raise NotText(found=f"byte {at_byte} is 0")
    try:
        head.decode()
    except UnicodeDecodeError as error:
        found = f"0x{head[error.start]:02X}"
        raise NotUtf8(at_byte=error.start, found=found) from error


def sample_rows(sample: str, delimiter: str, *, is_whole: bool) -> list[list[str]]:
    """The first records of the sample that are not blank."""
    lines = io.StringIO(sample, newline="")
    reader = csv.reader(lines, delimiter=delimiter, quotechar=QUOTE)
    rows = [row for row in islice(reader, SAMPLE_RECORDS + 1) if row]
    is_cut = len(rows) > SAMPLE_RECORDS or (not is_whole and len(rows) > 1)
    return rows[:-1] if is_cut else rows


def sniff_delimiter(sample: str, *, is_whole: bool) -> tuple[str, str]:
    """The delimiter that splits the most rows alike into clean cells, and why.

    The earlier in DELIMITERS wins among equals.  Where none does, the file has one column, and a
    comma is as good as any.
    """
    best, best_score, reason = ",", 0.0, "no delimiter splits the rows: there is one column"
    for delimiter in DELIMITERS:
        rows = sample_rows(sample, delimiter, is_whole=is_whole)
        width, count = Counter(map(len, rows)).most_common(1)[0]
        split_ratio = count / len(rows)
        if width < 2 or split_ratio < LEAST_SPLIT_RATIO:
            continue
        score = split_ratio * clean_ratio(rows, delimiter)
        if len(rows[0]) != width:
            score /= 2
        if score > best_score:
            best, best_score = delimiter, score
            reason = f"{delimiter!r} splits {count} of {len(rows)} rows into {width} cells"
    return best, reason


def clean_ratio(rows: Sequence[Sequence[str]], delimiter: str) -> float:
    """How many of the cells have none of the other delimiters in them, from 0.5 to 1.

    A decimal comma is none.
    """
    others = [other for other in DELIMITERS if other != delimiter]
    cells = [cell for row in rows for cell in row]
    clean = sum(
        not any(other in cell for other in others) or bool(has_decimal_comma(cell))
        for cell in cells
    )
    return 0.5 + clean / len(cells) / 2


def sniff_header(rows: Sequence[Sequence[str]]) -> tuple[bool, str]:
    """Whether the first of `rows` names the columns, and why.

    Each column votes: for a header if its first cell does not fit the type of those below, against
    it if it does, or if it comes again below.
    """
    first, body = rows[0], rows[1:]
    votes = [vote(cell, below(body, index)) for index, cell in enumerate(first)]
    if sum(votes) > 0:
        return True, f"the first row does not fit the types below it in {votes.count(1)} columns"
    if sum(votes) < 0:
        return False, f"the first row is like the rows below it in {votes.count(-1)} columns"
    named = [cell for cell in first if cell]
    are_names = all(type_of([cell]) == "text" or is_year(cell) for cell in named)
    if named and are_names and len(set(named)) == len(named):
        return True, "the first row has distinct words only"
    return False, "the first row has no names of columns"


def below(body: Sequence[Sequence[str]], index: int) -> list[str]:
    return [row[index] for row in body if len(row) > index and row[index]]


def vote(first: str, cells: Sequence[str]) -> int:
    if not first or not cells or is_year(first):
        return 0
    if type_of(cells) == "text":
        return -1 if first in cells else 0
    return 1 if type_of([first, *cells]) == "text" else -1


def is_year(cell: str) -> bool:
    """Years head the columns of many tables, and prove nothing."""
    return len(cell) == 4 and cell.isdecimal() and "1800" <= cell <= "2200"
