"""Datasets made for tests, without a file."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from apiapp.imports import columns
from apiapp.imports.models import Column, Dataset
from apiapp.imports.rows import attribute, model_for, rows_of

ALL_TYPES = {type_: type_ for type_ in Column.Type.values}


def make_dataset(
    owner: User,
    columns: Mapping[str, str],
    rows: Iterable[Mapping[str, Any]] = (),
    *,
    slug: str = "things",
    required: Iterable[str] = (),
) -> Dataset:
    """A published dataset with its table; `columns` maps names to types."""
    dataset = Dataset.objects.create(
        owner=owner, slug=slug, title=slug.title(), published_at=timezone.now()
    )
    dataset.table_name = f"made_{dataset.pk}"
    dataset.save()
    Column.objects.bulk_create(
        Column(
            dataset=dataset,
            position=position,
            name=name,
            label=name.title(),
            type=type_,
            required=name in required,
        )
        for position, (name, type_) in enumerate(columns.items())
    )
    create_table(dataset)
    fill(dataset, rows)
    return dataset


def change_column(dataset: Dataset, name: str, **facts: Any) -> None:
    """Only what is known of it, not the table; whoever keeps columns notices."""
    dataset.columns.filter(name=name).update(**facts)
    columns.count_version(dataset, now=timezone.now())


def create_table(dataset: Dataset) -> None:
    connection = connections["datasets"]
    definitions = []
    for field in model_for(dataset)._meta.local_fields:
        parts = [connection.ops.quote_name(field.column), field.db_type(connection)]
        if field.primary_key:
            parts += ["PRIMARY KEY", field.db_type_suffix(connection)]
        definitions.append(" ".join(filter(None, parts)))
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE TABLE "{dataset.table_name}" ({", ".join(definitions)})')


def fill(dataset: Dataset, rows: Iterable[Mapping[str, Any]]) -> None:
    model = model_for(dataset)
    made = [model(**{attribute(name): value for name, value in row.items()}) for row in rows]
    model._default_manager.using("datasets").bulk_create(made)
    dataset.row_count = rows_of(dataset).count()
    dataset.save(update_fields=["row_count"])


def stored(dataset: Dataset, column: str) -> list[Any]:
    """What the database itself has in `column`, as its driver reads it."""
    with connections["datasets"].cursor() as cursor:
        cursor.execute(f'SELECT "{column}" FROM "{dataset.table_name}" ORDER BY "_id"')
        return [value for (value,) in cursor.fetchall()]
