"""Columns that were dropped: out of sight at once, with their values kept for a while.

In the table such a column is called `_dropped_<event>`, by the event that tells of it and of what
the column was.
"""

import re
from datetime import datetime, timedelta

from django.db import transaction

from apiapp.imports import duplicates, history
from apiapp.imports.altering import empty_cells
from apiapp.imports.altering.errors import ColumnGone
from apiapp.imports.altering.locking import patiently, wait_shortly
from apiapp.imports.duplicates import any_row
from apiapp.imports.errors import TableInUse, UnknownDatasetColumn
from apiapp.imports.loaders import quoted, run
from apiapp.imports.models import Column, Dataset, DatasetEvent
from apiapp.imports.pipeline.schema import ColumnSpec
from apiapp.imports.routers import DATASETS

HIDDEN = re.compile(r"_dropped_([0-9]+)")
Kind = DatasetEvent.Kind


def hidden_name(event: DatasetEvent) -> str:
    return f"_dropped_{event.pk}"


def hide(table: str, column: Column, event: DatasetEvent) -> None:
    """In the transaction of the event.  Rows to come are empty there."""
    empty_cells.allow(table, column)
    rename(table, column.name, hidden_name(event))


def show(table: str, name: str, event: DatasetEvent) -> None:
    rename(table, hidden_name(event), name)


def rename(table: str, was: str, name: str) -> None:
    run(f"ALTER TABLE {quoted(table)} RENAME COLUMN {quoted(was)} TO {quoted(name)}")


def told_of(dataset: Dataset, name: str) -> DatasetEvent:
    """The last dropping of a column called so.  Raises UnknownDatasetColumn, ColumnGone."""
    told = DatasetEvent.objects.filter(dataset_id=dataset.pk, kind=Kind.SCHEMA_CHANGED)
    # PostgreSQL is not asked for a NUL; no column's name has the other.
    name = name.replace("\0", "\ufffd")
    event = told.filter(facts__column=name, facts__dropped=True).order_by("-pk").first()
    if event is None:
        raise UnknownDatasetColumn(name=name)
    if hidden_name(event) not in history.column_names(dataset.table_name):
        raise ColumnGone(name=name)
    return event


def specs_in(table: str) -> list[ColumnSpec]:
    """The columns that are out of sight, under the names that they have in the table."""
    matches = map(HIDDEN.fullmatch, history.column_names(table))
    hidden = {int(match[1]): match[0] for match in matches if match}
    told = DatasetEvent.objects.filter(pk__in=hidden)
    return [ColumnSpec(hidden[each.pk], "", each.facts["before"]["type"]) for each in told]


def has_empty_cells(table: str, event: DatasetEvent) -> bool:
    name = quoted(hidden_name(event))
    return any_row(f"SELECT 1 FROM {quoted(table)} WHERE {name} IS NULL LIMIT 1")  # nosec B608 # names are quoted


# --- gone for good ----------------------------------------------------------------------------------------
def sweep(*, now: datetime, keep_days: float) -> int:
    """Drop what has been out of sight for so long; return how many."""
    told = DatasetEvent.objects.filter(kind=Kind.SCHEMA_CHANGED, facts__dropped=True)
    old = dict(told.filter(at__lt=now - timedelta(days=keep_days)).values_list("pk", "dataset_id"))
    tables = dict(Dataset.objects.filter(pk__in=set(old.values())).values_list("pk", "table_name"))
    return sum(sweep_table(table, set(old)) for table in tables.values() if table)


def sweep_table(table: str, event_ids: set[int]) -> int:
    matches = map(HIDDEN.fullmatch, history.column_names(table))
    doomed = [match[0] for match in matches if match and int(match[1]) in event_ids]
    return sum(drop_for_good(table, name) for name in doomed)


def drop_for_good(table: str, name: str) -> bool:
    """False if others are in the way: the next sweep tries again."""

    def drop() -> None:
        with transaction.atomic(using=DATASETS):
            wait_shortly()
            duplicates.drop_indexes(table, name)
            run(f"ALTER TABLE {quoted(table)} DROP COLUMN {quoted(name)}")

    try:
        patiently(drop, patience_s=0)
    except TableInUse:
        return False
    return True
