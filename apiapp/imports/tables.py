"""Imported tables: their names, staging tables beside them, and how they go again.

All on the alias `datasets`.  How rows become visible in them is in publishing.py.
"""

import re
import secrets
from collections.abc import Sequence

from django.db import DatabaseError, connections, transaction

from apiapp.imports.errors import TableInUse
from apiapp.imports.loaders import Staging, quoted, run
from apiapp.imports.models import LoadLedger, RefusedCell
from apiapp.imports.pipeline.schema import ColumnSpec, cut
from apiapp.imports.routers import DATASETS
from apiapp.imports.rows import FIELDS

# What each database holds, less _id and _import.
COLUMN_LIMITS = {"postgresql": 1600 - 2, "sqlite": 2000 - 2}
NAME_LIMIT_BYTES = 40
RUN_BYTES = 4
STAGING = re.compile(r"_load_([0-9]+)_[0-9a-f]+")
DROP_WAIT_MS = 2000
POSTGRES_TYPES = """SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"""


def column_limit() -> int:
    """How many columns a file may have."""
    return COLUMN_LIMITS[connections[DATASETS].vendor]


def table_name(*, slug: str, dataset_id: int) -> str:
    """A name that people recognise in other tools, and that no other table has or gets."""
    words = cut(slug.replace("-", "_"), NAME_LIMIT_BYTES)
    is_plain = words[:1].isalpha() and not words.startswith("sqlite_")
    return f"{words if is_plain else f't_{words}'}_{dataset_id}"


# --- staging ---------------------------------------------------------------------------------------
def new_staging(
    *,
    import_id: int,
    columns: Sequence[ColumnSpec],
    is_kept: bool,
    table_columns: Sequence[ColumnSpec] = (),
) -> Staging:
    """table_columns: all of the table, if the file does not fill each of them."""
    return Staging(
        table=f"_load_{import_id}_{secrets.token_hex(RUN_BYTES)}",
        import_id=import_id,
        columns=columns,
        is_kept=is_kept,
        table_columns=table_columns or columns,
    )


def left_staging() -> dict[str, int]:
    """Staging tables that exist, and the import of each."""
    connection = connections[DATASETS]
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
    found = ((name, STAGING.fullmatch(name)) for name in names)
    return {name: int(match[1]) for name, match in found if match}


def drop_left_staging(import_id: int) -> bool:
    """Drop what earlier runs of an import left; False if a run still holds its table.

    That one is left to be swept: a run without its job harms nobody.
    """
    left = [name for name, owner_id in left_staging().items() if owner_id == import_id]
    return all([drop_unless_held(name) for name in left])


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


def was_applied(import_id: int) -> LoadLedger | None:
    """The ledger's row of an import whose rows are visible."""
    return LoadLedger.objects.filter(import_id=import_id).first()


# --- of datasets -----------------------------------------------------------------------------------------
def exists(table: str) -> bool:
    connection = connections[DATASETS]
    with connection.cursor() as cursor:
        return table in connection.introspection.table_names(cursor)


def require_types(table: str, columns: Sequence[ColumnSpec]) -> None:
    """That the table has these columns, of these types, for as long as it is held.

    Raises TableInUse where somebody else has changed them: to be begun again.
    """
    there = types_of(table)
    asked = {each.name: str(FIELDS[each.type]().db_type(connections[DATASETS])) for each in columns}
    if any(there.get(name) != type_.lower() for name, type_ in asked.items()):
        raise TableInUse


def types_of(table: str) -> dict[str, str]:
    """Name of each column -> its type, in the database's own words, in lower case."""
    with connections[DATASETS].cursor() as cursor:
        if connections[DATASETS].vendor == "postgresql":
            cursor.execute(POSTGRES_TYPES, [quoted(table)])
        else:
            cursor.execute("SELECT name, type FROM pragma_table_info(%s)", [table])
        return {name: type_.lower() for name, type_ in cursor.fetchall()}


def drop(table: str) -> None:
    run(f"DROP TABLE IF EXISTS {quoted(table)}")


def count_rows(table: str) -> int:
    with connections[DATASETS].cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {quoted(table)}")  # nosec B608 # names are quoted
        return int(cursor.fetchone()[0])
