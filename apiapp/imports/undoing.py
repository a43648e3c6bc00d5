"""Taking an import back: its rows go, whole and exactly, and those of others stay.

Said first, done then: what a crash leaves half done is finished by the sweep.
"""

from datetime import datetime

from django.db import transaction

from apiapp.imports import datasets, tables
from apiapp.imports.errors import NotUndoable
from apiapp.imports.models import Dataset, Import


def undo(*, row: Import, now: datetime) -> Import:
    """Raises NotUndoable, and DatasetBusy while another import into the dataset runs."""
    with transaction.atomic():
        said = Import.objects.filter(pk=row.pk, applied_at__isnull=False, undone_at=None)
        if row.dataset is None or not said.update(undone_at=now):
            raise NotUndoable(state="without its dataset" if not row.dataset else row.state)
        datasets.refuse_while_importing(row.dataset)
    row.refresh_from_db(fields=["undone_at"])
    return finish(row=row, now=now)


def finish(*, row: Import, now: datetime) -> Import:
    """Do what `undo` said, as far as it is not done yet."""
    dataset = row.dataset
    if dataset:
        tables.take_back(
            table=dataset.table_name,
            import_id=row.pk,
            made_the_table=row.mode == Import.Mode.CREATE,
        )
        settle(dataset, now=now)
    Import.objects.filter(pk=row.pk).update(applied_at=None)
    row.refresh_from_db(fields=["applied_at", "dataset"])
    return row


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
