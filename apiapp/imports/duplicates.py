"""What a table holds once: unique columns, and the key that tells its rows apart.

Rows that would break it are moved from the staging table to the refused cells; in tables of
datasets an index keeps it from then on.
"""

import secrets
from collections.abc import Sequence

from django.db import connections, transaction

from apiapp.imports.errors import BadColumns, BadKey
from apiapp.imports.fields import KEEPS_TEXT
from apiapp.imports.loaders import Staging, quoted, run, told_apart
from apiapp.imports.models import RefusedCell
from apiapp.imports.pipeline.check import DUPLICATE_ROW, UNIQUE, UNIQUE_LIMIT_CHARS
from apiapp.imports.pipeline.schema import ColumnSpec
from apiapp.imports.routers import DATASETS

INDEX_BYTES = 6
ELSEWHERE = "The table has this value already; the column holds each once."
IN_FILE = "Another row of the file has this value already; the column holds each once."
KEY_ELSEWHERE = "The table has a row with this key already."
KEY_IN_FILE = "An earlier row of the file has the same key."
KEY_TOO_LONG = "The cell is longer than the {limit} characters of a column of the key."


# --- refused rows ------------------------------------------------------------------------------------
def refuse_values(
    staging: Staging, *, column: ColumnSpec, target: str = "", key: Sequence[str] = ()
) -> int:
    """Move rows out whose value `target` has already, or an earlier row; return how many.

    With a `key` the row of `target` that has the same key may have it.
    """
    moved = 0
    with transaction.atomic(using=DATASETS):
        if target:
            moved += refuse_where(staging, known(staging, column, target, key), column, ELSEWHERE)
        return moved + refuse_where(staging, repeated(staging, [column.name]), column, IN_FILE)


def known(staging: Staging, column: ColumnSpec, target: str, key: Sequence[str]) -> str:
    name = quoted(column.name)
    if not key:
        return f"{name} IN (SELECT {name} FROM {quoted(target)})"  # nosec B608 # names are quoted
    return (
        f"_id IN (SELECT s._id FROM {quoted(staging.table)} s JOIN {quoted(target)} t"  # nosec B608 # names are quoted
        f" ON s.{name} = t.{name} WHERE NOT ({same(key)}))"
    )


def refuse_keys(staging: Staging, *, key: Sequence[ColumnSpec], target: str = "") -> int:
    """Move rows out whose key is too long, in `target` already, or in an earlier row."""
    names = [column.name for column in key]
    moved = 0
    with transaction.atomic(using=DATASETS):
        for column in key:
            if column.type == "text":
                moved += refuse_long(staging, column, UNIQUE_LIMIT_CHARS // len(key))
        if target:
            there = (
                f"_id IN (SELECT s._id FROM {quoted(staging.table)} s"  # nosec B608 # names are quoted
                f" JOIN {quoted(target)} t ON {same(names)})"
            )
            moved += refuse_where(staging, there, key[0], KEY_ELSEWHERE, kind=DUPLICATE_ROW)
        twice = repeated(staging, names)
        return moved + refuse_where(staging, twice, key[0], KEY_IN_FILE, kind=DUPLICATE_ROW)


def refuse_long(staging: Staging, column: ColumnSpec, limit_chars: int) -> int:
    is_long = f"length({quoted(column.name)}) > {limit_chars}"
    return refuse_where(staging, is_long, column, KEY_TOO_LONG.format(limit=limit_chars))


def same(key: Sequence[str]) -> str:
    """The condition that `s`, a staged row, and `t`, one of the table, have the same key."""
    return " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in key)


def repeated(staging: Staging, names: Sequence[str]) -> str:
    """The condition that an earlier row has the same values."""
    table, columns = quoted(staging.table), ", ".join(map(quoted, names))
    filled = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in names)
    joined = " AND ".join(f"s.{quoted(name)} = t.{quoted(name)}" for name in names)
    return (
        f"_id IN (SELECT s._id FROM {table} s JOIN (SELECT {columns}, MIN(_id) AS first"  # nosec B608 # names are quoted
        f" FROM {table} WHERE {filled} GROUP BY {columns} HAVING COUNT(*) > 1) t"
        f" ON {joined} AND s._id <> t.first)"
    )


