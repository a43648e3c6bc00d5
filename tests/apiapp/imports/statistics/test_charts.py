"""Charts of a column: over time, or by its most frequent values; the same on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from apiapp.imports.models import Dataset
from apiapp.imports.statistics import charting, describing
from apiapp.imports.statistics.patience import TooSlow
from tests.apiapp.imports.made import ALL_TYPES, fill, make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")
Api = Callable[[User], APIClient]
Ask = Callable[..., Any]

ROWS: list[dict[str, Any]] = [
    {"date": "2026-01-30", "decimal": "1.5", "text": "a", "boolean": True},
    {"date": "2026-01-31", "decimal": "2.5", "text": "a", "boolean": False},
    {"date": "2026-03-01", "text": "b", "boolean": True},
    {"date": "2026-03-01", "decimal": "-1", "text": "c"},
    {"decimal": "100"},
]


@pytest.fixture
def things(user: User, datasets_on: str) -> Dataset:
    return make_dataset(user, ALL_TYPES, ROWS, slug=f"things-{datasets_on}")


@pytest.fixture
def chart(api: Api, user: User, things: Dataset) -> Ask:
    client = api(user)

    def ask(column: str, **parameters: str) -> Any:
        return client.get(f"/api/datasets/{things.slug}/columns/{column}/chart/", parameters)

    return ask


def values(answer: Any) -> list[tuple[Any, Any]]:
    return [(point["at"], point["value"]) for point in answer.json()["points"]]


def test_rows_are_counted_for_each_day_also_where_there_are_none(chart: Ask) -> None:
    found = chart("date").json()

    assert (found["unit"], found["measure"], found["label"]) == ("day", "count", "Date")
    assert (found["rows"], found["empty"], found["is_sampled"]) == (5, 1, False)
    assert [point["at"] for point in found["points"]][:3] == [
        "2026-01-30",
        "2026-01-31",
        "2026-02-01",
    ]
    assert len(found["points"]) == 31
    assert sum(point["count"] for point in found["points"]) == 4


def test_numbers_are_added_up_for_each_month(chart: Ask) -> None:
    sums = chart("date", _unit="month", _measure="sum", _of="decimal")
    means = chart("date", _unit="month", _measure="mean", _of="decimal")

    assert values(sums) == [("2026-01-01", 4), ("2026-02-01", 0), ("2026-03-01", -1)]
    assert values(means) == [("2026-01-01", 2), ("2026-02-01", None), ("2026-03-01", -1)]
    assert [point["count"] for point in sums.json()["points"]] == [2, 0, 2]


@pytest.mark.parametrize(
    ("low", "high", "unit", "first", "last"),
    [
        ("2026-01-01T22:59:59Z", "2026-01-02T01:00:00Z", "hour", "T22:00:00Z", "02T01:00:00Z"),
        ("2026-01-01T23:00:00Z", "2026-07-01T00:00:00Z", "day", "2026-01-01", "2026-07-01"),
        (
            "1999-12-31T23:59:59.999999Z",
            "2026-07-01T00:00:00Z",
            "month",
            "1999-12-01",
            "2026-07-01",
        ),
        ("1700-01-01T00:00:00Z", "2026-07-01T00:00:00Z", "year", "1700-01-01", "2026-01-01"),
        ("0999-01-01T00:00:00Z", "2026-07-01T00:00:00Z", "decade", "0990-01-01", "2020-01-01"),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "century", "0000-01-01", "9900-01-01"),
    ],
)
def test_the_unit_fits_the_time_that_is_spanned(
    things: Dataset, chart: Ask, low: str, high: str, unit: str, first: str, last: str
) -> None:
    fill(things, [{"timestamp": low}, {"timestamp": high}])

    found = chart("timestamp").json()

    points = found["points"]
    assert found["unit"] == unit
    assert points[0]["at"].endswith(first)
    assert points[-1]["at"].endswith(last)
    assert (points[0]["count"], points[-1]["count"]) == (1, 1)
    assert len(points) <= charting.POINTS_PROPOSED


def test_values_are_counted_the_most_frequent_first(
    chart: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert values(chart("text")) == [("a", 2), ("b", 1), ("c", 1)]
    assert values(chart("boolean")) == [(True, 2), (False, 1)]
    assert values(chart("text", _measure="sum", _of="decimal"))[0] == ("a", 4)

    monkeypatch.setattr(charting, "TOP", 1)
    found = chart("text", boolean="not.is.null").json()
    assert (len(found["points"]), found["others"]) == (1, 1)


def test_filters_narrow_what_is_drawn(chart: Ask) -> None:
    assert values(chart("date", _unit="month", text="eq.a")) == [("2026-01-01", 2)]
    assert chart("date", text="eq.nothing").json()["points"] == []


@pytest.mark.parametrize(
    ("column", "parameters", "parameter"),
    [
        ("json", {}, "json"),
        ("text", {"_unit": "day"}, "_unit"),
        ("date", {"_unit": "hour"}, "_unit"),
        ("date", {"_unit": "week"}, "_unit"),
        ("date", {"_measure": "median"}, "_measure"),
        ("date", {"_measure": "sum"}, "_of"),
        ("date", {"_of": "decimal"}, "_of"),
        ("date", {"_measure": "sum", "_of": "text"}, "_of"),
        ("date", {"_measure": "sum", "_of": "nothing"}, "_of"),
        ("date", {"limit": "5"}, "limit"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(
    user: User, api: Api, column: str, parameters: dict[str, str], parameter: str
) -> None:
    make_dataset(user, ALL_TYPES, slug="few")

    answer = api(user).get(f"/api/datasets/few/columns/{column}/chart/", parameters)

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:sluice:problem:bad-row-query")
    assert parameter in answer.json()["detail"]


def test_too_many_periods_and_numbers_too_large_are_refused(things: Dataset, chart: Ask) -> None:
    fill(
        things, [{"date": "1900-01-01", "float": 1.7e308}, {"date": "1900-01-01", "float": 1.7e308}]
    )

    assert chart("date", _unit="day").status_code == 400
    found = chart("date", _measure="sum", _of="float")
    assert found.status_code == 400 or values(found)[0][1] is None


def test_of_many_rows_a_sample_is_drawn_and_it_says_so(
    chart: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charting, "EXACT_ROWS", 2)
    monkeypatch.setattr(describing, "SAMPLE_IDS", 3)

    found = chart("text").json()

    assert (found["is_sampled"], found["rows"]) == (True, 3)


def test_a_chart_is_computed_once_until_something_is_written(
    things: Dataset, chart: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = chart("text")
    monkeypatch.setattr(charting, "points_of", None)  # not to be called
    assert chart("text").json() == first.json()

    monkeypatch.undo()
    fill(things, [{"text": "b"}, {"text": "b"}])
    assert values(chart("text"))[0] == ("b", 3)
    assert chart("text")["ETag"] != first["ETag"]


def test_others_do_not_see_a_chart_and_one_that_takes_too_long_says_so(
    user: User, other_user: User, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_asked: Any) -> None:
        raise TooSlow

    make_dataset(user, {"text": "text"}, slug="few")
    address = "/api/datasets/few/columns/text/chart/"

    assert api(other_user).get(address).status_code == 404
    assert APIClient().get(address).status_code == 401
    monkeypatch.setattr(charting, "points_of", slow)
    assert api(user).get(address).status_code == 503
