"""Datasets that take their name while their first import runs; nobody sees half a table."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from apiapp.imports import tables
from apiapp.imports.access import roles
from apiapp.imports.errors import BadName, DatasetBusy, DatasetExists
from apiapp.imports.models import Column, Dataset, Import
from apiapp.imports.pipeline.schema import ColumnSpec, cut, words_of
from apiapp.jobs.models import Job
from apiapp.keys.callers import Caller

TITLE_LIMIT_CHARS = 200
SLUG_LIMIT_BYTES = 80


def slug_words(title: str) -> str:
    """The short name that `title` gives; empty if there is no letter or digit in it."""
    return words_of(title, joined_by="-", limit_bytes=SLUG_LIMIT_BYTES)


def require_name(*, title: str, caller: Caller, now: datetime) -> str:
    """A slug for a new dataset that is to be called `title`.

    Raises BadName, DatasetExists and DatasetBusy.  A name that only a dataset hidden from the
    caller has is no reason to refuse: a number tells the two apart.
    """
    slug = slug_words(title)
    if not slug:
        raise BadName(name=title)
    taken = dataset_called(slug, now=now)
    if taken is None:
        return slug
    if roles.visible(caller, Dataset.objects.filter(pk=taken.pk)).exists():
        raise DatasetExists(slug=slug)
    return unused_slug(slug)


def unused_slug(slug: str) -> str:
    """`slug`, or else slug-2, slug-3... that no dataset has."""
    free, number = slug, 1
    while Dataset.objects.filter(slug=free).exists():
        number += 1
        free = f"{cut(slug, SLUG_LIMIT_BYTES - len(str(number)) - 1)}-{number}"
    return free


def dataset_called(slug: str, *, now: datetime) -> Dataset | None:
    """The dataset that has the name; one whose only import is dead gives it back.

    Raises DatasetBusy where that import is alive.
    """
    dataset = Dataset.objects.filter(slug=slug).first()
    if dataset is None or dataset.published_at:
        return dataset
    maker = Import.objects.select_related("job").filter(dataset=dataset).first()
    if maker and not is_dead(maker.job, now=now):
        raise DatasetBusy(slug=slug, job_id=maker.job_id)
    remove(dataset)
    return None


def is_dead(job: Job, *, now: datetime) -> bool:
    """It has ended, or whoever ran it for the last time does so no more."""
    is_lost = job.lease_until is not None and job.lease_until < now
    return job.has_ended or (is_lost and job.attempts >= job.max_attempts)


def make(
    *,
    owner: User,
    title: str,
    slug: str,
    columns: Sequence[ColumnSpec],
    key: Sequence[str] = (),
) -> Dataset:
    """A hidden dataset with its columns; its table comes with the load.  Raises DatasetExists."""
    try:
        with transaction.atomic():
            dataset = Dataset.objects.create(
                owner=owner, title=title, slug=slug, key_columns=list(key)
            )
    except IntegrityError as error:
        raise DatasetExists(slug=slug) from error
    dataset.table_name = tables.table_name(slug=slug, dataset_id=dataset.pk)
    dataset.save(update_fields=["table_name"])
    Column.objects.bulk_create(
        Column(
            dataset=dataset,
            position=position,
            name=column.name,
            label=column.label,
            type=column.type,
            required=column.required,
            unique=column.unique,
            conditions=column.conditions,
        )
        for position, column in enumerate(columns)
    )
    return dataset


def remove(dataset: Dataset) -> None:
    """A hidden dataset and all that its import left."""
    for import_id in Import.objects.filter(dataset=dataset).values_list("pk", flat=True):
        tables.drop_left_staging(import_id)
        tables.forget_refusals(import_id)
    Dataset.objects.filter(pk=dataset.pk, published_at=None).delete()


def discard(row: Import) -> None:
    """Remove what a failed or cancelled import left; an applied one is left alone."""
    if tables.was_applied(row.pk):
        return
    tables.drop_left_staging(row.pk)
    tables.forget_refusals(row.pk)
    if row.dataset_id:
        Dataset.objects.filter(pk=row.dataset_id, published_at=None).delete()
