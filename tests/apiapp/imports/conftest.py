"""The alias `datasets` on each database, whatever the test run itself is on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from apiapp.imports.models import DatasetEvent, LoadLedger, RefusedCell
from myproject.settings import DATASETS_SCHEMA, database
from tests.apiapp.conftest import drop_tables
from tests.serving import PostgresDatabase

DATASETS = "datasets"


@pytest.fixture(autouse=True)
def _passwords_are_hashed_fast(settings: Any) -> None:
    """A good hash takes longer than most of these tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with PostgresDatabase() as own:
        yield own.url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def datasets_on(request: pytest.FixtureRequest, tmp_path: Path, db: None) -> Iterator[str]:
    """Run the test once on each database; its name."""
    vendor: str = request.param
    usual = connections[DATASETS]
    if usual.vendor == vendor:
        drop_tables()  # a test that commits may have left some
        yield vendor
        drop_tables()
        return
    url = f"sqlite:///{tmp_path / 'datasets.sqlite3'}"
    if vendor == "postgresql":
        url = request.getfixturevalue("postgres_url")
    with swapped(usual, database(url, schema=DATASETS_SCHEMA)):
        call_command("migrate", database=DATASETS, verbosity=0)
        yield vendor
        drop_tables()
        for model in (DatasetEvent, RefusedCell, LoadLedger):
            model.objects.all().delete()


class swapped:
    """The alias leads to another database for the length of a with block."""

    def __init__(self, usual: Any, config: dict[str, Any]) -> None:
        self._usual = usual
        self._usual_config = connections.settings[DATASETS]
        self._config = {**self._usual_config, "TIME_ZONE": None, **config}

    def __enter__(self) -> None:
        connections.settings[DATASETS] = self._config
        connections[DATASETS] = connections.create_connection(DATASETS)

    def __exit__(self, *_error: object) -> None:
        connections[DATASETS].close()
        connections.settings[DATASETS] = self._usual_config
        connections[DATASETS] = self._usual
