"""Imported tables: their names, how rows become visible in them, and how they go again.

All on the alias `datasets`.  Becoming visible is one short transaction that also writes the
import's row in the ledger: after any crash the ledger says whether it happened.
"""

import re
import secrets
from collections.abc import Sequence

from django.db import DatabaseError, connections, transaction

from apiapp.imports.fields import KEEPS_TEXT
from apiapp.imports.loaders import Staging, quoted, run
from apiapp.imports.models import LoadLedger, RefusedCell
from apiapp.imports.pipeline.check import UNIQUE
from apiapp.imports.pipeline.schema import ColumnSpec, cut
from apiapp.imports.routers import DATASETS

# What each database holds, less _id and _import.
COLUMN_LIMITS = {"postgresql": 1600 - 2, "sqlite": 2000 - 2}
NAME_LIMIT_BYTES = 40
RUN_BYTES = 4
STAGING = re.compile(r"_load_([0-9]+)_[0-9a-f]+")
DROP_WAIT_MS = 2000


def column_limit() -> int:
    """How many columns a file may have."""
    return COLUMN_LIMITS[connections[DATASETS].vendor]


def table_name(*, slug: str, dataset_id: int) -> str:
    """A name that people recognise in other tools, and that no other table has or gets."""
    words = cut(slug.replace("-", "_"), NAME_LIMIT_BYTES)
    is_plain = words[:1].isalpha() and not words.startswith("sqlite_")
    return f"{words if is_plain else f't_{words}'}_{dataset_id}"


# --- staging ---------------------------------------------------------------------------------------
def new_staging(*, import_id: int, columns: Sequence[ColumnSpec], is_kept: bool) -> Staging:
    name = f"_load_{import_id}_{secrets.token_hex(RUN_BYTES)}"
    return Staging(table=name, import_id=import_id, columns=columns, is_kept=is_kept)


def left_staging() -> dict[str, int]:
    """Staging tables that exist, and the import of each."""
    connection = connections[DATASETS]
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
    found = ((name, STAGING.fullmatch(name)) for name in names)
    return {name: int(match[1]) for name, match in found if match}


def drop_left_staging(import_id: int) -> None:
    """Drop what earlier runs of an import left.

    One that a run without its job still holds is left to be swept: that run harms nobody.
    """
    for name, owner_id in left_staging().items():
        if owner_id == import_id:
            drop_unless_held(name)


def drop_unless_held(name: str) -> bool:
    """Drop a table; False if somebody works on it right now."""
    try:
        with transaction.atomic(using=DATASETS):
            if connections[DATASETS].vendor == "postgresql":
                run(f"SET LOCAL lock_timeout = {DROP_WAIT_MS}")
            run(f"DROP TABLE IF EXISTS {quoted(name)}")
    except DatabaseError:
        return False
    return True


def forget_refusals(import_id: int) -> None:
    refused = RefusedCell.objects.filter(import_id=import_id)
    refused._raw_delete(refused.db)


# --- unique columns ----------------------------------------------------------------------------------
def refuse_duplicates(staging: Staging, *, column: ColumnSpec, target: str = "") -> int:
    """Move rows out whose value `target` has already, or an earlier row; return how many."""
    name, table = quoted(column.name), quoted(staging.table)
    is_second = (
        f"_id IN (SELECT s._id FROM {table} s JOIN (SELECT {name} AS v, MIN(_id) AS first"  # nosec B608 # names are quoted
        f" FROM {table} WHERE {name} IS NOT NULL GROUP BY {name} HAVING COUNT(*) > 1) d"
        f" ON s.{name} = d.v AND s._id <> d.first)"
    )
    reason = "Another row of the file has this value already; the column holds each once."
    with transaction.atomic(using=DATASETS):
        moved = 0
        if target:
            is_known = f"{name} IN (SELECT {name} FROM {quoted(target)})"  # nosec B608 # names are quoted
            known = "The table has this value already; the column holds each once."
            moved += refuse_where(staging, is_known, column=column, reason=known)
        return moved + refuse_where(staging, is_second, column=column, reason=reason)


def refuse_where(staging: Staging, condition: str, *, column: ColumnSpec, reason: str) -> int:
    table = quoted(staging.table)
    with connections[DATASETS].cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quoted(RefusedCell._meta.db_table)}"  # nosec B608 # names are quoted, values are parameters
            f' (import_id, row_number, "column", value, kind, reason)'
            f" SELECT %s, _id, %s, rtrim(CAST({quoted(column.name)} AS text), %s), %s, %s"
            f" FROM {table} WHERE {condition} ORDER BY _id",
            [staging.import_id, column.label, KEEPS_TEXT, UNIQUE, reason],
        )
        cursor.execute(f"DELETE FROM {table} WHERE {condition}")  # nosec B608 # names are quoted
        return cursor.rowcount


def keep_unique(staging: Staging) -> None:
    """Have the database refuse duplicates from now on, in a table that is going to be kept."""
    for number, column in enumerate(staging.columns):
        if column.unique:
            index = quoted(f"{staging.table}_{number}")
            run(f"CREATE UNIQUE INDEX {index} ON {quoted(staging.table)} ({quoted(column.name)})")


# --- becoming visible --------------------------------------------------------------------------------
def was_applied(import_id: int) -> LoadLedger | None:
    """The ledger's row of an import whose rows are visible."""
    return LoadLedger.objects.filter(import_id=import_id).first()


def publish(staging: Staging, *, target: str, ledger: LoadLedger) -> None:
    """Make the staged rows visible in the table `target`, once and as a whole.

    The ledger's row comes first: of two runs of one import the second stops at it, with an
    IntegrityError.
    """
    with transaction.atomic(using=DATASETS):
        ledger.save(force_insert=True)
        if staging.is_kept:
            run(f"ALTER TABLE {quoted(staging.table)} RENAME TO {quoted(target)}")
        else:
            names = ", ".join(["_import", *(quoted(column.name) for column in staging.columns)])
            run(
                f"INSERT INTO {quoted(target)} ({names})"  # nosec B608 # names are quoted
                f" SELECT {names} FROM {quoted(staging.table)} ORDER BY _id"
            )


# --- going again ---------------------------------------------------------------------------------------
def exists(table: str) -> bool:
    connection = connections[DATASETS]
    with connection.cursor() as cursor:
        return table in connection.introspection.table_names(cursor)


def drop(table: str) -> None:
    run(f"DROP TABLE IF EXISTS {quoted(table)}")


def take_back(*, table: str, import_id: int, made_the_table: bool) -> None:
    """Remove an import's rows and its row in the ledger; what is gone already stays gone.

    The table goes too if the import made it and nobody else's rows are in it.
    """
    with transaction.atomic(using=DATASETS):
        LoadLedger.objects.filter(import_id=import_id).delete()
        if not exists(table):
            return
        if made_the_table and not has_rows_of_others(table, import_id):
            drop(table)
            return
        run(f"DELETE FROM {quoted(table)} WHERE _import = {import_id}")  # nosec B608 # names are quoted, ids are int


def has_rows_of_others(table: str, import_id: int) -> bool:
    others = f"_import IS NULL OR _import <> {import_id}"
    with connections[DATASETS].cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {quoted(table)} WHERE {others} LIMIT 1")  # nosec B608 # names are quoted, ids are int
        return cursor.fetchone() is not None


def count_rows(table: str) -> int:
    with connections[DATASETS].cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {quoted(table)}")  # nosec B608 # names are quoted
        return int(cursor.fetchone()[0])
