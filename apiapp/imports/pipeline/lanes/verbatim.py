"""Blocks of which PostgreSQL is given the bytes, nearly as they are, once every cell is checked.

That is sound where both read the same: in a block whose quotes stand as RFC 4180 has them, and
nowhere else.  There, too, the ends of its records are known without reading its cells.  Most
records match a pattern of what is canonical.  Of a few that do not, Python is left to judge; DuckDB
finds those that are canonical among many.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np

from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.lanes.framing import Block
from apiapp.imports.pipeline.lanes.local_patterns import VALUES_BY_KIND, by_kind
from apiapp.imports.pipeline.lanes.records import (
    BadRow,
    Matcher,
    Offsets,
    bounds_between,
    may_be_empty,
    quotes_of,
)
from apiapp.imports.pipeline.lanes.rewriting import Rewriter
from apiapp.imports.pipeline.schema import ColumnSpec

# To plan DuckDB's work on a block costs about what Python needs for so many of its rows.
FEW_RATIO = 0.05
# DuckDB is loaded where it is needed: it takes time, and 40 MiB.
CLOSE_LOOK = "apiapp.imports.pipeline.lanes.close_look"


class Closely(Protocol):
    def bad_among(self, records: Sequence[bytes], line_end_bytes: int) -> list[BadRow]:
        """See CloseLook."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A block that was checked.

    csv: its good rows, the number of each before its cells.  has_empty_quotes: whether there may be
    cells of two quotes alone.  bad: number and cells of the others.
    """

    rows: int
    csv: bytes
    has_empty_quotes: bool
    bad: list[BadRow]


class VerbatimScanner:
    """Checks blocks one by one, all of the same columns and dialect."""

    def __init__(self, columns: Sequence[ColumnSpec], dialect: Dialect) -> None:
        self._columns, self._dialect = columns, dialect
        self._matcher = Matcher(by_kind(columns), dialect, values=VALUES_BY_KIND)
        self._closely: Closely | None = None
        self._rewriter = Rewriter(columns, dialect)

    def scan(self, block: Block, *, rows_before: int) -> Checked:
        """Raises Doubtful."""
        quotes = quotes_of(block.data, self._dialect)
        bounds = bounds_between(block.data, quotes)
        suspects = np.flatnonzero(~self._matcher.matching(block.data, bounds)).tolist()
        records = [block.data[bounds[each] : bounds[each + 1]] for each in suspects]
        if len(records) <= FEW_RATIO * len(bounds):
            bad = dict(zip(suspects, map(self._matcher.cells_of, records), strict=True))
        else:
            found = self._close_look().bad_among(records, block.line_end_bytes)
            bad = {suspects[index]: cells for index, cells in found}
        first, rows = rows_before + 1, len(bounds) - 1
        numbers = np.delete(np.arange(first, first + rows), list(bad))
        return Checked(
            rows=rows,
            csv=self._rewriter.csv(*without(block.data, bounds, bad), numbers),
            has_empty_quotes=may_be_empty(quotes),
            bad=[(first + index, cells) for index, cells in bad.items()],
        )

    def _close_look(self) -> Closely:
        if self._closely is None:
            self._closely = import_module(CLOSE_LOOK).CloseLook(self._columns, self._dialect)
        return self._closely


def without(data: bytes, bounds: Offsets, left_out: Collection[int]) -> tuple[bytes, Offsets]:
    """The records but for those `left_out`, and where they begin and end."""
    if not left_out:
        return data, bounds
    parts, after = [], 0
    for index in sorted(left_out):
        parts.append(data[bounds[after] : bounds[index]])
        after = index + 1
    parts.append(data[bounds[after] :])
    sizes = np.delete(np.diff(bounds), list(left_out))
    return b"".join(parts), np.concatenate(([0], np.cumsum(sizes)), dtype=np.int32)
