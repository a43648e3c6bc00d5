"""Bulk loading into a staging table that nobody sees, one way per database.

Batches are committed as they come, with the refusals found in them: no transaction stays open
while a file is read.  A staging table belongs to one run of one import: what a run that lost its
job still writes ends at a table that is gone.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Any, Protocol

import psycopg.errors
from django.db import OperationalError, connections, transaction
from django.db.models import BigAutoField

from apiapp.imports.errors import DatabaseFull, RowsTooWide
from apiapp.imports.fields import sqlite_form
from apiapp.imports.models import RefusedCell
from apiapp.imports.pipeline.check import Batch, Refusal
from apiapp.imports.pipeline.schema import ColumnSpec
from apiapp.imports.routers import DATASETS
from apiapp.imports.rows import FIELDS

REFUSED_COLUMNS = ("import_id", "row_number", "column", "value", "kind", "reason")
TYPES_WITH_ESCAPES = {"text", "json"}
# A decimal of so many characters is the number that its nearest double writes.
DOUBLE_CHARS = 15
SQLITE_FULL = "database or disk is full"
PRIMARY_KEY = "NOT NULL PRIMARY KEY"
# Of SQLite's log: while a table is filled, beyond what a lane leaves (sqlite_log.LIMIT_PAGES), and
# SQLite's own default.
LOAD_PAGES, USUAL_PAGES = 32_000, 1000
FIRST_LOOK_TARGET = 10  # of 3,000 rows


@dataclass(frozen=True, slots=True)
class Staging:
    """A staging table.

    columns: those that the file fills.  is_kept: it is going to be the dataset's own table;
    otherwise its rows are copied to that.  table_columns: all that it has, in its order.
    """

    table: str
    import_id: int
    columns: Sequence[ColumnSpec]
    is_kept: bool
    table_columns: Sequence[ColumnSpec]


class Loader(Protocol):
    """Takes batches of one import into its staging table."""

    def create(self) -> None:
        """Make the table.  Called once, first."""

    def load(self, batch: Batch) -> None:
        """Store a batch and its refusals, both or neither.

        Raises RowsTooWide and DatabaseFull.
        """

    def finish(self, *, last_row: int) -> None:
        """Make the table fit to be the dataset's; no row in it has a higher number.

        The next transaction waits for the disk, and it waits for all before.
        """

    def close(self) -> None:
        """Drop the table, unless it has become the dataset's under another name."""


def loader_for(staging: Staging) -> Loader:
    return LOADERS[connections[DATASETS].vendor](staging)


def quoted(name: str) -> str:
    return connections[DATASETS].ops.quote_name(name)


def run(statement: str) -> None:
    with connections[DATASETS].cursor() as cursor:
        cursor.execute(statement)


def definition(column: ColumnSpec, *, is_kept: bool) -> str:
    db_type = FIELDS[column.type]().db_type(connections[DATASETS])
    return f"{quoted(column.name)} {db_type}{' NOT NULL' * (column.required and is_kept)}"


def definitions(staging: Staging) -> str:
    return ", ".join(definition(each, is_kept=staging.is_kept) for each in staging.table_columns)


@contextmanager
def told_apart() -> Iterator[None]:
    """Name what a second attempt would not change.  Raises RowsTooWide, DatabaseFull."""
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.ProgramLimitExceeded):
            raise RowsTooWide from error
        if isinstance(error.__cause__, psycopg.errors.DiskFull) or SQLITE_FULL in str(error):
            raise DatabaseFull from error
        raise


