"""Columns that an import adds to a dataset: in the table with its rows, gone with its undoing.

The table is changed in the transaction that makes the rows visible; the dataset is told
afterwards, with all else that the ledger says.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connections
from django.db.models import Max

from apiapp.imports import columns, history
from apiapp.imports.loaders import definition, quoted, run
from apiapp.imports.models import Column, Dataset, Import
from apiapp.imports.pipeline.schema import ColumnSpec, from_dicts
from apiapp.imports.routers import DATASETS


def of_import(row: Import) -> list[ColumnSpec]:
    return [each for each in from_dicts(row.columns) if each.is_new]


def add_to_table(table: str, added: Sequence[ColumnSpec]) -> None:
    """Empty in all rows that are there.  To be called in the transaction that publishes."""
    there = set(history.column_names(table)) if added else set()
    for column in added:
        if column.name not in there:
            run(f"ALTER TABLE {quoted(table)} ADD COLUMN {definition(column, is_kept=False)}")


def tell(dataset: Dataset, added: Sequence[ColumnSpec], *, now: datetime) -> None:
    """Have the dataset say that it has them; done twice, done once."""
    known = set(Column.objects.filter(dataset=dataset).values_list("name", flat=True))
    new = [each for each in added if each.name not in known]
    if not new:
        return
    last = Column.objects.filter(dataset=dataset).aggregate(last=Max("position"))["last"] or 0
    Column.objects.bulk_create(
        Column(
            dataset=dataset,
            position=position,
            name=each.name,
            label=each.label,
            type=each.type,
            conditions=each.conditions,
        )
        for position, each in enumerate(new, start=last + 1)
    )
    columns.count_version(dataset, now=now)


# --- take back -------------------------------------------------------------------------------------------
def drop_from_table(table: str, added: Iterable[ColumnSpec], *, spared: Sequence[str]) -> None:
    """Drop those in which nobody else has written since, and that are not in `spared`."""
    for column in added:
        if column.name not in spared and is_empty(table, column.name):
            columns.drop_from_table(table, column.name)


def is_empty(table: str, name: str) -> bool:
    with connections[DATASETS].cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {quoted(table)} WHERE {quoted(name)} IS NOT NULL LIMIT 1")  # nosec B608 # names are quoted
        return cursor.fetchone() is None


def forget(dataset: Dataset, added: Sequence[ColumnSpec], *, now: datetime) -> None:
    """Have the dataset say what its table has become; done twice, done once."""
    there = set(history.column_names(dataset.table_name)) if added else set()
    gone = [each.name for each in added if each.name not in there]
    if Column.objects.filter(dataset=dataset, name__in=gone).delete()[0]:
        columns.count_version(dataset, now=now)
