"""Records from all over a file: all of a small one, places spread over a large one."""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.readers import (
    CELL_LIMIT_CHARS,
    DelimitedReader,
    cut_at_line_end,
    lines_of,
)

WHOLE_BYTES = 16 << 20  # a file up to this size is read whole
HEAD_BYTES = 4 << 20
PLACES = 16
PLACE_BYTES = 256 << 10
FITTING_RATIO = 0.9  # of the records of a place, or it was cut out wrongly

Rows = list[list[str]]


def sample_records(
    file: BinaryIO, *, size_bytes: int, dialect: Dialect, width: int
) -> Iterator[Rows]:
    """Batches of records of `width` cells, from the head and then from places over the file.

    Raises UnreadableFile for what the head, or the whole of a small file, has.
    """
    reader = DelimitedReader(file, dialect)
    read_to = size_bytes if size_bytes <= WHOLE_BYTES else HEAD_BYTES
    for records in reader.batches():
        yield fitting(records.rows, width)
        if reader.bytes_read > read_to:
            break
    for at_byte in places(size_bytes):
        file.seek(at_byte)
        yield place_records(file.read(PLACE_BYTES), dialect=dialect, width=width)


def places(size_bytes: int) -> list[int]:
    """Where to look beyond the head, evenly up to the end; nowhere in a small file."""
    if size_bytes <= WHOLE_BYTES:
        return []
    span = size_bytes - HEAD_BYTES - PLACE_BYTES
    return [HEAD_BYTES + span * number // (PLACES - 1) for number in range(PLACES)]


def place_records(place: bytes, *, dialect: Dialect, width: int) -> Rows:
    """The records of `width` cells in bytes cut out of a file anywhere.

    The cut may be inside a quoted cell, where everything reads the other way round: both ways are
    tried, and the one that fits better is believed if it fits well.
    """
    text = lines_of(cut_at_line_end(place)[0]).getvalue()
    ways = (whole_records(start + text, dialect) for start in ("", dialect.quote))
    rows = max(ways, key=lambda way: (fitting_ratio(way, width), -quotes_in(way, dialect)))
    return fitting(rows, width) if fitting_ratio(rows, width) > FITTING_RATIO else []


def fitting(rows: Rows, width: int) -> Rows:
    return [row for row in rows if len(row) == width]


def fitting_ratio(rows: Rows, width: int) -> float:
    return len(fitting(rows, width)) / (len(rows) or 1)


def quotes_in(rows: Rows, dialect: Dialect) -> int:
    """Quotes that were taken as text: read the wrong way round, there are more of them."""
    return sum(cell.count(dialect.quote) for row in rows for cell in row)


def whole_records(text: str, dialect: Dialect) -> Rows:
    """The records of `text` but the first, which began before it, and the last, cut likewise."""
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote)
    assert len(text) <= CELL_LIMIT_CHARS
    return [row for row in reader if row][1:-1]
