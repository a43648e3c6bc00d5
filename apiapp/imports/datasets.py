"""See and change datasets and their rows: what REST, pages and the admin have in common."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from apiapp.imports import (
    events,
    former_rows,
    history,
    row_query,
    row_rules,
    schemas,
    selection,
    tables,
)
from apiapp.imports.access import roles
from apiapp.imports.errors import DatasetBusy, RowConflict, UnknownDataset, UnknownRow
from apiapp.imports.events import Kind
from apiapp.imports.former_rows import Kept
from apiapp.imports.models import Dataset, DatasetEvent, Import, Role
from apiapp.imports.routers import DATASETS
from apiapp.imports.row_query import RowQuery
from apiapp.imports.rows import ROW_ID, attribute, model_for, rows_of
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
    return without_columns().prefetch_related("columns")


def without_columns() -> QuerySet[Dataset]:
    found = Dataset.objects.filter(published_at__isnull=False).exclude(table_name="")
    return found.select_related("owner")


def visible_to(caller: Caller) -> QuerySet[Dataset]:
    """The caller's own and those that are shared with them; see access/roles.py."""
    return roles.visible(caller, published())


def dataset_of(*, caller: Caller, slug: str, needs: Role = Role.VIEWER) -> Dataset:
    """Raises UnknownDataset, also for what is not shared with the caller, and NotPermitted."""
    if "\0" in slug:  # PostgreSQL cannot be asked for it
        raise UnknownDataset(name=slug)
    dataset = without_columns().filter(slug=slug).first()
    role = roles.role_of(caller, dataset)
    if dataset is None or not role:
        raise UnknownDataset(name=slug)
    dataset.callers_role = role
    schemas.attach(dataset)
    roles.require(dataset, needs)
    return dataset


def types_of(dataset: Dataset) -> dict[str, str]:
    """Column name -> type, of all that rows can be asked for."""
    columns = dataset.columns.all()
    return row_query.types_with_ids({column.name: column.type for column in columns})


def rename(
    *,
    dataset: Dataset,
    title: str,
    by: User,
    now: datetime,
    agree: Callable[[Dataset], None] = agree_always,
) -> Dataset:
    """Raises what `agree` raises when it sees the dataset as it is."""
    with transaction.atomic():
        held = published().select_for_update(of=("self",)).get(pk=dataset.pk)
        held.callers_role = dataset.callers_role
        agree(held)
        was, held.title = held.title, title
        held.save(update_fields=["title", "updated_at"])
    if title != was:
        tell_renamed(held, before=was, by=by, now=now)
    return held


def tell_renamed(dataset: Dataset, *, before: str, by: User, now: datetime) -> None:
    title = dataset.title
    events.tell(dataset, Kind.RENAMED, by=by.get_username(), now=now, before=before, after=title)


def delete(*, dataset: Dataset, by: User, now: datetime) -> None:
    """The dataset with its table.  Raises DatasetBusy while an import into it has not ended.

    The table goes first: if that fails, the dataset is still there to be deleted again.
    """
    refuse_while_importing(dataset)
    with transaction.atomic(using=DATASETS):
        tables.drop(dataset.table_name)
        history.drop_of(list(dataset.imports.values_list("pk", flat=True)))
        events.tell(dataset, Kind.DELETED, by=by.get_username(), now=now)
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


def add_row(*, dataset: Dataset, values: dict[str, Any], by: User, now: datetime) -> dict[str, Any]:
    """Raises RowConflict, RowRefused."""
    row_rules.require(dataset, values)
    with unique_values_kept():
        row = model_for(dataset)._default_manager.using(DATASETS).create(**values)
        tell_edit(dataset, Kind.ROW_ADDED, [row.pk], by=by, now=now)
        counted = partial(count_rows, dataset, added=1, now=now)
        transaction.on_commit(counted, using=DATASETS)
    return row_of(dataset=dataset, row_id=row.pk)


def change_row(
    *,
    dataset: Dataset,
    row_id: int,
    values: dict[str, Any],
    by: User,
    now: datetime,
    agree: OnRow = agree_always,
) -> RowChange:
    """Raises UnknownRow, RowConflict, RowRefused, and what `agree` raises when it sees the row."""
    row_rules.require(dataset, values)
    with unique_values_kept():
        before = held_row(dataset=dataset, row_id=row_id)
        agree(before)
        if values:
            was = cells_kept(dataset, [row_id], values)
            rows_of(dataset).filter(row_id=row_id).update(**values)
            tell_edit(dataset, Kind.ROW_CHANGED, [row_id], by=by, now=now, was=was)
        after = row_of(dataset=dataset, row_id=row_id)
    count_rows(dataset, added=0, now=now)
    return RowChange(before, after)


def delete_rows(
    *, dataset: Dataset, row_ids: Collection[int], by: User, now: datetime
) -> list[dict[str, Any]]:
    """Delete the rows of these numbers; return those that were there."""
    with transaction.atomic(using=DATASETS):
        doomed = rows_of(dataset).filter(row_id__in=[each for each in row_ids if each in INT64])
        gone = list(doomed.values(*selection.attributes(types_of(dataset))))
        gone_ids = [each[ROW_ID] for each in gone]
        was = former_rows.whole(dataset.table_name, gone_ids) if gone else None
        doomed.delete()
        if gone:
            tell_edit(dataset, Kind.ROWS_DELETED, gone_ids, by=by, now=now, was=was)
        counted = partial(count_rows, dataset, added=-len(gone), now=now)
        transaction.on_commit(counted, using=DATASETS)
    return gone


def delete_row(
    *, dataset: Dataset, row_id: int, by: User, now: datetime, agree: OnRow = agree_always
) -> None:
    """Raises UnknownRow, and what `agree` raises when it sees the row as it is."""
    with transaction.atomic(using=DATASETS):
        agree(held_row(dataset=dataset, row_id=row_id))
        delete_rows(dataset=dataset, row_ids=[row_id], by=by, now=now)


def tell_edit(
    dataset: Dataset,
    kind: Kind,
    row_ids: Sequence[int],
    *,
    by: User,
    now: datetime,
    was: Kept | None = None,
    **facts: Any,
) -> DatasetEvent:
    """was: the rows of before; an edit without them is not taken back."""
    kept: dict[str, Any] = {events.FORMER: was} if was else {}
    actor = by.get_username()
    return events.tell(dataset, kind, by=actor, now=now, row_ids=list(row_ids), **facts, **kept)


def cells_kept(dataset: Dataset, row_ids: Sequence[int], values: Collection[str]) -> Kept | None:
    """Of the columns whose attributes are `values`; call it before they are written."""
    names = [each.name for each in dataset.columns.all() if attribute(each.name) in values]
    return former_rows.cells(dataset.table_name, row_ids, names)


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
