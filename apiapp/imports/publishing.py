"""How staged rows become visible: one short transaction for each import, whatever its mode.

It also writes the import's row in the ledger, so after any crash the ledger says whether it
happened, and it keeps the rows that it changes or removes: see history.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connections, transaction

from apiapp.imports import duplicates, history, tables
from apiapp.imports.duplicates import same
from apiapp.imports.loaders import Staging, quoted, run
from apiapp.imports.models import Import, LoadLedger
from apiapp.imports.pipeline.schema import ColumnSpec
from apiapp.imports.routers import DATASETS

DIFFERS = {"postgresql": "IS DISTINCT FROM", "sqlite": "IS NOT"}
# Both wait for other imports into the table; ALL also for whoever edits rows, never for readers.
IMPORTS_ONLY, ALL = "SHARE UPDATE EXCLUSIVE", "SHARE ROW EXCLUSIVE"


@dataclass(frozen=True, slots=True)
class Rules:
    """How the rows of a file meet those of the table.

    key: the columns that tell rows apart, in every mode.  The rest is for an upsert.
    """

    mode: str
    key: Sequence[ColumnSpec] = ()
    inserts_new: bool = True
    updates_existing: bool = True
    deletes_missing: bool = False

    @property
    def key_names(self) -> list[str]:
        return [column.name for column in self.key]


@dataclass(frozen=True, slots=True)
class Changes:
    """What an import does to a table, in rows.

    unchanged: those of the file that are there already, cell for cell.  skipped: those of the
    file that the rules leave out.  deleted: those of the table.
    """

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    deleted: int = 0

    @property
    def loaded(self) -> int:
        return self.inserted + self.updated


def publish(staging: Staging, *, target: str, rules: Rules, ledger: LoadLedger) -> None:
    """Make the staged rows visible in the table `target`, once and as a whole.

    The ledger's row comes first: of two runs of one import the second stops at it, with an
    IntegrityError.  Raises BadKey if rows of the table have the same key, and TableInUse if its
    columns are not those that the rows were made for.
    """
    with transaction.atomic(using=DATASETS):
        if rules.mode != Import.Mode.CREATE:
            hold(target, IMPORTS_ONLY if rules.mode == Import.Mode.APPEND else ALL)
            tables.require_types(target, staging.table_columns)
        ledger.save(force_insert=True)
        write_down(PUBLISHERS[rules.mode](staging, target, rules), ledger)
        ledger.save()


def write_down(changes: Changes, ledger: LoadLedger) -> None:
    ledger.rows_loaded = changes.loaded
    ledger.rows_inserted = changes.inserted
    ledger.rows_updated = changes.updated
    ledger.rows_unchanged = changes.unchanged
    ledger.rows_skipped = changes.skipped
    ledger.rows_deleted = changes.deleted


def hold(table: str, level: str) -> None:
    """Until the transaction ends nobody else changes `table`; on SQLite nobody could."""
    if connections[DATASETS].vendor == "postgresql":
        run(f"LOCK TABLE {quoted(table)} IN {level} MODE")


# --- by mode -----------------------------------------------------------------------------------------
def create(staging: Staging, target: str, rules: Rules) -> Changes:
    count = tables.count_rows(staging.table)
    run(f"ALTER TABLE {quoted(staging.table)} RENAME TO {quoted(target)}")
    return Changes(inserted=count)


def append(staging: Staging, target: str, rules: Rules) -> Changes:
    if rules.key:
        duplicates.keep_key(target, rules.key)
    return Changes(inserted=insert(staging, target))


def replace(staging: Staging, target: str, rules: Rules) -> Changes:
    """A swap of tables: who reads sees the old one or the new one."""
    deleted = tables.count_rows(target)
    history.keep_table(target, import_id=staging.import_id)
    created = create(staging, target, rules)
    return Changes(inserted=created.inserted, deleted=deleted)


def upsert(staging: Staging, target: str, rules: Rules) -> Changes:
    duplicates.keep_key(target, rules.key)
    changes = difference(staging, target=target, rules=rules)
    history.keep_rows(target, doomed(staging, target, rules), import_id=staging.import_id)
    if changes.deleted:
        run(f"DELETE FROM {quoted(target)} AS t WHERE NOT EXISTS ({staged(staging, rules)})")  # nosec B608 # names are quoted
    if changes.updated:
        update(staging, target, rules)
    if changes.inserted:
        insert(staging, target, f"WHERE NOT EXISTS ({there(target, rules)})")
    return changes


PUBLISHERS: dict[str, Callable[[Staging, str, Rules], Changes]] = {
    Import.Mode.CREATE: create,
    Import.Mode.APPEND: append,
    Import.Mode.REPLACE: replace,
    Import.Mode.UPSERT: upsert,
}


# --- the difference ------------------------------------------------------------------------------------
def difference(staging: Staging, *, target: str, rules: Rules) -> Changes:
    """What publishing would change, rows of the file against rows of the table.

    Needs no index on the table, but one on the key of the staging table.
    """
    in_file = tables.count_rows(staging.table)
    if rules.mode != Import.Mode.UPSERT:
        is_swap = rules.mode == Import.Mode.REPLACE
        return Changes(inserted=in_file, deleted=tables.count_rows(target) if is_swap else 0)
    both, differing = matched(staging, target, rules)
    new = in_file - both
    return Changes(
        inserted=new if rules.inserts_new else 0,
        updated=differing if rules.updates_existing else 0,
        unchanged=both - differing,
        skipped=(0 if rules.inserts_new else new) + (0 if rules.updates_existing else differing),
        deleted=tables.count_rows(target) - both if rules.deletes_missing else 0,
    )


def matched(staging: Staging, target: str, rules: Rules) -> tuple[int, int]:
    """How many rows of the file are in the table by their key, and how many of them differ."""
    with connections[DATASETS].cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*), COUNT(CASE WHEN {differs(staging, rules)} THEN 1 END)"  # nosec B608 # names are quoted
            f" FROM {quoted(target)} t JOIN {quoted(staging.table)} s ON {same(rules.key_names)}"
        )
        both, differing = cursor.fetchone()
    return both, differing


def differs(staging: Staging, rules: Rules) -> str:
    operator = DIFFERS[connections[DATASETS].vendor]
    compared = [each for each in staging.columns if each.name not in rules.key_names]
    parts = [
        # A dry run does not add it: the table has no such column to compare with.
        f"s.{quoted(each.name)} IS NOT NULL"
        if each.is_new
        else f"t.{quoted(each.name)} {operator} s.{quoted(each.name)}"
        for each in compared
    ]
    return " OR ".join(parts) or "1 = 0"


def doomed(staging: Staging, target: str, rules: Rules) -> str:
    """A query for the rows of the table as they are, of those that will change or go."""
    parts = []
    if rules.updates_existing:
        parts.append(
            f"SELECT t.* FROM {quoted(target)} t JOIN {quoted(staging.table)} s"  # nosec B608 # names are quoted
            f" ON {same(rules.key_names)} WHERE {differs(staging, rules)}"
        )
    if rules.deletes_missing:
        gone = f"NOT EXISTS ({staged(staging, rules)})"
        parts.append(f"SELECT t.* FROM {quoted(target)} t WHERE {gone}")  # nosec B608 # names are quoted
    return " UNION ALL ".join(parts)


def staged(staging: Staging, rules: Rules) -> str:
    return f"SELECT 1 FROM {quoted(staging.table)} s WHERE {same(rules.key_names)}"  # nosec B608 # names are quoted


def there(target: str, rules: Rules) -> str:
    return f"SELECT 1 FROM {quoted(target)} t WHERE {same(rules.key_names)}"  # nosec B608 # names are quoted


# --- rows ------------------------------------------------------------------------------------------------
def insert(staging: Staging, target: str, condition: str = "") -> int:
    names = ", ".join(["_import", *(quoted(column.name) for column in staging.columns)])
    with connections[DATASETS].cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quoted(target)} ({names})"  # nosec B608 # names are quoted
            f" SELECT {names} FROM {quoted(staging.table)} s {condition} ORDER BY s._id"
        )
        return cursor.rowcount


def update(staging: Staging, target: str, rules: Rules) -> None:
    names = [quoted(each.name) for each in staging.columns if each.name not in rules.key_names]
    values = ", ".join(f"{name} = s.{name}" for name in names)
    run(
        f"UPDATE {quoted(target)} AS t SET {values} FROM {quoted(staging.table)} AS s"  # nosec B608 # names are quoted
        f" WHERE {same(rules.key_names)} AND ({differs(staging, rules)})"
    )
