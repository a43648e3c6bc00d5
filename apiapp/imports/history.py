"""Rows as they were before an import changed or removed them, so that it can be taken back.

Kept in a table `_was_<import>` beside the dataset's own, whole rows with their ids: of a replace
it is the old table itself, of an upsert what that changed and removed.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connections, transaction

from apiapp.imports import tables
from apiapp.imports.loaders import quoted, run
from apiapp.imports.models import Import, LoadLedger
from apiapp.imports.routers import DATASETS

IDS_ASKED = 500
WAS = re.compile(r"_was_([0-9]+)")


def table_of(import_id: int) -> str:
    return f"_was_{import_id}"


def is_kept(import_id: int) -> bool:
    return tables.exists(table_of(import_id))


def kept() -> dict[str, int]:
    """Tables of history, and the import of each."""
    connection = connections[DATASETS]
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
    found = ((name, WAS.fullmatch(name)) for name in names)
    return {name: int(match[1]) for name, match in found if match}


# --- keep ----------------------------------------------------------------------------------------------
def keep_table(table: str, *, import_id: int) -> None:
    """The whole table, which gives its name free."""
    run(f"ALTER TABLE {quoted(table)} RENAME TO {quoted(table_of(import_id))}")


def keep_rows(table: str, query: str, *, import_id: int) -> None:
    """The rows that `query` finds, all columns of them; nothing if it finds none."""
    name = quoted(table_of(import_id))
    if not query:
        return
    run(f"CREATE TABLE {name} AS {query}")
    if not tables.count_rows(table_of(import_id)):
        run(f"DROP TABLE {name}")


# --- take back -------------------------------------------------------------------------------------------
def take_back(*, table: str, import_id: int, mode: str) -> bool:
    """Undo what an import did to a table, and remove its row in the ledger.

    False if that was done before.  The table goes too if the import made it and nobody else's rows
    are in it.
    """
    with transaction.atomic(using=DATASETS):
        undone, _ = LoadLedger.objects.filter(import_id=import_id).delete()
        if undone and tables.exists(table):
            TAKERS[mode](table, import_id)
    return bool(undone)


def take_created(table: str, import_id: int) -> None:
    if has_rows_of_others(table, import_id):
        take_rows(table, import_id)
    else:
        tables.drop(table)


def take_rows(table: str, import_id: int) -> None:
    run(f"DELETE FROM {quoted(table)} WHERE _import = {import_id}")  # nosec B608 # names are quoted, ids are int


def take_replaced(table: str, import_id: int) -> None:
    tables.drop(table)
    run(f"ALTER TABLE {quoted(table_of(import_id))} RENAME TO {quoted(table)}")


def take_upserted(table: str, import_id: int) -> None:
    """Out with what it brought, back with what it changed or removed, under the ids of before."""
    take_rows(table, import_id)
    if not is_kept(import_id):
        return
    was = quoted(table_of(import_id))
    names = ", ".join(map(quoted, column_names(table_of(import_id))))
    run(f"DELETE FROM {quoted(table)} WHERE _id IN (SELECT _id FROM {was})")  # nosec B608 # names are quoted
    run(f"INSERT INTO {quoted(table)} ({names}) SELECT {names} FROM {was}")  # nosec B608 # names are quoted
    run(f"DROP TABLE {was}")


TAKERS: dict[str, Callable[[str, int], None]] = {
    Import.Mode.CREATE: take_created,
    Import.Mode.APPEND: take_rows,
    Import.Mode.REPLACE: take_replaced,
    Import.Mode.UPSERT: take_upserted,
    Import.Mode.RETYPE: take_replaced,
}


def has_rows_of_others(table: str, import_id: int) -> bool:
    others = f"_import IS NULL OR _import <> {import_id}"
    with connections[DATASETS].cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {quoted(table)} WHERE {others} LIMIT 1")  # nosec B608 # names are quoted, ids are int
        return cursor.fetchone() is not None


def column_names(table: str) -> list[str]:
    connection = connections[DATASETS]
    with connection.cursor() as cursor:
        return [each.name for each in connection.introspection.get_table_description(cursor, table)]


# --- what can be taken back ------------------------------------------------------------------------------
def later_than(import_id: int, others: Sequence[int]) -> list[LoadLedger]:
    """Those of `others` that became visible after it, the newest first."""
    mine = LoadLedger.objects.filter(import_id=import_id).first()
    if mine is None:
        return []
    later = LoadLedger.objects.filter(import_id__in=others, pk__gt=mine.pk)
    return list(later.order_by("-pk"))


def fits(table: str, import_id: int) -> bool:
    """Whether the rows of before have the columns that the table has now."""
    return set(column_names(table_of(import_id))) == set(column_names(table))


def row_ids_among(import_id: int, row_ids: Iterable[int]) -> set[int]:
    """Those of `row_ids` that the import changed or removed."""
    asked = list(row_ids)
    found: set[int] = set()
    with connections[DATASETS].cursor() as cursor:
        for start in range(0, len(asked), IDS_ASKED):
            ids = ", ".join(str(int(each)) for each in asked[start : start + IDS_ASKED])
            cursor.execute(f"SELECT _id FROM {quoted(table_of(import_id))} WHERE _id IN ({ids})")  # nosec B608 # names are quoted, ids are int
            found.update(row_id for (row_id,) in cursor.fetchall())
    return found


def drop_of(import_ids: Sequence[int]) -> None:
    for import_id in import_ids:
        tables.drop(table_of(import_id))


def expired(*, now: datetime, keep_days: float, keep_newest: int) -> list[str]:
    """Tables of history that are kept no longer: too old, not among the newest of their dataset,
    or of an import that is in no table any more.
    """
    names = kept()
    owners = dict(Import.objects.filter(pk__in=names.values()).values_list("pk", "dataset_id"))
    ledgers = LoadLedger.objects.filter(import_id__in=names.values()).order_by("-pk")
    spared: dict[int, list[int]] = {}
    for ledger in ledgers.filter(applied_at__gt=now - timedelta(days=keep_days)):
        if dataset_id := owners.get(ledger.import_id):
            spared.setdefault(dataset_id, []).append(ledger.import_id)
    alive = {each for newest in spared.values() for each in newest[:keep_newest]}
    return [name for name, import_id in names.items() if import_id not in alive]
