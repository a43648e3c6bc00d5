"""DuckDB checks the records that match no pattern."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import numpy as np

from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.lanes import canonical, scan
from apiapp.imports.pipeline.lanes.doubt import Doubtful
from apiapp.imports.pipeline.lanes.local_patterns import form_of
from apiapp.imports.pipeline.lanes.records import BadRow
from apiapp.imports.pipeline.schema import ColumnSpec


class CloseLook:
    """DuckDB checks records cell by cell, as a lane to SQLite does (scan.py)."""

    def __init__(self, columns: Sequence[ColumnSpec], dialect: Dialect) -> None:
        self._width = len(columns)
        self._quote = dialect.quote
        self._file = os.memfd_create("records")
        self._sql = select(columns, dialect, path=f"/proc/self/fd/{self._file}")
        # One path has block after block: nothing of it may be remembered.
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": 1,
            "memory_limit": scan.MEMORY_LIMIT,
            "enable_external_file_cache": False,
        }
        self._duckdb = duckdb.connect(config=config)

    def bad_among(self, records: Sequence[bytes], line_end_bytes: int) -> list[BadRow]:
        """Those that are not canonical: which they are (0 is the first), and their cells.

        Raises Doubtful if not all bytes are in the cells.
        """
        data = b"".join(records)
        rows, weight, found = self._read(data)
        bad = [
            (row["n"] - 1, [cell for cell in row["c"] if cell is not None]) for row in found or ()
        ]
        cells = (rows - len(bad)) * self._width + sum(len(row) for _, row in bad)
        read_bytes = int(weight or 0) + sum(len(cell.encode()) for _, row in bad for cell in row)
        ends = rows * line_end_bytes
        if rows != len(records) or read_bytes + cells - rows + ends + self._marks(data) != len(
            data
        ):
            raise Doubtful("bytes that are in no cell")
        return bad

    def _read(self, data: bytes) -> tuple[int, int | None, list[dict[str, Any]] | None]:
        """How many rows there are, the bytes in the cells of good ones, and the bad ones."""
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, data, 0)
        try:
            rows, weight, bad = self._duckdb.sql(self._sql).fetchall()[0]
        except duckdb.Error as error:
            raise Doubtful(str(error).partition("\n")[0]) from error
        return rows, weight, bad

    def _marks(self, data: bytes) -> int:
        """Quotes that are in no cell: around one, or there to escape another.

        Each stands as RFC 4180 has it: one that follows another within a cell is in the cell.
        """
        if not self._quote:
            return 0
        codes = np.frombuffer(data, np.uint8)
        quotes = np.flatnonzero(codes == ord(self._quote))
        doubled = np.count_nonzero(quotes[1:-1:2] + 1 == quotes[2::2])
        return len(quotes) - int(doubled)


def select(columns: Sequence[ColumnSpec], dialect: Dialect, *, path: str) -> str:
    """SQL for what there is to know of records, in one row: see CloseLook._read."""
    cells = [f"_c{index}" for index in range(len(columns))]
    spare = [f"_x{index}" for index in range(scan.SPARE_CELLS)]
    values = [f"_v{index}" for index in range(len(columns))]
    made = ", ".join(
        f"{canonical.value(column, cell)} as {value}"
        for column, cell, value in zip(columns, cells, values, strict=True)
    )
    are_good = " and ".join(
        [*scan.tests(columns, cells, values, dialect), *not_underflown(columns, cells, values)]
    )
    weight = " + ".join(f"strlen({cell})" for cell in cells)
    row = f"{{'n': _n, 'c': [{', '.join(cells + spare)}]}}"
    return (
        f"select count(*), sum({weight}) filter (where _ok),"  # nosec B608 # names are made here
        f" list({row} order by _n) filter (where not _ok)"
        f" from (select *, coalesce({are_good}, false) as _ok"
        f" from (select *, {made}, row_number() over () as _n"
        f" from {scan.read_csv(cells + spare, dialect, path)}))"
    )


def not_underflown(
    columns: Sequence[ColumnSpec], cells: Sequence[str], values: Sequence[str]
) -> Iterator[str]:
    """What is 0 for want of digits is out of range to PostgreSQL, and 0 here."""
    for column, cell, value in zip(columns, cells, values, strict=True):
        if column.type == "float" and not form_of(column):
            yield f"({cell} = '' or {value} <> 0 or not regexp_matches({cell}, '[eE]'))"
