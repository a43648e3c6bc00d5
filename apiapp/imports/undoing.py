"""Taking an import back: what it did to the table goes, whole and exactly, all else stays.

The rule.  An import that only added rows is taken back at any time, unless a later one changed or
removed rows.  One that changed or removed rows is taken back while no later one is in the table
(the newest first), its rows of before are still kept, nobody edited those by hand since, and the
table has the columns that it had.

Said first, done then: what a crash leaves half done is finished by the sweep.  Where others are at
the table all the while it is taken back that it was said.
"""

from datetime import datetime
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction

from apiapp.imports import added_columns, datasets, events, history, retyped_columns, tables
from apiapp.imports.altering.locking import patiently, wait_shortly
from apiapp.imports.errors import HistoryGone, NotUndoable, TableInUse, UndoBlocked
from apiapp.imports.models import Dataset, DatasetEvent, Import, LoadLedger
from apiapp.imports.routers import DATASETS


def undo(*, row: Import, by: User, now: datetime) -> Import:
    """Raises NotUndoable, UndoBlocked, HistoryGone, TableInUse, and DatasetBusy while another import
    runs.
    """
    with transaction.atomic():
        said = Import.objects.filter(pk=row.pk, applied_at__isnull=False, undone_at=None)
        if row.dataset is None or not said.update(undone_at=now, undone_by=by.get_username()):
            raise NotUndoable(state="without its dataset" if not row.dataset else row.state)
        datasets.refuse_while_importing(row.dataset)
        refuse_where_lost(row, row.dataset)
    row.refresh_from_db(fields=["undone_at", "undone_by"])
    try:
        return finish(row=row, now=now)
    except TableInUse:
        unsay(row)
        raise


def unsay(row: Import) -> None:
    """Nothing was done; what the sweep does meanwhile stays done."""
    if tables.was_applied(row.pk):
        said = Import.objects.filter(pk=row.pk, undone_at=row.undone_at)
        said.update(undone_at=None, undone_by="")


def refuse_where_lost(row: Import, dataset: Dataset) -> None:
    """Raises UndoBlocked, HistoryGone: see the rule above."""
    others = Import.objects.filter(dataset=dataset).exclude(pk=row.pk)
    later = history.later_than(row.pk, list(others.values_list("pk", flat=True)))
    refuse_after_others(row, dataset, later)


def refuse_after_others(row: Import, dataset: Dataset, later: list[LoadLedger]) -> None:
    """later: those that came into the table after it, the newest first.

    Raises UndoBlocked, HistoryGone.
    """
    if has_changed_rows(row):
        refuse_after(later, "came after it")
        if not history.is_kept(row.pk):
            raise HistoryGone
        if not history.fits(dataset.table_name, row.pk):
            raise UndoBlocked("columns of the table were added or dropped since")
        refuse_columns_changed(row, dataset)
        refuse_edited(row, dataset)
    refuse_after([each for each in later if ledger_changed_rows(each)], "changed rows after it")


def refuse_after(later: list[LoadLedger], what: str) -> None:
    if later:
        newest = later[0].import_id
        raise UndoBlocked(f"import {newest} {what}: undo that first", import_id=newest)


def refuse_columns_changed(row: Import, dataset: Dataset) -> None:
    """The table of before would come back without what its columns promise by now."""
    is_swapped = row.mode in (Import.Mode.REPLACE, Import.Mode.RETYPE)
    if is_swapped and events.columns_changed_since(dataset_id=dataset.pk, import_id=row.pk):
        raise UndoBlocked("columns of the table were changed since")


def refuse_edited(row: Import, dataset: Dataset) -> None:
    edited = events.rows_edited_since(dataset_id=dataset.pk, import_id=row.pk)
    if row.mode == Import.Mode.UPSERT:
        edited &= history.row_ids_among(row.pk, edited)
    if edited:
        shown = ", ".join(map(str, sorted(edited)[:5]))
        raise UndoBlocked(f"rows were edited by hand since, and would be lost: {shown}")


def has_changed_rows(row: Import) -> bool:
    is_swapped = row.mode in (Import.Mode.REPLACE, Import.Mode.RETYPE)
    return is_swapped or bool(row.rows_updated or row.rows_deleted)


def ledger_changed_rows(ledger: LoadLedger) -> bool:
    return bool(ledger.rows_updated or ledger.rows_deleted)


def finish(*, row: Import, now: datetime) -> Import:
    """Do what `undo` said, as far as it is not done yet.  Raises TableInUse: to be done again."""
    dataset = row.dataset
    if dataset:
        patiently(partial(take_back, row, dataset, now))
        settle(dataset, now=now)
        if tables.exists(dataset.table_name):
            added_columns.forget(dataset, added_columns.of_import(row), now=now)
            if row.mode == Import.Mode.RETYPE:
                retyped_columns.take_back(row, now=now)
    Import.objects.filter(pk=row.pk).update(applied_at=None)
    row.refresh_from_db(fields=["applied_at", "dataset"])
    return row


def take_back(row: Import, dataset: Dataset, now: datetime) -> None:
    """What it did to the table, in one transaction that stops no reader for long."""
    with transaction.atomic(using=DATASETS):
        wait_shortly()
        if history.take_back(table=dataset.table_name, import_id=row.pk, mode=row.mode):
            take_columns_back(row, dataset)
            undone = DatasetEvent.Kind.UNDONE
            events.tell(dataset, undone, by=row.undone_by, now=now, import_id=row.pk)


def take_columns_back(row: Import, dataset: Dataset) -> None:
    """Drop what the import added, but for columns that others use by now."""
    if added := added_columns.of_import(row):
        added_columns.drop_from_table(dataset.table_name, added, spared=dataset.key_columns)


def settle(dataset: Dataset, *, now: datetime) -> None:
    """Have the dataset say what its table has become."""
    if not tables.exists(dataset.table_name):
        dataset.delete()
        return
    count = tables.count_rows(dataset.table_name)
    Dataset.objects.filter(pk=dataset.pk).update(row_count=count, updated_at=now)


def half_undone() -> list[Import]:
    """Imports whose undoing was said and did not come to its end."""
    rows = Import.objects.filter(undone_at__isnull=False, applied_at__isnull=False)
    return list(rows.select_related("dataset"))
