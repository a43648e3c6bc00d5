"""See and change datasets and their rows: what REST, pages and the admin have in common."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from apiapp.imports import row_query, selection, tables
from apiapp.imports.errors import DatasetBusy, RowConflict, UnknownDataset, UnknownRow
from apiapp.imports.models import Dataset, Import
from apiapp.imports.routers import DATASETS
from apiapp.imports.row_query import RowQuery
from apiapp.imports.rows import model_for, rows_of
from apiapp.imports.selection import Page
from apiapp.imports.values import INT64
from apiapp.jobs.models import Job
from apiapp.keys.callers import Caller

OnRow = Callable[[dict[str, Any]], None]


def agree_always(_seen: Any) -> None:
    """To any change of what is seen."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row as it was and as it is: attribute -> value."""

    before: dict[str, Any]
    after: dict[str, Any]


def published() -> QuerySet[Dataset]:
    found = Dataset.objects.filter(published_at__isnull=False).exclude(table_name="")
    return found.select_related("owner").prefetch_related("columns")


def visible_to(caller: Caller) -> QuerySet[Dataset]:
    return caller.visible(published())


def dataset_of(*, caller: Caller, slug: str) -> Dataset:
    """Raises UnknownDataset, also for what is not the caller's."""
    if "\0" in slug:  # PostgreSQL cannot be asked for it
        raise UnknownDataset(name=slug)
    try:
        return visible_to(caller).get(slug=slug)
    except Dataset.DoesNotExist as error:
        raise UnknownDataset(name=slug) from error


def types_of(dataset: Dataset) -> dict[str, str]:
    """Column name -> type, of all that rows can be asked for."""
    columns = dataset.columns.all()
    return row_query.types_with_ids({column.name: column.type for column in columns})


def rename(
    *, dataset: Dataset, title: str, agree: Callable[[Dataset], None] = agree_always
) -> Dataset:
    """Raises what `agree` raises when it sees the dataset as it is."""
    with transaction.atomic():
        held = published().select_for_update(of=("self",)).get(pk=dataset.pk)
        agree(held)
        held.title = title
        held.save(update_fields=["title", "updated_at"])
    return held


def delete(*, dataset: Dataset) -> None:
    """The dataset with its table.  Raises DatasetBusy while an import into it has not ended.

    The table goes first: if that fails, the dataset is still there to be deleted again.
    """
    refuse_while_importing(dataset)
    tables.drop(dataset.table_name)
    dataset.delete()


def refuse_while_importing(dataset: Dataset) -> None:
    ended = Import.objects.filter(dataset=dataset).exclude(job__state__in=Job.ENDED)
    if busy := ended.order_by("id").first():
        raise DatasetBusy(slug=dataset.slug, job_id=busy.job_id)


def page_of(*, dataset: Dataset, query: RowQuery) -> Page:
    """Raises BadRowQuery for a bad cursor."""
    return selection.page_of(rows_of(dataset), query, types_of(dataset))


def count_of(*, dataset: Dataset, query: RowQuery) -> int:
    """How many rows match; a count above selection.COUNTED_MAX means: more than that."""
    if not query.conditions and not query.search:
        return dataset.row_count
    return selection.counted(rows_of(dataset), query, types_of(dataset))


def row_of(*, dataset: Dataset, row_id: int) -> dict[str, Any]:
    """One row: attribute -> value.  Raises UnknownRow."""
    return only_row(rows_of(dataset), dataset, row_id)


def held_row(*, dataset: Dataset, row_id: int) -> dict[str, Any]:
    """As row_of; nobody else changes the row before this transaction ends."""
    return only_row(rows_of(dataset).select_for_update(), dataset, row_id)


def only_row(rows: QuerySet[Any], dataset: Dataset, row_id: int) -> dict[str, Any]:
    names = selection.attributes(types_of(dataset))
    found = rows.filter(row_id=row_id).values(*names).first()
    if found is None:
        raise UnknownRow(row_id=row_id)
    return found


def add_row(*, dataset: Dataset, values: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Raises RowConflict."""
    with unique_values_kept():
        row = model_for(dataset)._default_manager.using(DATASETS).create(**values)
        counted = partial(count_rows, dataset, added=1, now=now)
        transaction.on_commit(counted, using=DATASETS)
    return row_of(dataset=dataset, row_id=row.pk)


def change_row(
    *,
    dataset: Dataset,
    row_id: int,
    values: dict[str, Any],
    now: datetime,
    agree: OnRow = agree_always,
) -> RowChange:
    """Raises UnknownRow, RowConflict, and what `agree` raises when it sees the row as it is."""
    with unique_values_kept():
        before = held_row(dataset=dataset, row_id=row_id)
        agree(before)
        if values:
            rows_of(dataset).filter(row_id=row_id).update(**values)
        after = row_of(dataset=dataset, row_id=row_id)
    count_rows(dataset, added=0, now=now)
    return RowChange(before, after)


def delete_rows(
    *, dataset: Dataset, row_ids: Collection[int], now: datetime
) -> list[dict[str, Any]]:
    """Delete the rows of these numbers; return those that were there."""
    with transaction.atomic(using=DATASETS):
        doomed = rows_of(dataset).filter(row_id__in=[each for each in row_ids if each in INT64])
        gone = list(doomed.values(*selection.attributes(types_of(dataset))))
        doomed.delete()
        counted = partial(count_rows, dataset, added=-len(gone), now=now)
        transaction.on_commit(counted, using=DATASETS)
    return gone


def delete_row(
    *, dataset: Dataset, row_id: int, now: datetime, agree: OnRow = agree_always
) -> None:
    """Raises UnknownRow, and what `agree` raises when it sees the row as it is."""
    with transaction.atomic(using=DATASETS):
        agree(held_row(dataset=dataset, row_id=row_id))
        delete_rows(dataset=dataset, row_ids=[row_id], now=now)


@contextmanager
def unique_values_kept() -> Iterator[None]:
    """One transaction on the rows.  Raises RowConflict where it breaks a promise of the table."""
    try:
        with transaction.atomic(using=DATASETS):
            yield
    except IntegrityError as error:
        raise RowConflict from error


def count_rows(dataset: Dataset, *, added: int, now: datetime) -> None:
    """After the rows' own transaction: their database must not keep the other one locked."""
    Dataset.objects.filter(pk=dataset.pk).update(row_count=F("row_count") + added, updated_at=now)
    dataset.refresh_from_db(fields=["row_count", "updated_at"])
