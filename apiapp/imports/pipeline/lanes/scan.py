"""DuckDB reads and checks a block of records.

Told the dialect it splits records several times faster than Python, yet it is lenient in places:
it drops blank lines, spaces around quotes, what follows the quote at a block's end.  So every
byte of a block has to be found again in its cells, or the block is doubted.
"""

import os
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import duckdb
import pyarrow as pa
from pyarrow.compute import binary_length

from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.lanes import canonical
from apiapp.imports.pipeline.lanes.canonical import literal, quoted
from apiapp.imports.pipeline.lanes.doubt import Doubtful
from apiapp.imports.pipeline.lanes.framing import Block
from apiapp.imports.pipeline.lanes.records import RECORD_LIMIT_BYTES
from apiapp.imports.pipeline.lanes.scanned import ROW, Scanned
from apiapp.imports.pipeline.schema import ColumnSpec

MEMORY_LIMIT = "128MB"
BATCH_ROWS = 20_000
SPARE_CELLS = 8  # read of a row that has too many
RAW, WEIGHT = "_raw", "_weight"


class Scanner:
    """Reads blocks one by one, all of the same columns and dialect."""

    def __init__(self, columns: Sequence[ColumnSpec], dialect: Dialect) -> None:
        self._dialect = dialect
        self._width = len(columns)
        self._unchanged = {each.name: each.type for each in columns if is_weighed_whole(each)}
        self._file = os.memfd_create("block")
        self._sql = select(columns, dialect, path=f"/proc/self/fd/{self._file}")
        # One path has block after block: nothing of it may be remembered.
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": 1,
            "memory_limit": MEMORY_LIMIT,
            "enable_external_file_cache": False,
        }
        self._duckdb = duckdb.connect(config=config)

    def scan(self, block: Block, *, rows_before: int) -> Scanned:
        """Raises Doubtful."""
        scanned, weight = Scanned(rows=0), 0
        for batch in self._read(block):
            weight += self._sort(batch, scanned, rows_before=rows_before + scanned.rows)
            scanned.rows += batch.num_rows
        cells = sum(len(cells) for _, cells in scanned.bad)
        cells += (scanned.rows - len(scanned.bad)) * self._width
        ends = scanned.rows * block.line_end_bytes
        if weight + (cells - scanned.rows) + ends != len(block.data) - block.quotes:
            raise Doubtful("bytes that are in no cell")
        return scanned

    def _read(self, block: Block) -> list[pa.RecordBatch]:
        """Raises Doubtful."""
        os.pwrite(self._file, block.data, 0)
        os.ftruncate(self._file, len(block.data))
        try:
            # Planned anew, which costs as much as 10,000 rows: a relation that is kept reads slower.
            return list(self._duckdb.sql(self._sql).to_arrow_reader(BATCH_ROWS))
        except duckdb.Error as error:
            raise Doubtful(str(error).partition("\n")[0]) from error

    def _sort(self, batch: pa.RecordBatch, scanned: Scanned, *, rows_before: int) -> int:
        """Put the rows of `batch` where they belong; return how many bytes their cells have,
        without quotes.
        """
        raw, weight = batch.column(RAW), total(batch.column(WEIGHT))
        good = batch.drop_columns([RAW, WEIGHT])
        numbers = pa.arange(rows_before + 1, rows_before + batch.num_rows + 1)
        if raw.null_count < batch.num_rows:
            is_bad, is_good = raw.is_valid(), raw.is_null()
            bad = zip(
                numbers.filter(is_bad).to_pylist(), raw.filter(is_bad).to_pylist(), strict=True
            )
            for number, cells in bad:
                there = [cell for cell in cells if cell is not None]
                scanned.bad.append((number, there))
                weight += sum(map(self._weight_of, there))
            good, numbers = good.filter(is_good), numbers.filter(is_good)
        scanned.good.append(good.add_column(0, ROW, numbers))
        return weight + sum(
            self._weight_in(good.column(name), type_) for name, type_ in self._unchanged.items()
        )

    def _weight_in(self, cells: pa.StringArray, type_: str) -> int:
        """Of all cells of a column."""
        size_bytes = total(binary_length(cells))
        may_have_quotes = self._dialect.quote and type_ == "text"
        if not may_have_quotes or not (data := cells.buffers()[2]):
            return size_bytes
        return size_bytes - data.to_pybytes().count(self._dialect.quote.encode())

    def _weight_of(self, cell: str) -> int:
        quote = self._dialect.quote
        return len(cell.encode()) - (cell.count(quote) if quote else 0)


