"""Imported tables in tests: which there are, and how they go."""

from collections.abc import Iterator

import pytest
from django.db import connections

from apiapp.idempotency.models import KeptAnswer
from apiapp.imports.models import DatasetEvent, LoadLedger, RefusedCell

DATASETS = "datasets"
OWN_TABLES = {"django_migrations"} | {
    model._meta.db_table for model in (DatasetEvent, RefusedCell, LoadLedger, KeptAnswer)
}


@pytest.fixture
def tables_gone_after(transactional_db: None) -> Iterator[None]:
    """For tests that commit: Django empties the tables it knows, and knows no imported ones."""
    yield
    drop_tables()


def tables() -> set[str]:
    """The tables of imported data, staging tables included."""
    connection = connections[DATASETS]
    with connection.cursor() as cursor:
        return set(connection.introspection.table_names(cursor)) - OWN_TABLES


def drop_tables() -> None:
    with connections[DATASETS].cursor() as cursor:
        for name in tables():
            cursor.execute(f'DROP TABLE "{name}"')
