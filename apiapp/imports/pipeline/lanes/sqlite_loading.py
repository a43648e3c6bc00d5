"""From a file to a table of SQLite: a thread judges blocks, one reads their cells, one stores."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from importlib import import_module
from typing import Any

import adbc_driver_manager

from apiapp.imports.pipeline import dialect as dialects
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.lanes.doubt import Doubtful
from apiapp.imports.pipeline.lanes.framing import Block
from apiapp.imports.pipeline.lanes.loading import BlockScanner, Tell, read_ahead, steps
from apiapp.imports.pipeline.lanes.matched import FEW_RATIO, Matched, MatchedScanner
from apiapp.imports.pipeline.lanes.scanned import Scanned
from apiapp.imports.pipeline.lanes.sqlite_sink import SqliteSink
from apiapp.imports.pipeline.schema import ColumnSpec, from_dicts

# DuckDB is loaded where it is needed: it takes longer than to read a small file.
CLOSE_SCANNER = "apiapp.imports.pipeline.lanes.scan"


def load(job: Mapping[str, Any], *, tell: Tell) -> None:
    columns, dialect = from_dicts(job["columns"]), dialects.from_dict(job["dialect"])
    scanner = SqliteScanner(columns, dialect)
    sink = SqliteSink(
        path=job["database"],
        table=job["table"],
        import_id=job["import_id"],
        columns=[column.name for column in columns if column.name],
    )
    try:
        with closing(sink):
            rows = 0
            judged = read_ahead(steps(job, scanner))
            read = ((scanner.read(found), done_bytes) for found, done_bytes in judged)
            for scanned, done_bytes in read_ahead(read):
                sink.store(scanned)
                rows += scanned.rows
                if not tell({"done": done_bytes, "rows": rows, "bad": scanned.bad}):
                    return
            # Nobody waits for the log, nor for this process: it may be ended at any moment.
            tell({"end": True})
    except Doubtful as error:
        tell({"doubt": str(error)})
    except adbc_driver_manager.Error as error:
        tell({"error": str(error)})


class SqliteScanner:
    """Reads blocks one by one: by a pattern, and where that does not fit by DuckDB."""

    def __init__(
        self, columns: Sequence[ColumnSpec], dialect: Dialect, *, few_ratio: float = FEW_RATIO
    ) -> None:
        """few_ratio: see MatchedScanner."""
        self._columns, self._dialect = columns, dialect
        self._matched = MatchedScanner(columns, dialect, few_ratio=few_ratio)
        self._closely: BlockScanner[Scanned] | None = None

    def scan(self, block: Block, *, rows_before: int) -> Matched | Scanned:
        """Judge a block.  Raises Doubtful."""
        found = self._matched.scan(block, rows_before=rows_before)
        return found or self._close_look().scan(block, rows_before=rows_before)

    def read(self, judged: Matched | Scanned) -> Scanned:
        return self._matched.read(judged) if isinstance(judged, Matched) else judged

    def _close_look(self) -> BlockScanner[Scanned]:
        if self._closely is None:
            scan = import_module(CLOSE_SCANNER)
            self._closely = scan.Scanner(self._columns, self._dialect)
        return self._closely
