"""Arrow batches into a table of SQLite, by ADBC.

ADBC brings an SQLite library of its own.  Two of them in one process on one file would take each
other's locks away (https://www.sqlite.org/howtocorrupt.html, "Multiple copies of SQLite linked
into the same application"): only a process that opens the file in no other way may use this.
"""

import time
from collections.abc import Sequence

import adbc_driver_manager as adbc
import adbc_driver_sqlite
import pyarrow as pa

from apiapp.imports.pipeline.lanes.canonical import quoted
from apiapp.imports.pipeline.lanes.scanned import ROW, Scanned
from apiapp.imports.pipeline.lanes.sqlite_log import LogCopier

BUSY_TIMEOUT_MS = 20_000
# As the rest of a load: only the transaction that makes the rows visible waits for the disk, and
# it waits for all before.  The log is copied by another connection (sqlite_log.py).  A small cache:
# rows are appended, and no page is needed again.
PRAGMAS = (
    f"busy_timeout = {BUSY_TIMEOUT_MS}",
    "synchronous = NORMAL",
    "cache_size = -4000",
    "wal_autocheckpoint = 0",
)
# Other writers look for the lock ten times a second: they find it free now and then.
HELD_LIMIT_S, PAUSE_S = 0.5, 0.025


class SqliteSink:
    """Appends to one table; a commit for each block, so nobody waits for long."""

    def __init__(self, *, path: str, table: str, import_id: int, columns: Sequence[str]) -> None:
        names = ", ".join(map(quoted, [ROW, *columns]))
        places = ", ".join("?" * (1 + len(columns)))
        self._insert_sql = (
            f"INSERT INTO {quoted(table)} (_import, {names})"  # nosec B608 # names are quoted
            f" VALUES ({import_id}, {places})"
        )
        # The path to a wheel's library is found by no other, public way without pandas.
        driver = adbc_driver_sqlite._driver_path()
        self._database = adbc.AdbcDatabase(driver=driver, uri=path)
        self._connection, self._copying = self._connected(), self._connected()
        self._page_bytes = answer(self._connection, "PRAGMA page_size")
        self._connection.set_autocommit(False)
        self._log = LogCopier(self._checkpoint)
        self._held_s = 0.0

    def store(self, scanned: Scanned) -> None:
        """Commit the good rows of a block."""
        if any(batch.num_rows for batch in scanned.good):
            started_at_s = time.monotonic()
            self._insert(scanned.good)
            self._connection.commit()
            self._held_s += time.monotonic() - started_at_s
            self._log.wrote(sum(batch.nbytes for batch in scanned.good) / self._page_bytes)
        if self._held_s > HELD_LIMIT_S:
            time.sleep(PAUSE_S)
            self._held_s = 0.0

    def close(self) -> None:
        self._log.close()
        self._connection.rollback()
        for connection in (self._copying, self._connection):
            connection.close()
        self._database.close()

    def _connected(self) -> adbc.AdbcConnection:
        connection = adbc.AdbcConnection(self._database)
        for pragma in PRAGMAS:
            answer(connection, f"PRAGMA {pragma}")
        return connection

    def _insert(self, batches: Sequence[pa.RecordBatch]) -> None:
        statement = adbc.AdbcStatement(self._connection)
        try:
            statement.set_sql_query(self._insert_sql)
            statement.prepare()
            reader = pa.Table.from_batches(batches).to_reader()
            statement.bind_stream(reader.__arrow_c_stream__())
            statement.execute_update()
        finally:
            statement.close()

    def _checkpoint(self) -> int:
        """PASSIVE waits for nobody: https://www.sqlite.org/pragma.html#pragma_wal_checkpoint."""
        return answer(self._copying, "PRAGMA wal_checkpoint(PASSIVE)", column=1)


def answer(connection: adbc.AdbcConnection, sql: str, *, column: int = 0) -> int:
    """A number from the first row of what `sql` gives; 0 without any."""
    statement = adbc.AdbcStatement(connection)
    try:
        statement.set_sql_query(sql)
        stream, _ = statement.execute_query()
        table = pa.RecordBatchReader._import_from_c(stream.address).read_all()
        return int(table.column(column)[0].as_py()) if table.num_rows else 0
    finally:
        statement.close()
