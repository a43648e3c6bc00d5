"""Columns that a file has and its dataset lacks are added in the same import, and undone with it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from apiapp.imports.models import Dataset, Import
from apiapp.jobs.models import Job
from tests.apiapp.imports.loading import cells, run_upload, uploaded

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)
Api = Callable[[User], APIClient]
FILE = "code,price,colour\na,1,red\nb,3,\n"


@pytest.fixture
def client(api: Api, user: User) -> APIClient:
    return api(user)


def begin(client: APIClient, user: User, content: str, **asked: Any) -> Any:
    body = {"file_id": uploaded(user, content.encode()).pk, "user_id": user.pk, **asked}
    return client.post("/api/import", {"dataset": "stock", **body})


def brought(client: APIClient, user: User, content: str, **asked: Any) -> Import:
    answer = begin(client, user, content, **asked)
    assert answer.status_code == 202, answer.json()
    run_upload(answer.json()["import_id"])
    Job.objects.update(state="succeeded")
    return Import.objects.get(pk=answer.json()["import_id"])


@pytest.fixture
def stock(client: APIClient, user: User) -> Dataset:
    brought(client, user, "code,price\na,1\nb,2\n", dataset="Stock", key="code")
    return Dataset.objects.get()


def names(dataset: Dataset) -> list[str]:
    return [column.name for column in dataset.columns.all()]


@pytest.mark.parametrize(
    ("mode", "rows"),
    [
        ("append", [("a", 1, None), ("b", 2, None), ("c", 4, "red")]),
        ("replace", [("c", 4, "red")]),
        ("upsert", [("a", 1, None), ("b", 2, None), ("c", 4, "red")]),
    ],
)
def test_a_column_that_is_added_comes_and_goes_with_its_import(
    client: APIClient, user: User, stock: Dataset, mode: str, rows: list[Any]
) -> None:
    version = stock.schema_version

    row = brought(client, user, "code,price,colour\nc,4,red\n", mode=mode, extra="add")
    added = names(stock), cells(stock)
    answer = client.post(f"/api/imports/{row.pk}/undo/")

    assert added == (["code", "price", "colour"], rows)
    assert answer.status_code == 200
    assert answer.json()["columns"][2]["added"]
    assert (names(stock), cells(stock)) == (["code", "price"], [("a", 1), ("b", 2)])
    stock.refresh_from_db()
    assert stock.schema_version == version + 2


def test_a_dry_run_counts_rows_that_the_new_column_changes_and_adds_nothing(
    client: APIClient, user: User, stock: Dataset
) -> None:
    row = brought(client, user, FILE, mode="upsert", extra="add", dry_run=True)
    untouched = names(stock)
    real = brought(client, user, FILE, mode="upsert", extra="add")

    assert (row.rows_updated, row.rows_unchanged, untouched) == (2, 0, ["code", "price"])
    assert (real.rows_updated, cells(stock)) == (2, [("a", 1, "red"), ("b", 3, None)])


def test_one_column_is_added_by_choice_and_another_is_left_out(
    client: APIClient, user: User, stock: Dataset
) -> None:
    chosen = [{}, {"name": "price"}, {"label": "Size (cm)", "type": "text", "add": True}]

    brought(client, user, "x,price,size\nc,4,7\n", mode="append", columns=[
        {"name": "code"}, *chosen[1:]
    ])  # fmt: skip

    assert stock.columns.get(name="size_cm").label == "Size (cm)"
    assert cells(stock)[-1] == ("c", 4, "7")


def test_a_column_that_others_filled_since_stays_when_the_import_is_undone(
    client: APIClient, user: User, stock: Dataset
) -> None:
    row = brought(client, user, "code,price,colour\nc,4,red\n", mode="append", extra="add")
    brought(client, user, "code,price,colour\nd,5,blue\n", mode="append")

    client.post(f"/api/imports/{row.pk}/undo/")

    assert cells(stock) == [("a", 1, None), ("b", 2, None), ("d", 5, "blue")]


def test_an_import_that_died_before_it_could_tell_the_dataset_tells_it_when_run_again(
    client: APIClient, user: User, stock: Dataset
) -> None:
    row = brought(client, user, "code,price,colour\nc,4,red\n", mode="append", extra="add")
    stock.columns.filter(name="colour").delete()
    Import.objects.filter(pk=row.pk).update(applied_at=None)

    run_upload(row.pk)

    assert names(stock) == ["code", "price", "colour"]


def test_of_two_imports_that_add_the_same_column_the_second_finds_it(
    client: APIClient, user: User, stock: Dataset
) -> None:
    content = "code,price,colour\n{},4,red\n"
    first = begin(client, user, content.format("c"), mode="append", extra="add").json()
    second = begin(client, user, content.format("d"), mode="append", extra="add").json()

    for each in (first, second):
        run_upload(each["import_id"])
    Job.objects.update(state="succeeded")
    client.post(f"/api/imports/{second['import_id']}/undo/")

    assert cells(stock)[-1] == ("c", 4, "red")


@pytest.mark.parametrize(
    "wish",
    [
        {"name": "price", "add": True},
        {"add": True, "required": True},
        {"add": True, "unique": True},
        {"add": "yes"},
        {"add": True, "conditions": {"references": "nowhere.code"}},
        {"add": True, "type": "integer", "form": "dmy"},
    ],
    ids=["there already", "required", "unique", "no yes or no", "bad reference", "bad form"],
)
def test_a_column_that_cannot_be_added_is_refused_and_nothing_changes(
    client: APIClient, user: User, stock: Dataset, wish: dict[str, Any]
) -> None:
    answer = begin(client, user, FILE, mode="append", columns=[{}, {}, wish])

    assert answer.status_code == 422, answer.json()
    assert names(stock) == ["code", "price"]


def test_a_word_that_is_no_choice_is_refused(client: APIClient, user: User, stock: Dataset) -> None:
    assert begin(client, user, FILE, mode="append", extra="ADD").status_code == 422
