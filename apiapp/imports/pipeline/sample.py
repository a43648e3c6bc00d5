"""Records from all over a file: all of a small one, places spread over a large one."""

from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.lines import cut_text, lines_of
from apiapp.imports.pipeline.parsing import csv_reader, is_csv
from apiapp.imports.pipeline.readers import DelimitedReader
from apiapp.imports.pipeline.sniffing.encoding import as_text
from apiapp.imports.pipeline.tolerant import TolerantParser

WHOLE_BYTES = 16 << 20  # a file up to this size is read whole
HEAD_BYTES = 2 << 20
PLACES = 24
PLACE_BYTES = 96 << 10
TRIED_CHARS = 16 << 10  # of a place, to see how it is read
FITTING_RATIO = 0.9  # of the records of a place, or it was cut out wrongly

Rows = list[list[str]]


class LookedEnough(Exception):
    """There is more of the file, and it is not looked at."""


class Beginning:
    """The first bytes of an open file, which is at its start; LookedEnough is raised behind them.

    So a file of blank lines, or of one cell in many, is no longer looked at than another.
    """

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self._file, self._left = file, size_bytes

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int, /) -> bytes:
        if self._left <= 0:
            raise LookedEnough
        self._left -= size
        return self._file.read(size)


def sample_records(
    file: BinaryIO, *, size_bytes: int, dialect: Dialect, width: int
) -> Iterator[Rows]:
    """Batches of records of `width` cells, from the head and then from places over the file.

    Raises UnreadableFile for what the head, or the whole of a small file, has.
    """
    read_to = WHOLE_BYTES if size_bytes <= WHOLE_BYTES else HEAD_BYTES
    reader = DelimitedReader(Beginning(file, read_to + 1), dialect)
    with suppress(LookedEnough):
        for records in reader.batches():
            yield fitting(records.rows, width)
    for at_byte in places(size_bytes):
        file.seek(at_byte)
        yield place_records(file.read(PLACE_BYTES), dialect=dialect, width=width)


def places(size_bytes: int) -> list[int]:
    """Where to look beyond the head, evenly up to the end; nowhere in a small file."""
    if size_bytes <= WHOLE_BYTES:
        return []
    span = size_bytes - HEAD_BYTES - PLACE_BYTES
    return [(HEAD_BYTES + span * number // (PLACES - 1)) // 4 * 4 for number in range(PLACES)]


def place_records(place: bytes, *, dialect: Dialect, width: int) -> Rows:
    """The records of `width` cells in bytes cut out of a file anywhere.

    The cut may be inside a quoted cell, where everything reads the other way round: both ways are
    tried with the first lines, and the one that fits better is believed if all fits well.
    """
    text = cut_text(as_text(place, dialect.encoding))[0]
    for start in likely_starts(text, dialect, width):
        rows = whole_records(start + text, dialect, width)
        if fitting_ratio(rows, width) > FITTING_RATIO:
            return fitting(rows, width)
    return []


def likely_starts(text: str, dialect: Dialect, width: int) -> list[str]:
    """What to read before a text that was cut out of a file, the likelier first."""
    if not dialect.quote:
        return [""]
    first = cut_text(text[:TRIED_CHARS])[0]

    def rating(start: str) -> tuple[float, int]:
        rows = whole_records(start + first, dialect, width)
        return fitting_ratio(rows, width), -quotes_in(rows, dialect)

    return sorted(("", dialect.quote), key=rating, reverse=True)


def fitting(rows: Rows, width: int) -> Rows:
    return [row for row in rows if len(row) == width]


def fitting_ratio(rows: Rows, width: int) -> float:
    return len(fitting(rows, width)) / (len(rows) or 1)


def quotes_in(rows: Rows, dialect: Dialect) -> int:
    """Quotes that were taken as text: read the wrong way round, there are more of them."""
    return sum("".join(row).count(dialect.quote) for row in rows) if dialect.quote else 0


def whole_records(text: str, dialect: Dialect, width: int) -> Rows:
    """The records of `text` but the first, which began before it, and the last, cut likewise."""
    lines = lines_of(text, dialect.line_end)
    if is_csv(dialect):  # nothing is mended: it must show where the cut is inside a quoted cell
        return [row for row in csv_reader(lines, dialect, strict=False) if row][1:-1]
    return TolerantParser(dialect).parse(lines, width=width, is_last=True).rows[1:-1]