# --- PostgreSQL ------------------------------------------------------------------------------------
class PostgresLoader:
    """COPY in text format."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._table = quoted(staging.table)

    def create(self) -> None:
        # Rows that are going to be copied again need not survive a crash of the database.
        kind = "TABLE" if self._staging.is_kept else "UNLOGGED TABLE"
        run(
            f"CREATE {kind} {self._table} (_id bigint NOT NULL,"
            f" _import bigint DEFAULT {self._staging.import_id}, {definitions(self._staging)})"
        )

    def load(self, batch: Batch) -> None:
        names = ", ".join(quoted(column.name) for column in self._staging.columns)
        refused_names = ", ".join(map(quoted, REFUSED_COLUMNS))
        refused_table = quoted(RefusedCell._meta.db_table)
        with told_apart(), transaction.atomic(using=DATASETS):
            # Only the transaction that makes the rows visible has to wait for the disk.
            run("SET LOCAL synchronous_commit = off")
            copy(f"COPY {self._table} (_id, {names}) FROM STDIN (NULL '')", self._lines(batch))
            copy(
                f"COPY {refused_table} ({refused_names}) FROM STDIN",
                refused_lines(self._staging.import_id, batch.refusals),
            )

    def finish(self, *, last_row: int) -> None:
        if self._staging.is_kept:
            run(f"ALTER TABLE {self._table} ADD PRIMARY KEY (_id)")
            run(
                f"ALTER TABLE {self._table} ALTER COLUMN _import DROP DEFAULT,"
                " ALTER COLUMN _id ADD GENERATED BY DEFAULT AS IDENTITY"
                f" (START WITH {last_row + 1})"
            )
        self._look_over()

    def close(self) -> None:
        run(f"DROP TABLE IF EXISTS {self._table}")

    def _look_over(self) -> None:
        """What the planner has to know at once costs a tenth of a usual look.  As columns are named,
        PostgreSQL takes the table for one that was not looked at, and soon does it by itself.
        """
        names = ", ".join(["_id", *(quoted(each.name) for each in self._staging.table_columns)])
        with transaction.atomic(using=DATASETS):
            run(f"SET LOCAL default_statistics_target = {FIRST_LOOK_TARGET}")
            run(f"ANALYZE {self._table} ({names})")

    def _lines(self, batch: Batch) -> str:
        cells = [
            escaped(values) if column.type in TYPES_WITH_ESCAPES else values
            for column, values in zip(self._staging.columns, batch.columns, strict=True)
        ]
        return copy_lines(zip(map(str, batch.row_numbers), *cells, strict=True))


def copy(statement: str, lines: str) -> None:
    connection = connections[DATASETS]
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(statement) as target,
    ):
        target.write(lines.encode())


def copy_lines(rows: Iterable[Iterable[str]]) -> str:
    return "".join(map("%s\n".__mod__, map("\t".join, rows)))


def escaped(cells: Sequence[str]) -> Sequence[str]:
    """Cells as COPY's text format wants them.  All are joined for it: no cell holds a NUL."""
    joined = "\0".join(cells)
    if not any(char in joined for char in "\\\t\n\r"):
        return cells
    joined = joined.replace("\\", "\\\\").replace("\t", "\\t")
    return joined.replace("\n", "\\n").replace("\r", "\\r").split("\0")


def refused_lines(import_id: int, refusals: Sequence[Refusal]) -> str:
    rows = [tuple(map(str, (import_id, *astuple(refusal)))) for refusal in refusals]
    return copy_lines(zip(*map(escaped, zip(*rows, strict=True)), strict=True))


