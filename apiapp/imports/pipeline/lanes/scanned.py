"""What came of reading a block for SQLite."""

from dataclasses import dataclass, field

import pyarrow as pa

from apiapp.imports.pipeline.lanes.records import BadRow

ROW = "_id"


@dataclass(slots=True)
class Scanned:
    """A block that was read.

    good: rows to load, in Arrow: ROW and the columns that are loaded.  bad: number and cells of all
    others.
    """

    rows: int
    good: list[pa.RecordBatch] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
