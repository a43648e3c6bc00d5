"""Rows that were changed by hand are put back exactly, or it is said why not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from rest_framework.test import APIClient

from apiapp.imports import former_rows
from apiapp.imports.models import Dataset, DatasetEvent
from apiapp.jobs.models import Job
from tests.apiapp.imports.loading import imported
from tests.apiapp.imports.made import change_column, make_dataset

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.usefixtures("datasets_on"),
]
Api = Callable[[User], APIClient]
BASE = "/api/datasets/things/"
ROWS = f"{BASE}rows/"
TYPES = ["text", "integer", "decimal", "float", "boolean", "date", "timestamp", "uuid", "json"]
COLUMNS = {f"a_{type_}": type_ for type_ in TYPES}
VALUES = {
    "a_text": "ü\n'",
    "a_integer": -(2**63),
    "a_decimal": "123456789012345678901234567890.10",
    "a_float": 0.1,
    "a_boolean": False,
    "a_date": "2026-01-31",
    "a_timestamp": "2026-01-31T23:59:59.000001Z",
    "a_uuid": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "a_json": {"a": [1, "ü"]},
}


@pytest.fixture
def things(datasets_on: str, user: User) -> Dataset:
    return make_dataset(user, COLUMNS, [], slug="things")


@pytest.fixture
def client(api: Api, user: User, things: Dataset) -> APIClient:
    client = api(user)
    for values in (VALUES, {}):
        client.post(ROWS, values, format="json")
    return client


def stored(dataset: Dataset) -> list[Any]:
    """As the database writes it, with the kinds in which SQLite keeps it."""
    form = "{}::text" if connections["datasets"].vendor == "postgresql" else "quote({0})"
    cells = ", ".join(form.format(f'"{name}"') for name in ("_id", "_import", *COLUMNS))
    with connections["datasets"].cursor() as cursor:
        cursor.execute(f'SELECT {cells} FROM "{dataset.table_name}" ORDER BY _id')
        return list(cursor.fetchall())


def undo(client: APIClient) -> Any:
    """The last edit."""
    return client.post(f"{BASE}history/{DatasetEvent.objects.latest('pk').pk}/undo/")


EMPTY = dict.fromkeys(COLUMNS)
EDITS: dict[str, Callable[[APIClient], Any]] = {
    "add": lambda client: client.post(ROWS, [VALUES, VALUES], format="json"),
    "change": lambda client: client.patch(f"{ROWS}1/", EMPTY, format="json"),
    "change many": lambda client: client.patch(
        f"{ROWS}?_id=not.is.null", {**VALUES, "a_text": "x"}, format="json"
    ),
    "delete": lambda client: client.delete(f"{ROWS}1/"),
    "delete many": lambda client: client.delete(f"{ROWS}?_id=not.is.null"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_is_taken_back_exactly_and_that_too(
    client: APIClient, things: Dataset, edit: Callable[[APIClient], Any]
) -> None:
    before = stored(things)
    edit(client)
    after = stored(things)

    undone = undo(client)
    taken_back = stored(things)
    redone = undo(client)

    assert before != after
    assert undone.status_code == redone.status_code == 200
    assert (taken_back, stored(things)) == (before, after)
    edited = DatasetEvent.objects.order_by("-pk")[2]
    assert undone.json()["facts"]["undoes"] == edited.pk
    assert undone.json()["facts"]["row_ids"] == edited.facts["row_ids"]


def test_merged_rows_are_taken_back(client: APIClient, things: Dataset) -> None:
    change_column(things, "a_integer", unique=True)
    before = stored(things)
    client.post(
        f"{ROWS}?on_conflict=a_integer",
        [{"a_integer": -(2**63), "a_text": "y"}],
        format="json",
        HTTP_PREFER="resolution=merge-duplicates",
    )
    merged = stored(things)

    undo(client)

    assert merged != before
    assert stored(things) == before


def test_the_rows_of_before_are_told_to_nobody(client: APIClient) -> None:
    client.delete(f"{ROWS}1/")

    (told, *_) = client.get(f"{BASE}history/").json()["results"]

    assert told["facts"] == {"row_ids": [1]}
    assert "was" in DatasetEvent.objects.latest("pk").facts


def blocked(answer: Any) -> tuple[int, str, str]:
    problem = answer.json()
    return answer.status_code, problem["type"].rpartition(":")[2], problem["detail"]


def test_rows_that_were_changed_again_stand_in_the_way(client: APIClient, things: Dataset) -> None:
    client.patch(f"{ROWS}1/", {"a_text": "x"}, format="json")
    first = DatasetEvent.objects.latest("pk").pk
    client.patch(f"{ROWS}?_id=in.(1,2)", {"a_text": "y"}, format="json")
    before = stored(things)

    answer = client.post(f"{BASE}history/{first}/undo/")

    reason = "the same rows were changed again since: 1"
    assert blocked(answer) == (409, "undo-blocked", reason)
    assert stored(things) == before


@pytest.mark.parametrize(
    ("mode", "status_code"), [("append", 200), ("replace", 409)], ids=["append", "replace"]
)
def test_an_import_that_may_have_changed_the_rows_stands_in_the_way(
    api: Api, user: User, tmp_path: Path, mode: str, status_code: int
) -> None:
    path = tmp_path / "things.csv"
    path.write_text("n\n1\n")
    imported(user, path)
    Job.objects.update(state=Job.State.SUCCEEDED)
    client = api(user)
    client.patch(f"{ROWS}1/", {"n": 2}, format="json")
    edit = DatasetEvent.objects.latest("pk").pk
    imported(user, path, mode=mode, dataset="things")

    answer = client.post(f"{BASE}history/{edit}/undo/")

    assert answer.status_code == status_code


def test_a_column_that_was_dropped_stands_in_the_way(client: APIClient) -> None:
    client.patch(f"{ROWS}1/", {"a_text": "x"}, format="json")
    edit = DatasetEvent.objects.latest("pk").pk
    client.delete(f"{BASE}columns/a_date/")

    answer = client.post(f"{BASE}history/{edit}/undo/")

    assert blocked(answer)[1:] == ("undo-blocked", "columns of the table were changed since")


def test_a_deleted_row_comes_back_with_what_is_out_of_sight(
    client: APIClient, things: Dataset
) -> None:
    before = stored(things)
    client.delete(f"{BASE}columns/a_date/")
    client.delete(f"{ROWS}1/")

    assert undo(client).status_code == 200
    assert client.post(f"{BASE}columns/a_date/restore/").status_code == 200

    assert stored(things) == before


@pytest.mark.parametrize("bound", ["CELLS_MAX", "BYTES_MAX"])
def test_what_is_too_much_is_not_kept_and_says_so(
    client: APIClient, bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(former_rows, bound, 1)
    client.delete(f"{ROWS}?_id=not.is.null")

    code, type_, reason = blocked(undo(client))

    assert (code, type_) == (409, "not-undoable")
    assert "were not kept" in reason


def test_only_an_edit_of_this_dataset_is_taken_back_by_who_may_change_it(
    client: APIClient, api: Api, other_user: User
) -> None:
    client.patch(BASE, {"title": "Others"}, format="json")
    event = DatasetEvent.objects.latest("pk").pk

    assert blocked(undo(client))[:2] == (409, "not-undoable")
    assert client.post(f"{BASE}history/{event + 1}/undo/").status_code == 404
    assert client.post(f"{BASE}history/{2**70}/undo/").status_code == 404
    assert api(other_user).post(f"{BASE}history/{event}/undo/").status_code == 404