# --- SQLite ----------------------------------------------------------------------------------------
class SqliteLoader:
    """One prepared INSERT for many rows.

    A table becomes AUTOINCREMENT once it is filled: with it, SQLite would look up the last number
    in a table of all tables' for each row that comes with a number of its own.
    """

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._table = quoted(staging.table)

    def create(self) -> None:
        self._wait_for_the_disk("NORMAL")
        self._checkpoint_every(LOAD_PAGES)
        id_type = BigAutoField(primary_key=True).db_type(connections[DATASETS])
        run(
            f"CREATE TABLE {self._table} (_id {id_type} {PRIMARY_KEY},"
            f" _import bigint, {definitions(self._staging)})"
        )

    def load(self, batch: Batch) -> None:
        places = ", ".join(ADAPTERS.get(each.type, TEXT)[0] for each in self._staging.columns)
        names = ", ".join(quoted(column.name) for column in self._staging.columns)
        refused_names = ", ".join(map(quoted, REFUSED_COLUMNS))
        refused_places = ", ".join("?" * len(REFUSED_COLUMNS))
        with told_apart(), transaction.atomic(using=DATASETS):
            execute_many(
                f"INSERT INTO {self._table} (_id, _import, {names})"  # nosec B608 # names are quoted
                f" VALUES (?, {self._staging.import_id}, {places})",
                self._rows(batch),
            )
            execute_many(
                f"INSERT INTO {quoted(RefusedCell._meta.db_table)} ({refused_names})"  # nosec B608 # names of our own
                f" VALUES ({refused_places})",
                ((self._staging.import_id, *astuple(each)) for each in batch.refusals),
            )

    def finish(self, *, last_row: int) -> None:
        """What is told from now on is on the disk."""
        self._wait_for_the_disk("FULL")
        if self._staging.is_kept:
            with transaction.atomic(using=DATASETS):
                self._count_on_from(last_row)

    def close(self) -> None:
        run(f"DROP TABLE IF EXISTS {self._table}")
        self._wait_for_the_disk("FULL")
        self._checkpoint_every(USUAL_PAGES)

    def _count_on_from(self, last_row: int) -> None:
        """Make the table AUTOINCREMENT: https://www.sqlite.org/lang_altertable.html#otheralter says
        how to change what a schema says where no row changes by it.
        """
        table = self._staging.table
        with connections[DATASETS].cursor() as cursor:
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [table])
            sql = cursor.fetchone()[0].replace(PRIMARY_KEY, f"{PRIMARY_KEY} AUTOINCREMENT", 1)
            cursor.execute("PRAGMA schema_version")
            version = cursor.fetchone()[0]
            cursor.execute("PRAGMA writable_schema = ON")
            try:
                cursor.execute("UPDATE sqlite_master SET sql = %s WHERE name = %s", [sql, table])
                cursor.execute(f"PRAGMA schema_version = {version + 1}")
            finally:
                cursor.execute("PRAGMA writable_schema = OFF")
            cursor.execute(
                "INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, last_row]
            )

    def _rows(self, batch: Batch) -> Iterator[tuple[Any, ...]]:
        cells = [
            ADAPTERS.get(column.type, TEXT)[1](values)
            for column, values in zip(self._staging.columns, batch.columns, strict=True)
        ]
        return zip(batch.row_numbers, *cells, strict=True)

    def _wait_for_the_disk(self, level: str) -> None:
        """FULL: at each commit.  NORMAL: at checkpoints alone, which never harms the file."""
        if not connections[DATASETS].in_atomic_block:
            run(f"PRAGMA synchronous = {level}")

    def _checkpoint_every(self, pages: int) -> None:
        """How long the log may get before it is copied to the file, and waits for the disk."""
        run(f"PRAGMA wal_autocheckpoint = {pages}")


def execute_many(statement: str, rows: Iterator[tuple[Any, ...]]) -> None:
    """Past Django's cursor, which keeps every row until the last is in."""
    connection = connections[DATASETS]
    with connection.wrap_database_errors:
        connection.connection.executemany(statement, rows)


def as_they_are(cells: Sequence[str]) -> Sequence[str]:
    return cells


def doubles(cells: Sequence[str]) -> list[float | None]:
    return [float(cell) if cell else None for cell in cells]


def decimals(cells: Sequence[str]) -> Sequence[Any]:
    if max(map(len, cells), default=0) <= DOUBLE_CHARS:
        return doubles(cells)
    return [sqlite_form(Decimal(cell)) if cell else None for cell in cells]


# The place of a value in the INSERT, and the values of a column.  An integer or a boolean becomes
# a number by its column's affinity, a number of the other kinds is made here: SQLite's own reading
# of one is not always the nearest double.
TEXT = ("NULLIF(?, '')", as_they_are)
ADAPTERS: dict[str, tuple[str, Any]] = {"float": ("?", doubles), "decimal": ("?", decimals)}


LOADERS: dict[str, type[PostgresLoader] | type[SqliteLoader]] = {
    "postgresql": PostgresLoader,
    "sqlite": SqliteLoader,
}
