"""Blocks of which nearly all records match a pattern, as Arrow: what SQLite is given.

Arrow's own reader of CSV splits and converts several times faster than DuckDB, but it judges
nothing: it is given records alone that were found to be canonical.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from apiapp.imports.pipeline.convert import BOOLEANS, TRUE
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.lanes.doubt import Doubtful
from apiapp.imports.pipeline.lanes.framing import Block
from apiapp.imports.pipeline.lanes.patterns import VALUES
from apiapp.imports.pipeline.lanes.records import BadRow, Matcher, Offsets, bounds_of
from apiapp.imports.pipeline.lanes.scanned import ROW, Scanned
from apiapp.imports.pipeline.schema import ColumnSpec

# SQLite has a decimal as a double: no more than canonical.DOUBLE_CHARS of them.
DECIMAL = r"-?(?:[0-9]{1,9}(?:\.[0-9]{1,4})?|[0-9]{1,3}\.[0-9]{1,10})"
# Of more of them Python judges longer than DuckDB reads the block.
FEW_RATIO = 0.05
# Of more columns a pattern is slow to follow.
COLUMNS_LIMIT = 100
TIMESTAMP_CHARS = 19
TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.float64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.string(),
    "timestamp": pa.string(),
    "uuid": pa.string(),
}
WORDS = {spelt: word for word in BOOLEANS if word for spelt in (word, word.upper())}

Indices = NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True)
class Matched:
    """A block of which every record is judged, and none is split into cells yet but the bad ones.

    data: the records that match, and `numbers` theirs.
    """

    rows: int
    data: bytes
    numbers: Indices
    bad: list[BadRow]


class MatchedScanner:
    """Reads blocks one by one, all of the same columns and dialect."""

    def __init__(
        self, columns: Sequence[ColumnSpec], dialect: Dialect, *, few_ratio: float = FEW_RATIO
    ) -> None:
        """few_ratio: of a block's records, how many may match nothing."""
        self._few_ratio = few_ratio
        self._dialect = dialect
        loaded = [column for column in columns if column.name]
        is_narrow = loaded and len(columns) <= COLUMNS_LIMIT
        matcher = Matcher(columns, dialect, values=VALUES | {"decimal": DECIMAL})
        self._matcher = matcher if is_narrow and matcher.has_pattern else None
        self._names = [column.name or f"_{index}" for index, column in enumerate(columns)]
        self._parse = csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quote or False,
            newlines_in_values=True,
        )
        self._convert = csv.ConvertOptions(
            check_utf8=False,  # the matcher has
            column_types={column.name: TYPES[column.type] for column in loaded},
            include_columns=[column.name for column in loaded],
            null_values=[""],
            strings_can_be_null=True,
            true_values=[spelt for spelt, word in WORDS.items() if BOOLEANS[word] == TRUE],
            false_values=[spelt for spelt, word in WORDS.items() if BOOLEANS[word] != TRUE],
        )
        self._timestamps = [column.name for column in loaded if column.type == "timestamp"]

    def scan(self, block: Block, *, rows_before: int) -> Matched | None:
        """None where DuckDB has to look at the block."""
        if self._matcher is None:
            return None
        try:
            bounds = bounds_of(block.data, self._dialect)
            suspects = np.flatnonzero(~self._matcher.matching(block.data, bounds))
            if len(suspects) > self._few_ratio * len(bounds):
                return None
            records = (block.data[bounds[at] : bounds[at + 1]] for at in suspects)
            bad = list(map(self._matcher.cells_of, records))
        except Doubtful:
            return None
        first, rows = rows_before + 1, len(bounds) - 1
        numbers = np.delete(np.arange(first, first + rows, dtype=np.int64), suspects)
        return Matched(
            rows=rows,
            data=without(block.data, bounds, suspects),
            numbers=numbers,
            bad=list(zip((first + suspects).tolist(), bad, strict=True)),
        )

    def read(self, matched: Matched) -> Scanned:
        good = self._batches(matched.data, matched.numbers) if matched.data else []
        return Scanned(rows=matched.rows, good=good, bad=matched.bad)

    def _batches(self, data: bytes, numbers: Indices) -> list[pa.RecordBatch]:
        how = csv.ReadOptions(use_threads=False, column_names=self._names, block_size=len(data))
        table = csv.read_csv(
            pa.BufferReader(data),
            read_options=how,
            parse_options=self._parse,
            convert_options=self._convert,
        )
        for name in self._timestamps:
            at = table.column_names.index(name)
            table = table.set_column(at, name, with_space(table.column(name)))
        return table.add_column(0, ROW, as_arrow(numbers)).to_batches()


def as_arrow(numbers: Indices) -> pa.Int64Array:
    """Without `pa.array`, which loads pandas where it is installed."""
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])


def with_space(timestamps: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without `T` and `Z`."""
    is_written_so = pc.min_max(pc.binary_length(timestamps))
    has_other_length = is_written_so["max"].as_py() not in (None, TIMESTAMP_CHARS)
    if not has_other_length and not pc.any(pc.match_substring(timestamps, "T")).as_py():
        return timestamps
    return pc.utf8_slice_codeunits(
        pc.replace_substring(timestamps, "T", " "), 0, stop=TIMESTAMP_CHARS
    )


def without(data: bytes, bounds: Offsets, left_out: Indices) -> bytes:
    """The records but for some, by their indices."""
    if not len(left_out):
        return data
    view, ends = memoryview(data), [-1, *left_out.tolist(), len(bounds) - 1]
    return b"".join(view[bounds[before + 1] : bounds[at]] for before, at in pairwise(ends))
