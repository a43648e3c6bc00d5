"""CSV into a table of PostgreSQL, by COPY over connections that are used at the same time.

One connection is one process of the server: two take two of its cores.
"""

from collections.abc import Sequence
from queue import SimpleQueue

import psycopg
from psycopg import sql

from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.lanes.local_patterns import date_order
from apiapp.imports.pipeline.lanes.records import NO_QUOTE
from apiapp.imports.pipeline.lanes.verbatim import Checked
from apiapp.imports.pipeline.schema import ColumnSpec

CONNECTIONS = 2
# In each transaction anew: behind a pool of connections the next one may have another session.
# Only the transaction that makes the rows visible has to wait for the disk.
SETTINGS = (
    "SET LOCAL synchronous_commit = off; SET LOCAL timezone = 'UTC';"
    " SET LOCAL datestyle = 'ISO, {}'"
)


class PostgresSink:
    """Appends to one table, a commit for each block.  May be used by CONNECTIONS threads."""

    def __init__(
        self, *, conninfo: str, table: str, columns: Sequence[ColumnSpec], dialect: Dialect
    ) -> None:
        loaded = [column for column in columns if column.name]
        self._copy = copy_statement(table, loaded, dialect, options=sql.SQL(""))
        self._copy_quoted = copy_statement(table, loaded, dialect, options=force_null(loaded))
        self._settings = settings(loaded)
        self._connections: list[psycopg.Connection] = []
        self._free: SimpleQueue[psycopg.Connection] = SimpleQueue()
        try:
            for _ in range(CONNECTIONS):
                connection = psycopg.connect(conninfo, prepare_threshold=None)
                self._connections.append(connection)
                self._free.put(connection)
        except psycopg.Error:
            self.close()
            raise

    def store(self, checked: Checked) -> None:
        """Commit the good rows of a block.  Blocks while all connections are in use."""
        # To compare each cell with NULL's text takes 3 % of PostgreSQL's time.
        statement = self._copy_quoted if checked.has_empty_quotes else self._copy
        connection = self._free.get()
        try:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute(self._settings)
                with cursor.copy(statement) as target:
                    target.write(checked.csv)
        finally:
            self._free.put(connection)

    def close(self) -> None:
        for connection in self._connections:
            connection.close()


def settings(columns: Sequence[ColumnSpec]) -> sql.Composed:
    """A date that begins with its year is read as such in any order."""
    return sql.SQL(SETTINGS).format(sql.SQL(date_order(columns) or "ymd"))


def copy_statement(
    table: str,
    columns: Sequence[ColumnSpec],
    dialect: Dialect,
    *,
    options: sql.Composable,
) -> sql.Composed:
    """options: those behind the others."""
    return sql.SQL(
        "COPY {} (_id, {}) FROM STDIN (FORMAT csv, DELIMITER {}, QUOTE {}, ENCODING 'UTF8'{})"
    ).format(
        sql.Identifier(table),
        names_of(columns),
        sql.Literal(dialect.delimiter),
        sql.Literal(dialect.quote or NO_QUOTE),
        options,
    )


def force_null(columns: Sequence[ColumnSpec]) -> sql.Composed:
    """An empty cell is NULL, quoted or not."""
    return sql.SQL(", FORCE_NULL ({})").format(names_of(columns))


def names_of(columns: Sequence[ColumnSpec]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
