"""The columns of datasets, kept by the version of the schema that they are of.

The version is in the dataset's own row, which is read anew each time, and is counted up in the
transaction that changes a column: so nobody is given columns of before, in whatever process.
"""

import json
from functools import cache, partial
from typing import Any

from django.conf import settings
from django.utils import timezone

from apiapp.caching.configured import shared
from apiapp.caching.tiers import Terms, Tiers
from apiapp.imports.errors import UnknownDatasetColumn
from apiapp.imports.models import Column, Dataset

KEEP_S = 600.0
WAIT_S = 1.0
FIELDS = tuple(each.attname for each in Column._meta.concrete_fields)

Columns = tuple[Column, ...]  # in their order; read by several threads, changed by none


class ColumnsForm:
    """JSON: a list for each column, of its fields' values."""

    def dump(self, value: Columns) -> bytes:
        return json.dumps([[getattr(each, name) for name in FIELDS] for each in value]).encode()

    def load(self, said: bytes) -> Columns:
        return tuple(column_of(values) for values in json.loads(said))


def column_of(values: list[Any]) -> Column:
    """Raises ValueError for those of another version of this program."""
    if len(values) != len(FIELDS):
        raise ValueError(f"{len(values)} values for {len(FIELDS)} fields")
    return Column.from_db("default", FIELDS, values)


def attach(dataset: Dataset) -> None:
    """Give a dataset that was just read its columns, as `prefetch_related` does."""
    load = partial(_loaded, dataset)
    columns = kept_columns().get(key_of(dataset), load, now_s=timezone.now().timestamp())
    found = dataset.columns.all()
    found._result_cache, found._prefetch_done = list(columns or ()), True  # type: ignore[attr-defined]
    dataset._prefetched_objects_cache = {"columns": found}  # type: ignore[attr-defined]


def column_named(dataset: Dataset, name: str) -> Column:
    """Among those that were attached.  Raises UnknownDatasetColumn."""
    for column in dataset.columns.all():
        if column.name == name:
            return column
    raise UnknownDatasetColumn(name=name)


def key_of(dataset: Dataset) -> str:
    """created_at: what has the same number in another database is another dataset."""
    return f"{dataset.pk}.{dataset.schema_version}.{dataset.created_at.timestamp()}"


def _loaded(dataset: Dataset) -> Columns:
    return tuple(Column.objects.filter(dataset_id=dataset.pk))


@cache
def kept_columns() -> Tiers[Columns]:
    """Of this process, by its settings."""
    terms = Terms(
        cache="schemas",
        entries=settings.CACHING.entries,
        keep_s=KEEP_S,
        alone_s=KEEP_S,
        wait_s=WAIT_S,
    )
    return Tiers(terms, ColumnsForm(), shared())
