"""How many rows match, counted or told by statistics, on each database."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connections
from rest_framework.test import APIClient

from apiapp.imports import row_counts, row_query, selection
from apiapp.imports.models import Dataset
from tests.apiapp.imports.made import make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")

TYPES = row_query.types_with_ids({"number": "integer"})


@pytest.fixture
def numbers(user: User, datasets_on: str) -> Dataset:
    dataset = make_dataset(
        user, {"number": "integer"}, ({"number": each % 10} for each in range(3000)), slug="numbers"
    )
    with connections["datasets"].cursor() as cursor:
        cursor.execute("ANALYZE")
    return dataset


@pytest.mark.parametrize(
    ("text", "kind", "low", "high", "told"),
    [
        ("eq.3", "exact", 300, 300, "exact"),
        ("eq.3", "estimated", 300, 300, "exact"),
        ("eq.3", "planned", 200, 400, "planned"),
        ("lt.8", "planned", 2200, 2600, "planned"),
        ("eq.77", "planned", 0, 60, "planned"),
    ],
)
def test_a_count_is_exact_or_near_and_says_which(
    numbers: Dataset, text: str, kind: str, low: int, high: int, told: str
) -> None:
    query = row_query.parse([("number", text)], TYPES)

    found = row_counts.count(numbers, query, kind=kind)

    assert low <= found.rows <= high
    assert found.kind == told


def test_beyond_what_is_counted_an_estimate_is_planned(
    numbers: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "COUNTED_MAX", 100)
    query = row_query.parse([("number", "lt.5")], TYPES)

    found = row_counts.count(numbers, query, kind="estimated")

    assert found.kind == "planned"
    assert 1300 <= found.rows <= 1700


def test_nothing_is_counted_in_an_empty_table(user: User) -> None:
    empty = make_dataset(user, {"number": "integer"}, slug="empty")
    query = row_query.parse([("number", "lt.5")], TYPES)

    assert row_counts.count(empty, query, kind="exact").rows == 0
    if connections["datasets"].vendor == "sqlite":  # PostgreSQL plans for some rows, to be safe
        assert row_counts.count(empty, query, kind="planned").rows == 0


def test_a_page_tells_the_count_that_is_preferred(
    api: Callable[[User], APIClient], user: User
) -> None:
    make_dataset(user, {"number": "integer"}, [{"number": 1}, {"number": 2}], slug="numbers")
    client, page = api(user), "/api/datasets/numbers/rows/?limit=1&number=gte.1&select=n:number"

    plain = client.get(page)
    counted = client.get(page, HTTP_PREFER="count=estimated")

    assert "count" not in plain.json()
    assert counted.json()["count"] == 2
    assert counted.json()["results"] == [{"n": 1}]
    assert counted["Preference-Applied"] == "count=exact"
    assert client.get(page, HTTP_PREFER="count=about").status_code == 400