def total(counts: Any) -> int:
    return int(counts.sum().as_py() or 0)


# --- the statement -------------------------------------------------------------------------------
def select(columns: Sequence[ColumnSpec], dialect: Dialect, *, path: str) -> str:
    """SQL for the rows of a block, in their order: values; then the raw cells of bad rows alone,
    and how many bytes the cells of good ones have whose values are written in another way.
    No name of a column begins with "_".

    A condition of CASE is asked of a row only until it is decided, others always as a whole.
    """
    cells = [f"_c{index}" for index in range(len(columns))]
    spare = [f"_x{index}" for index in range(SPARE_CELLS)]
    values = [f"_v{index}" for index in range(len(columns))]
    made = ", ".join(
        f"{canonical.value(column, cell)} as {value}"
        for column, cell, value in zip(columns, cells, values, strict=True)
    )
    named = "".join(
        f"{value} as {quoted(column.name)}, "
        for column, value in zip(columns, values, strict=True)
        if column.name
    )
    are_good = " and ".join(tests(columns, cells, values, dialect))
    return (
        f"select {named}"  # nosec B608 # names are quoted
        f" case when not _ok then [{', '.join(cells + spare)}] end as {RAW},"
        f" case when _ok then {weight(columns, cells, dialect.quote)} end as {WEIGHT}"
        f" from (select *, case when {are_good} then true else false end as _ok"
        f" from (select *, {made} from {read_csv(cells + spare, dialect, path)}))"
    )


def tests(
    columns: Sequence[ColumnSpec], cells: Sequence[str], values: Sequence[str], dialect: Dialect
) -> list[str]:
    """What makes a row good: its width, then each cell."""
    found = [f"{cells[-1]} is not null and _x0 is null"]
    for column, cell, value in zip(columns, cells, values, strict=True):
        found.append(canonical.test(column, cell, value))
        if column.type == "text":
            found.append(unsuspected(cell, dialect.delimiter, len(columns)))
    return found


def unsuspected(cell: str, delimiter: str, width: int) -> str:
    """A cell that cannot have swallowed whole rows: what parsing.BlockParser suspects, and more.

    It would have a line end, and no block has a CR without LF: most cells are asked for it alone.
    """
    rows_within = f"strlen({cell}) - strlen(replace({cell}, {literal(delimiter)}, ''))"
    return (
        f"case when not contains({cell}, chr(10)) or strlen({cell}) < {width} then true else"
        f" not ascii({cell}) in (10, 13, {ord(delimiter)})"
        f" and not ({cell} like '%\n%\n%\n%' and {rows_within} >= {2 * (width - 1)}) end"
    )


def is_weighed_whole(column: ColumnSpec) -> bool:
    """Whether all its bytes are in the values."""
    return bool(column.name) and canonical.is_unchanged(column)


def weight(columns: Sequence[ColumnSpec], cells: Sequence[str], quote: str) -> str:
    """Of text that is not loaded only quotes count for nothing; no other type can have them."""
    mark = literal(quote)
    sizes = [
        f"strlen(replace({cell}, {mark}, ''))" if column.type == "text" else f"strlen({cell})"
        for column, cell in zip(columns, cells, strict=True)
        if not is_weighed_whole(column)
    ]
    return " + ".join(sizes) or "0"


def read_csv(names: Sequence[str], dialect: Dialect, path: str) -> str:
    """A cell that is not there is NULL, an empty one is empty.

    Without `new_line`: told "\\r\\n" beside `null_padding`, DuckDB 2.0 joins rows.
    """
    types = ", ".join(f"{name}: 'VARCHAR'" for name in names)
    quote = literal(dialect.quote)
    return (
        f"read_csv({literal(path)}, auto_detect=false, header=false, strict_mode=true,"
        f" delim={literal(dialect.delimiter)}, quote={quote}, escape={quote}, comment='',"
        f" nullstr={literal(uuid4().hex)}, columns={{{types}}}, null_padding=true, parallel=false,"
        f" max_line_size={RECORD_LIMIT_BYTES})"
    )
