"""Rows by position are those that reading all rows would have found there."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache.backends.locmem import LocMemCache
from django.db import connections
from django.utils import timezone
from pytest import MonkeyPatch
from rest_framework.test import APIClient

from apiapp.imports import datasets, row_query, selection
from apiapp.imports.models import Dataset
from apiapp.imports.rows import rows_of
from apiapp.imports.windows import anchors, reading
from tests.apiapp.imports.made import make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")

COLUMNS = {"name": "text", "price": "decimal", "stock": "integer"}
ROWS: list[dict[str, Any]] = [
    {
        "name": None if number % 7 == 3 else f"n{number % 5}",
        "price": None if number % 4 == 0 else number % 6,
        "stock": number * 7 % 23,
    }
    for number in range(40)
]
ORDERS = [
    "",
    "_id.desc",
    "stock",
    "stock.desc",
    "name.desc,price",
    "name.nullsfirst,_id.desc",
    "price.desc.nullsfirst",
]
FILTERS = ["", "stock=gte.5", "name=is.null", "search=N1"]


@pytest.fixture
def cache() -> LocMemCache:
    made = LocMemCache("windows", {})
    made.clear()
    return made


@pytest.fixture
def things(user: User, monkeypatch: MonkeyPatch) -> Dataset:
    for module in (anchors, reading):
        monkeypatch.setattr(module, "STEP_ROWS", 6)
    return make_dataset(user, COLUMNS, ROWS)


def asked(dataset: Dataset, text: str) -> row_query.RowQuery:
    pairs = [tuple(pair.split("=", 1)) for pair in text.split("&") if pair]
    return row_query.parse(pairs, datasets.types_of(dataset))  # type: ignore[arg-type]


@pytest.mark.parametrize("narrowed", FILTERS)
@pytest.mark.parametrize("order", ORDERS)
def test_a_window_shows_what_is_there_in_the_whole(
    things: Dataset, cache: LocMemCache, order: str, narrowed: str
) -> None:
    query = asked(things, f"{f'order={order}' if order else ''}&{narrowed}")
    whole = selection.page_of(
        rows_of(things), replace(query, limit=1000), datasets.types_of(things)
    )
    ids = [row["row_id"] for row in whole.rows]

    for offset in range(0, len(ids) + 3, 4):
        for limit in (1, 6, 15):
            window = reading.window_of(
                dataset=things, query=replace(query, limit=limit), offset=offset, cache=cache
            )

            assert [row["row_id"] for row in window.rows] == ids[offset : offset + limit]
            assert window.count == len(ids)


def test_rows_that_went_leave_no_hole(things: Dataset, cache: LocMemCache, user: User) -> None:
    query = replace(asked(things, ""), limit=3)
    reading.window_of(dataset=things, query=query, offset=30, cache=cache)

    datasets.delete_rows(dataset=things, row_ids=[6, 12], by=user, now=timezone.now())
    things.row_count = rows_of(things).count()  # counted after the commit, which a test has not
    window = reading.window_of(dataset=things, query=query, offset=30, cache=cache)

    assert [row["row_id"] for row in window.rows] == [33, 34, 35]
    assert window.count == 38


def test_the_order_is_measured_once(things: Dataset, cache: LocMemCache) -> None:
    query = replace(asked(things, "order=stock"), limit=3)
    reading.window_of(dataset=things, query=query, offset=30, cache=cache)

    with connections["datasets"].execute_wrapper(refusing_row_numbers):
        window = reading.window_of(dataset=things, query=query, offset=12, cache=cache)

    assert len(window.rows) == 3


def refusing_row_numbers(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    assert "ROW_NUMBER" not in sql
    return execute(sql, params, many, context)


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("offset=-1", "offset"),
        ("offset=x", "offset"),
        ("offset=1&offset=2", "offset"),
        ("offset=9999999999999", "offset"),
        ("cursor=abc", "cursor"),
        ("nothing=eq.1", "nothing"),
        ("limit=0", "limit"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    api: Callable[[User], APIClient], things: Dataset, user: User, text: str, parameter: str
) -> None:
    answer = api(user).get(f"/api/datasets/things/rows/window/?{text}")

    assert answer.status_code == 400
    assert parameter in answer.json()["detail"]


def test_it_is_answered_over_the_api_to_who_may_see_it(
    api: Callable[[User], APIClient], things: Dataset, user: User, other_user: User
) -> None:
    path = "/api/datasets/things/rows/window/?offset=38&order=_id&select=_id,left:stock"

    assert api(user).get(path).json() == {
        "results": [{"_id": 39, "left": 13}, {"_id": 40, "left": 20}],
        "offset": 38,
        "count": 40,
    }
    assert api(other_user).get(path).status_code == 404
