"""Columns of a dataset are added, renamed, indexed and dropped while it is there."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from apiapp.imports import duplicates
from apiapp.imports.altering import dropped
from apiapp.imports.models import Dataset, Import
from apiapp.jobs.models import Job
from tests.apiapp.imports.loading import cells, imported, planned

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.usefixtures("datasets_on"),
]
Api = Callable[[User], APIClient]
COLUMNS = "/api/datasets/stock/columns/"


@pytest.fixture
def client(api: Api, user: User) -> APIClient:
    return api(user)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "stock.csv"
    path.write_text("code,n\na,1\nb,1\n")
    return path


@pytest.fixture
def stock(user: User, path: Path) -> Dataset:
    imported(user, path, dataset="Stock", key=["code"])
    Job.objects.update(state=Job.State.SUCCEEDED)
    return Dataset.objects.get()


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_a_column_is_added_filled_and_dropped(client: APIClient, stock: Dataset) -> None:
    added = client.post(COLUMNS, {"label": "Sold on", "type": "date"})
    filled = client.patch("/api/datasets/stock/rows/1/", {"sold_on": "2026-01-31"})
    shown = client.get(added["Location"])
    again = client.post(COLUMNS, {"label": "sold on", "type": "text"})
    dropped = client.delete(f"{COLUMNS}sold_on/")

    assert (added.status_code, added.json()["name"]) == (201, "sold_on")
    assert shown.json() == added.json()
    assert filled.json() == {"_id": 1, "code": "a", "n": 1, "sold_on": "2026-01-31"}
    assert (again.json()["name"], dropped.status_code) == ("sold_on_2", 204)
    assert client.get("/api/datasets/stock/rows/1/").json() == {
        "_id": 1,
        "code": "a",
        "n": 1,
        "sold_on_2": None,
    }
    told = client.get("/api/datasets/stock/history/").json()["results"]
    assert [each["kind"] for each in told[:4]] == [
        "schema_changed",
        "schema_changed",
        "row_changed",
        "schema_changed",
    ]


def test_a_label_changes_and_the_name_stays(client: APIClient, stock: Dataset) -> None:
    body = client.patch(f"{COLUMNS}n/", {"label": "Number"}).json()

    assert (body["name"], body["label"]) == ("n", "Number")
    assert stock.columns.get(name="n").label == "Number"


def test_an_index_comes_and_goes_and_may_keep_a_column_unique(
    client: APIClient, stock: Dataset
) -> None:
    refused = client.patch(f"{COLUMNS}n/", {"unique": True})
    indexed = client.patch(f"{COLUMNS}n/", {"indexed": True})
    client.patch("/api/datasets/stock/rows/2/", {"n": 2})
    unique = client.patch(f"{COLUMNS}n/", {"unique": True, "indexed": False})
    kept = duplicates.has_index(stock.table_name, ["n"])
    conflict = client.patch("/api/datasets/stock/rows/2/", {"n": 1})
    client.patch(f"{COLUMNS}n/", {"unique": False})

    assert problem(refused) == (422, "bad-columns")
    assert (indexed.json()["indexed"], unique.json()["unique"], kept) == (True, True, True)
    assert problem(conflict) == (409, "row-conflict")
    assert not duplicates.has_index(stock.table_name, ["n"])
    assert client.delete(f"{COLUMNS}n/").status_code == 204


def test_the_rows_that_are_there_get_the_default_of_a_new_column(
    client: APIClient, stock: Dataset
) -> None:
    answers = [
        client.post(COLUMNS, {"label": label, "type": type_, "default": default})
        for label, type_, default in [
            ("price", "decimal", "0.10"),
            ("sold", "boolean", "yes"),
            ("on", "date", "2026-01-31"),
            ("x", "integer", "many"),
        ]
    ]
    client.post("/api/datasets/stock/rows/", {"code": "c"})
    first, *_, last = client.get("/api/datasets/stock/rows/").json()["results"]

    assert [each.status_code for each in answers] == [201, 201, 201, 422]
    assert (float(first["price"]), first["sold"], first["on"]) == (0.1, True, "2026-01-31")
    assert (last["price"], last["sold"], last["on"]) == (None, None, None)


def test_a_dropped_column_comes_back_as_it_was(client: APIClient, stock: Dataset) -> None:
    client.patch(f"{COLUMNS}n/", {"label": "Number", "required": True})
    client.delete(f"{COLUMNS}n/")
    client.post("/api/datasets/stock/rows/", {"code": "c"})

    back = client.post(f"{COLUMNS}n/restore/")
    again = client.post(f"{COLUMNS}n/restore/")

    assert (back.json()["label"], back.json()["required"]) == ("Number", False)
    assert cells(stock) == [("a", 1), ("b", 1), ("c", None)]
    assert problem(again) == (410, "history-gone")
    assert problem(client.post(f"{COLUMNS}code/restore/")) == (404, "not-found")


def test_what_was_dropped_long_ago_is_gone_for_good(client: APIClient, stock: Dataset) -> None:
    client.delete(f"{COLUMNS}n/")
    tomorrow = timezone.now() + timedelta(days=1)

    kept = dropped.sweep(now=tomorrow, keep_days=2)
    swept = [dropped.sweep(now=tomorrow, keep_days=0.5) for _ in range(2)]

    assert (kept, swept) == (0, [1, 0])
    assert problem(client.post(f"{COLUMNS}n/restore/")) == (410, "history-gone")


def test_a_required_column_has_no_empty_cell_and_may_have_one_again(
    client: APIClient, stock: Dataset
) -> None:
    client.patch("/api/datasets/stock/rows/1/", {"n": None})
    refused = client.patch(f"{COLUMNS}n/", {"required": True})
    client.patch("/api/datasets/stock/rows/1/", {"n": 5})
    required = client.patch(f"{COLUMNS}n/", {"required": True})
    emptied = client.patch("/api/datasets/stock/rows/1/", {"n": None})
    client.patch(f"{COLUMNS}n/", {"required": False})

    assert (problem(refused), required.json()["required"]) == ((422, "bad-columns"), True)
    assert emptied.status_code == 422
    assert client.patch("/api/datasets/stock/rows/1/", {"n": None}).status_code == 200


def test_a_column_that_was_required_from_the_start_need_not_be(
    client: APIClient, user: User, path: Path
) -> None:
    imported(user, path, dataset="Stock", columns=[{"unique": True, "required": True}, {}])
    Job.objects.update(state=Job.State.SUCCEEDED)

    client.patch(f"{COLUMNS}code/", {"required": False})

    assert client.patch("/api/datasets/stock/rows/1/", {"code": None}).status_code == 200
    again = client.patch("/api/datasets/stock/rows/1/", {"code": "b"})
    assert problem(again) == (409, "row-conflict")


def test_a_change_that_changes_nothing_is_told_to_nobody(client: APIClient, stock: Dataset) -> None:
    said = client.get("/api/datasets/stock/history/").json()
    same = {"label": "n", "required": False, "unique": False, "conditions": {"pattern": ""}}

    answers = [client.patch(f"{COLUMNS}n/", each) for each in ({}, same)]

    assert [each.status_code for each in answers] == [200, 200]
    assert client.get("/api/datasets/stock/history/").json() == said


def test_of_two_who_change_a_column_the_second_is_told(client: APIClient, stock: Dataset) -> None:
    seen = client.get(f"{COLUMNS}n/")["ETag"]

    first = client.patch(f"{COLUMNS}n/", {"label": "N"}, headers={"If-Match": seen})
    second = client.patch(f"{COLUMNS}n/", {"label": "M"}, headers={"If-Match": seen})
    third = client.delete(f"{COLUMNS}n/", headers={"If-Match": seen})

    assert first.status_code == 200
    assert [problem(each) for each in (second, third)] == [(412, "precondition-failed")] * 2


def test_an_event_tells_what_was_and_what_is(client: APIClient, stock: Dataset) -> None:
    client.patch(f"{COLUMNS}n/", {"label": "N", "indexed": True})

    told = client.get("/api/datasets/stock/history/").json()["results"][0]

    assert (told["kind"], told["actor"]) == ("schema_changed", stock.owner.username)
    assert told["facts"]["before"] == {"label": "n", "indexed": False}
    assert told["facts"]["after"] == {"label": "N", "indexed": True}


def test_conditions_hold_for_rows_to_come(client: APIClient, stock: Dataset) -> None:
    client.patch(f"{COLUMNS}n/", {"conditions": {"minimum": "5"}})

    refused = client.post("/api/datasets/stock/rows/", {"code": "c", "n": 4})

    assert (refused.status_code, set(refused.json()["errors"])) == (422, {"n"})
    assert cells(stock) == [("a", 1), ("b", 1)]


def test_a_body_is_not_looked_at_for_who_does_not_see_the_dataset(
    api: Api, stock: Dataset, other_user: User
) -> None:
    client = api(other_user)

    answers = [
        client.post(COLUMNS, {}),
        client.patch(f"{COLUMNS}n/", {"unique": "perhaps"}),
        client.post("/api/datasets/stock/mapping/", {}),
    ]

    assert [each.status_code for each in answers] == [404, 404, 404]


def test_what_cannot_be_is_refused(client: APIClient, user: User, stock: Dataset) -> None:
    answers = [
        client.delete(f"{COLUMNS}code/"),
        client.patch(f"{COLUMNS}code/", {"indexed": True}),
        client.patch(f"{COLUMNS}n/", {"conditions": {"pattern": "a"}}),
        client.post(COLUMNS, {"label": "!!", "type": "text"}),
        client.delete(f"{COLUMNS}nothing/"),
        client.get(f"{COLUMNS}a%00b/"),
    ]

    assert [problem(each) for each in answers] == [
        (422, "bad-key"),
        (422, "bad-key"),
        (422, "bad-columns"),
        (422, "bad-columns"),
        (404, "not-found"),
        (404, "not-found"),
    ]


def test_nothing_is_changed_while_an_import_runs(
    client: APIClient, user: User, path: Path, stock: Dataset
) -> None:
    planned(user, path, dataset="stock", mode="upsert")

    assert problem(client.delete(f"{COLUMNS}n/")) == (409, "dataset-busy")


def test_an_import_is_not_undone_into_other_columns(
    client: APIClient, user: User, path: Path, stock: Dataset
) -> None:
    imported(user, path, dataset="stock", mode="replace")
    Job.objects.update(state=Job.State.SUCCEEDED)
    client.post(COLUMNS, {"label": "new", "type": "text"})

    answer = client.post(f"/api/imports/{Import.objects.latest('pk').pk}/undo/")

    assert problem(answer) == (409, "undo-blocked")
    assert len(cells(stock)) == 2
