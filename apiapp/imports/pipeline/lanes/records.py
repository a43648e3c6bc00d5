"""Where the records of a block begin, and which of them are canonical for sure.

Both without DuckDB: where the quotes stand as RFC 4180 has them, the ends of records are known
without reading cells, and a pattern tells of nearly all records that a lane may take them.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from apiapp.imports.pipeline.check import UNIQUE_LIMIT_CHARS
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.lanes.doubt import Doubtful
from apiapp.imports.pipeline.lanes.patterns import VALUES, row_pattern
from apiapp.imports.pipeline.schema import ColumnSpec

RECORD_LIMIT_BYTES = 1 << 19  # half of what parsing.py takes for a stray quote
LINE_END = 10
# A text without quotes is read as CSV whose quote never comes.
NO_QUOTE = "\x01"

BadRow = tuple[int, list[str]]
Offsets = NDArray[np.int32]
Places = NDArray[np.intp]


class Matcher:
    """Tells of records, all of the same columns and dialect, whether a pattern fits."""

    def __init__(
        self,
        columns: Sequence[ColumnSpec],
        dialect: Dialect,
        *,
        values: Mapping[str, str] = VALUES,
    ) -> None:
        """values: as patterns.row_pattern takes them."""
        self._csv = csv_options(dialect)
        self._pattern = row_pattern(columns, dialect, values=values)
        self._limit_bytes = matched_limit_bytes(columns)

    @property
    def has_pattern(self) -> bool:
        """False: no record will be found to fit."""
        return self._pattern is not None

    def matching(self, data: bytes, bounds: Offsets) -> NDArray[np.bool_]:
        """Which records are canonical for sure.  Raises Doubtful."""
        buffers = [None, pa.py_buffer(bounds), pa.py_buffer(data)]
        records = pa.BinaryArray.from_buffers(pa.binary(), len(bounds) - 1, buffers)
        try:
            records.cast(pa.string())
        except pa.ArrowInvalid as error:
            raise Doubtful("bytes that are no text") from error
        if self._pattern is None:
            return np.zeros(len(records), np.bool_)
        matches = pc.match_substring_regex(records, self._pattern)
        # `to_numpy` would load pandas where it is installed.
        bits = np.frombuffer(matches.buffers()[1], np.uint8)
        is_match = np.unpackbits(bits, count=len(records), bitorder="little").view(np.bool_)
        return is_match & (np.diff(bounds) <= self._limit_bytes)

    def cells_of(self, record: bytes) -> list[str]:
        """Of one record, as Python reads it.  Raises Doubtful."""
        lines = io.StringIO(record.decode(), newline="")
        try:
            rows = list(csv.reader(lines, strict=True, **self._csv))
        except csv.Error as error:
            raise Doubtful(str(error)) from error
        if len(rows) != 1 or not rows[0]:
            raise Doubtful("a blank line")
        return rows[0]


def csv_options(dialect: Dialect) -> dict[str, Any]:
    quoting = {"quotechar": dialect.quote} if dialect.quote else {"quoting": csv.QUOTE_NONE}
    return {"delimiter": dialect.delimiter, **quoting}


def matched_limit_bytes(columns: Sequence[ColumnSpec]) -> int:
    """Longer records are not for a pattern, which would not count characters."""
    has_limit = any(column.unique and column.type == "text" for column in columns)
    return UNIQUE_LIMIT_CHARS if has_limit else RECORD_LIMIT_BYTES


# --- the bytes --------------------------------------------------------------------------------------
def bounds_of(data: bytes, dialect: Dialect) -> Offsets:
    """Where the records begin and the last one ends.  Raises Doubtful, as quotes_of."""
    return bounds_between(data, quotes_of(data, dialect))


def bounds_between(data: bytes, quotes: Places) -> Offsets:
    """bounds_of, where the quotes are known."""
    line_ends = np.flatnonzero(np.frombuffer(data, np.uint8) == LINE_END)
    if len(quotes):
        line_ends = line_ends[np.searchsorted(quotes, line_ends) % 2 == 0]
    return np.concatenate(([0], line_ends + 1), dtype=np.int32, casting="unsafe")


def quotes_of(data: bytes, dialect: Dialect) -> Places:
    """Where the quotes are.

    Raises Doubtful where one is neither around a cell nor doubled within one.
    """
    mark = (dialect.quote or NO_QUOTE).encode()
    if mark not in data:
        return np.empty(0, np.intp)
    if not dialect.quote:
        raise Doubtful("a control character that PostgreSQL would take for a quote")
    codes = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(codes == ord(mark))
    require_around_cells(codes, quotes, dialect)
    return quotes


def may_be_empty(quotes: Places) -> bool:
    """Whether a cell may be of nothing but its quotes."""
    return bool((quotes[1::2] - quotes[::2] == 1).any())


def require_around_cells(codes: NDArray[np.uint8], quotes: Places, dialect: Dialect) -> None:
    """Raises Doubtful."""
    opening, closing = quotes[::2], quotes[1::2]
    beside = [ord(dialect.delimiter), ord(dialect.quote), LINE_END]
    # What is before the first byte is the last one: a line end too.
    if not (
        len(opening) == len(closing)
        and are_among(codes[opening - 1], beside)
        and are_among(codes[closing + 1], [*beside, ord("\r")])
    ):
        raise Doubtful("quotes within a cell that is not quoted")


def are_among(codes: NDArray[np.uint8], expected: Sequence[int]) -> bool:
    is_expected = np.zeros(256, np.bool_)
    is_expected[expected] = True
    return bool(is_expected[codes].all())
