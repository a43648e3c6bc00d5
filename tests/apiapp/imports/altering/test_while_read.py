"""Columns are changed on PostgreSQL while somebody reads the table and does not stop."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from apiapp.imports import columns, duplicates, undoing
from apiapp.imports.altering import locking
from apiapp.imports.columns import NewColumn, Wish
from apiapp.imports.errors import BadColumns, TableInUse
from apiapp.imports.models import Column, Dataset, Import
from apiapp.jobs.models import Job
from apiapp.keys.callers import person
from tests.apiapp.imports.loading import cells, imported
from tests.apiapp.imports.made import make_dataset

pytestmark = [
    pytest.mark.django_db(transaction=True, databases="__all__"),
    pytest.mark.postgres,
    pytest.mark.parametrize("datasets_on", ["postgresql"], indirect=True),
    pytest.mark.usefixtures("datasets_on"),
]
NEW = NewColumn("x", "integer", default="7")


@pytest.fixture
def things(datasets_on: str, user: User) -> Dataset:
    rows = [{"n": number % 50} for number in range(100)]
    return make_dataset(user, {"n": "integer", "name": "text"}, rows)


@pytest.fixture
def reader(things: Dataset) -> Iterator["psycopg.Connection[Any]"]:
    with reading(things) as other:
        yield other


@contextmanager
def reading(dataset: Dataset) -> Iterator["psycopg.Connection[Any]"]:
    """In the middle of a transaction that has read the table."""
    connection = connections["datasets"]
    parameters = connection.get_connection_params()
    wanted = ("dbname", "user", "password", "host", "port", "options")
    known = {name: parameters[name] for name in wanted if parameters.get(name)}
    with psycopg.connect(**known) as other:
        count(other, dataset)
        yield other


def count(other: "psycopg.Connection[Any]", dataset: Dataset) -> int:
    found = other.execute(f'SELECT count(*) FROM "{dataset.table_name}"'.encode()).fetchone()
    assert found
    return int(found[0])


def change(dataset: Dataset, **wish: Any) -> Column:
    return columns.change(
        caller=person(dataset.owner),
        dataset=dataset,
        name="n",
        wish=Wish(**wish),
        now=timezone.now(),
    )


def indexes(dataset: Dataset) -> int:
    with connections["datasets"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE tablename = %s", [dataset.table_name])
        return int(cursor.fetchone()[0])


def test_an_index_is_built_beside_a_reader(
    things: Dataset, reader: "psycopg.Connection[Any]"
) -> None:
    assert change(things, indexed=True).indexed
    assert indexes(things) == 2


def test_an_index_that_cannot_be_leaves_nothing(
    things: Dataset, reader: "psycopg.Connection[Any]"
) -> None:
    with pytest.raises(BadColumns):
        change(things, unique=True)

    assert indexes(things) == 1
    assert not duplicates.has_index(things.table_name, ["n"])


def test_what_must_wait_for_a_reader_stops_no_other_and_comes_once_it_has_ended(
    things: Dataset, reader: "psycopg.Connection[Any]", monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        assert count(reader, things) == 100  # nobody waits behind the one who gave way
        if len(waits) == 2:
            reader.rollback()

    monkeypatch.setattr(locking.time, "sleep", pause)
    added = columns.add(dataset=things, wanted=NEW, by=things.owner, now=timezone.now())

    assert (added.name, len(waits)) == ("x", 2)


def test_a_reader_who_does_not_end_is_told_of_and_nothing_is_changed(
    things: Dataset, reader: "psycopg.Connection[Any]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking.patiently, "__kwdefaults__", {"patience_s": 0})

    with pytest.raises(TableInUse):
        columns.drop(dataset=things, name="n", by=things.owner, now=timezone.now())
    with pytest.raises(TableInUse):
        columns.add(dataset=things, wanted=NEW, by=things.owner, now=timezone.now())

    assert [each.name for each in things.columns.all()] == ["n", "name"]


def test_a_replacing_import_is_undone_once_its_readers_have_ended_and_said_only_then(
    datasets_on: str, user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "things.csv"
    path.write_text("n\n1\n")
    dataset = finished(user, path).dataset
    path.write_text("n\n2\n")
    row = finished(user, path, mode="replace", dataset="things")
    assert dataset
    monkeypatch.setattr(locking.patiently, "__kwdefaults__", {"patience_s": 0})

    with reading(dataset):
        with pytest.raises(TableInUse):
            undoing.undo(row=row, by=user, now=timezone.now())
        row.refresh_from_db()
        assert (row.state, cells(dataset)) == ("succeeded", [(2,)])
    undone = undoing.undo(row=row, by=user, now=timezone.now())

    assert (undone.state, cells(dataset)) == ("undone", [(1,)])


def finished(user: User, path: Path, **wanted: Any) -> Import:
    row = imported(user, path, **wanted)
    Job.objects.filter(pk=row.job_id).update(state=Job.State.SUCCEEDED)
    return Import.objects.select_related("dataset", "job").get(pk=row.pk)
