"""Whether a column may have empty cells, kept by the database where it can.

SQLite adds and removes NOT NULL only with the whole table: there it is asked of each import and of
each row that is written, and a column is copied to get rid of it.
"""

from django.db import IntegrityError, connections, transaction

from apiapp.imports.altering import indexes
from apiapp.imports.altering.locking import patiently, wait_shortly
from apiapp.imports.duplicates import add_index, any_row
from apiapp.imports.errors import BadColumns
from apiapp.imports.loaders import definition, quoted, run
from apiapp.imports.models import Column
from apiapp.imports.pipeline.schema import ColumnSpec
from apiapp.imports.routers import DATASETS

COPY = "_copy"


def require_none(table: str, column: Column) -> None:
    """Raises BadColumns."""
    if any_row(f"SELECT 1 FROM {quoted(table)} WHERE {quoted(column.name)} IS NULL LIMIT 1"):  # nosec B608 # names are quoted
        raise BadColumns(f"{column.label} has empty cells: fill them first", columns=[column.name])


# --- from now on none -----------------------------------------------------------------------------------
def prepare_to_forbid(table: str, column: Column) -> None:
    """Have the rows that are there looked at without a lock.  Raises BadColumns, TableInUse."""
    require_none(table, column)
    if not is_postgres():
        return
    name, check = quoted(column.name), quoted(check_of(column))

    def add_check() -> None:
        with transaction.atomic(using=DATASETS):
            wait_shortly()
            run(f"ALTER TABLE {quoted(table)} DROP CONSTRAINT IF EXISTS {check}")
            run(
                f"ALTER TABLE {quoted(table)} ADD CONSTRAINT {check}"
                f" CHECK ({name} IS NOT NULL) NOT VALID"
            )

    patiently(add_check)
    try:
        run(f"ALTER TABLE {quoted(table)} VALIDATE CONSTRAINT {check}")
    except IntegrityError:
        run(f"ALTER TABLE {quoted(table)} DROP CONSTRAINT {check}")
        require_none(table, column)
        raise


def forbid(table: str, column: Column) -> None:
    """In a short transaction, after `prepare_to_forbid`."""
    if not is_postgres():
        require_none(table, column)
        return
    run(f"ALTER TABLE {quoted(table)} ALTER COLUMN {quoted(column.name)} SET NOT NULL")
    run(f"ALTER TABLE {quoted(table)} DROP CONSTRAINT {quoted(check_of(column))}")


def check_of(column: Column) -> str:
    return f"_filled_{column.pk}"


def is_postgres() -> bool:
    return connections[DATASETS].vendor == "postgresql"


# --- allowed again --------------------------------------------------------------------------------------
def allow(table: str, column: Column) -> None:
    """In a short transaction; SQLite copies the column if it has to, and locks out writers."""
    if is_postgres():
        run(f"ALTER TABLE {quoted(table)} ALTER COLUMN {quoted(column.name)} DROP NOT NULL")
    elif is_forbidden(table, column.name):
        copy_column(table, column)


def is_forbidden(table: str, name: str) -> bool:
    connection = connections[DATASETS]
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
    return any(each.name == name and not each.null_ok for each in described)


def copy_column(table: str, column: Column) -> None:
    kept = [each for each in indexes.found(table).items() if column.name in each[1]["columns"]]
    for index, _ in kept:
        run(f"DROP INDEX {quoted(index)}")
    spec = ColumnSpec(name=COPY, label=column.label, type=column.type)
    run(f"ALTER TABLE {quoted(table)} ADD COLUMN {definition(spec, is_kept=False)}")
    run(f"UPDATE {quoted(table)} SET {COPY} = {quoted(column.name)}")  # nosec B608 # names are quoted
    run(f"ALTER TABLE {quoted(table)} DROP COLUMN {quoted(column.name)}")
    run(f"ALTER TABLE {quoted(table)} RENAME COLUMN {COPY} TO {quoted(column.name)}")
    for _, facts in kept:
        add_index(table, facts["columns"], is_unique=facts["unique"])
