from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from rest_framework.test import APIClient

from apiapp.imports.models import Dataset
from apiapp.imports.statistics import describing
from apiapp.imports.statistics.patience import TooSlow, at_most
from tests.apiapp.imports.made import ALL_TYPES, fill, make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")
Api = Callable[[User], APIClient]

ROWS = [
    {
        "text": "a" * (number % 3 + 1),
        "integer": number,
        "decimal": f"{number}.50",
        "float": number / 4,
        "boolean": number % 2 == 0,
        "date": f"2026-01-{number + 1:02}",
        "timestamp": f"2026-01-01T{number:02}:00:00Z",
        "uuid": f"00000000-0000-0000-0000-0000000000{number:02}",
        "json": {"n": number},
    }
    for number in range(10)
]


@pytest.fixture
def things(user: User, datasets_on: str) -> Dataset:
    return make_dataset(user, ALL_TYPES, [*ROWS, {}], slug=f"things-{datasets_on}")


@pytest.fixture
def statistics(api: Api, user: User, things: Dataset) -> Callable[..., Any]:
    client = api(user)

    def ask(column: str, **parameters: str) -> Any:
        address = f"/api/datasets/{things.slug}/columns/{column}/statistics/"
        return client.get(address, parameters)

    return ask


def test_every_type_has_the_statistics_that_it_can_have(statistics: Callable[..., Any]) -> None:
    found = {type_: statistics(type_).json() for type_ in ALL_TYPES}

    assert {(each["rows"], each["empty"]) for each in found.values()} == {(11, 1)}
    assert {type_: each["distinct"] for type_, each in found.items()} == {
        **dict.fromkeys(ALL_TYPES, 10),
        "text": 3,
        "boolean": 2,
        "json": None,
    }
    assert {type_: (each["minimum"], each["maximum"]) for type_, each in found.items()} == {
        "text": ("a", "aaa"),
        "integer": (0, 9),
        "decimal": (found["decimal"]["minimum"], found["decimal"]["maximum"]),
        "float": (0.0, 2.25),
        "boolean": (None, None),
        "date": ("2026-01-01", "2026-01-10"),
        "timestamp": ("2026-01-01T00:00:00Z", "2026-01-01T09:00:00Z"),
        "uuid": (None, None),
        "json": (None, None),
    }
    assert float(found["decimal"]["maximum"]) == 9.5
    assert (found["integer"]["mean"], found["decimal"]["mean"]) == (4.5, 5.0)
    assert found["boolean"]["top"][0]["count"] == 5
    assert found["text"]["top"][0] == {"value": "a", "count": 4}
    assert not any(each["is_sampled"] for each in found.values())


def test_histograms_count_every_value_once(statistics: Callable[..., Any]) -> None:
    integer = statistics("integer").json()["histogram"]
    assert integer["of"] == "values"
    assert integer["bars"][-1] == {"from": 9, "to": 10, "count": 1}

    lengths = statistics("text").json()["histogram"]
    assert lengths["of"] == "lengths"
    assert [bar["count"] for bar in lengths["bars"]] == [4, 3, 3]

    dates = statistics("date").json()["histogram"]["bars"]
    assert dates[0] == {"from": "2026-01-01", "to": "2026-01-02", "count": 1}

    for type_ in ("integer", "decimal", "float", "date", "timestamp", "text"):
        bars = statistics(type_).json()["histogram"]["bars"]
        assert sum(bar["count"] for bar in bars) == 10
        assert len(bars) <= describing.BARS


def test_filters_narrow_what_is_looked_at(statistics: Callable[..., Any]) -> None:
    assert statistics("integer", integer="gte.8").json()["minimum"] == 8
    assert statistics("integer", integer="gt.100").json()["rows"] == 0
    assert statistics("integer", search="aaa").json()["rows"] == 3


def test_one_value_and_extreme_numbers_do_not_break_a_histogram(
    user: User, things: Dataset, statistics: Callable[..., Any]
) -> None:
    assert len(statistics("float", integer="eq.4").json()["histogram"]["bars"]) == 1

    fill(
        things,
        [
            {"float": 1.7e308, "integer": -(2**63)},
            {"float": -1.7e308, "integer": 2**63 - 1, "date": "9999-12-31"},
        ],
    )

    assert statistics("float").json()["histogram"] is None
    assert statistics("float").json()["rows"] == 13
    bars = statistics("integer", integer="not.is.null").json()["histogram"]["bars"]
    assert sum(bar["count"] for bar in bars) == 12
    assert statistics("date").json()["histogram"]["bars"][-1]["to"] == "9999-12-31"


def test_of_many_rows_a_sample_is_looked_at_and_it_says_so(
    things: Dataset, statistics: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(describing, "EXACT_ROWS", 5)
    monkeypatch.setattr(describing, "SAMPLE_IDS", 4)

    found = statistics("integer").json()

    assert found["is_sampled"]
    assert found["rows"] == 4


def test_statistics_are_computed_once_until_something_is_written(
    things: Dataset, statistics: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = statistics("integer")
    monkeypatch.setattr(describing, "facts_of", None)  # not to be called

    assert statistics("integer").json() == first.json()

    monkeypatch.undo()
    fill(things, [{"integer": 99}])
    assert statistics("integer").json()["maximum"] == 99
    assert statistics("integer")["ETag"] != first["ETag"]


@pytest.mark.parametrize(
    ("column", "parameters", "status", "type_"),
    [
        ("nothing", {}, 404, "not-found"),
        ("integer", {"integer": "eq.x"}, 400, "bad-filter-value"),
        ("integer", {"weight": "eq.1"}, 400, "unknown-column"),
        ("integer", {"order": "integer"}, 400, "bad-row-query"),
        ("integer", {"limit": "5"}, 400, "bad-row-query"),
    ],
)
def test_what_makes_no_sense_is_refused(
    user: User, api: Api, column: str, parameters: dict[str, str], status: int, type_: str
) -> None:
    make_dataset(user, {"integer": "integer"}, slug="few")

    answer = api(user).get(f"/api/datasets/few/columns/{column}/statistics/", parameters)

    assert (answer.status_code, answer.json()["type"].split(":")[-1]) == (status, type_)


def test_others_do_not_see_what_is_in_a_column(api: Api, user: User, other_user: User) -> None:
    make_dataset(user, {"integer": "integer"}, slug="few")
    address = "/api/datasets/few/columns/integer/statistics/"

    assert api(other_user).get(address).status_code == 404
    assert APIClient().get(address).status_code == 401


def test_what_the_database_cannot_do_in_time_is_told(
    user: User, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(**_asked: Any) -> None:
        raise TooSlow

    make_dataset(user, {"integer": "integer"}, slug="few")
    monkeypatch.setattr(describing, "described", slow)

    answer = api(user).get("/api/datasets/few/columns/integer/statistics/")

    assert (answer.status_code, answer.json()["type"]) == (
        503,
        "urn:sluice:problem:statistics-too-slow",
    )


def test_a_query_without_end_is_ended(things: Dataset) -> None:
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
    )
    with pytest.raises(TooSlow), at_most(0.2), connections["datasets"].cursor() as cursor:
        cursor.execute(endless)
    assert Dataset.objects.filter(pk=things.pk).exists()