def refuse_where(
    staging: Staging, condition: str, column: ColumnSpec, reason: str, kind: str = UNIQUE
) -> int:
    table = quoted(staging.table)
    with connections[DATASETS].cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quoted(RefusedCell._meta.db_table)}"  # nosec B608 # names are quoted, values are parameters
            f' (import_id, row_number, "column", value, kind, reason)'
            f" SELECT %s, _id, %s, rtrim(CAST({quoted(column.name)} AS text), %s), %s, %s"
            f" FROM {table} WHERE {condition} ORDER BY _id",
            [staging.import_id, column.label, KEEPS_TEXT, kind, reason],
        )
        cursor.execute(f"DELETE FROM {table} WHERE {condition}")  # nosec B608 # names are quoted
        return cursor.rowcount


# --- kept from now on ----------------------------------------------------------------------------------
def keep_unique(staging: Staging, *, key: Sequence[str] = ()) -> None:
    """Have the database refuse duplicates from now on, in a table that is going to be kept."""
    for column in staging.table_columns:
        if column.unique:
            add_index(staging.table, [column.name])
    if key:
        add_index(staging.table, key)


def add_index(table: str, names: Sequence[str], *, is_unique: bool = True) -> None:
    index = quoted(f"_index_{secrets.token_hex(INDEX_BYTES)}")
    columns = ", ".join(map(quoted, names))
    run(f"CREATE {'UNIQUE ' * is_unique}INDEX {index} ON {quoted(table)} ({columns})")


def drop_indexes(table: str, name: str, *, only: bool = False) -> None:
    """Those that the column is in; with `only` those of nothing else."""
    connection = connections[DATASETS]
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table)
    for index, facts in found.items():
        is_meant = facts["columns"] == [name] if only else name in facts["columns"]
        if is_meant and facts["index"] and not facts["primary_key"]:
            run(f"DROP INDEX {quoted(index)}")


def require_once(table: str, name: str, label: str) -> None:
    """Raises BadColumns if two rows have the same value."""
    column = quoted(name)
    twice = (
        f"SELECT 1 FROM {quoted(table)} WHERE {column} IS NOT NULL"  # nosec B608 # names are quoted
        f" GROUP BY {column} HAVING COUNT(*) > 1 LIMIT 1"
    )
    if any_row(twice):
        reason = f"{label} cannot be unique: some rows of the table have the same"
        raise BadColumns(reason, columns=[name])


def has_index(table: str, names: Sequence[str]) -> bool:
    """Whether an index keeps these columns unique, together."""
    connection = connections[DATASETS]
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table).values()
    return any(each["unique"] and set(each["columns"]) == set(names) for each in found)


def keep_key(table: str, key: Sequence[ColumnSpec]) -> None:
    """Have the database tell the rows of `table` apart by `key`.  Raises BadKey if it cannot."""
    names = [column.name for column in key]
    if has_index(table, names):
        return
    labels = ", ".join(column.label for column in key)
    empty = " OR ".join(f"{quoted(name)} IS NULL" for name in names)
    if any_row(f"SELECT 1 FROM {quoted(table)} WHERE {empty} LIMIT 1"):  # nosec B608 # names are quoted
        raise BadKey(f"{labels} cannot be the key: some rows of the table have no value there")
    columns = ", ".join(map(quoted, names))
    twice = f"SELECT 1 FROM {quoted(table)} GROUP BY {columns} HAVING COUNT(*) > 1 LIMIT 1"  # nosec B608 # names are quoted
    if any_row(twice):
        raise BadKey(f"{labels} cannot be the key: some rows of the table have the same")
    with told_apart():
        add_index(table, names)


def any_row(query: str) -> bool:
    with connections[DATASETS].cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone() is not None
