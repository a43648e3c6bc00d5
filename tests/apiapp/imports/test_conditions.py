"""Conditions on columns, from the wish to the refused cells, on both databases."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from apiapp.imports.errors import BadColumns
from apiapp.imports.models import Dataset, Import
from tests.apiapp.imports.loading import cells, imported, planned, refusals, run

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.usefixtures("datasets_on"),
]


def brought(user: User, folder: Path, content: str, name: str, **wanted: Any) -> Import:
    path = folder / f"{name}.csv"
    path.write_text(content)
    return imported(user, path, dataset=name, **wanted)


def test_a_column_keeps_its_conditions_for_later_files(user: User, tmp_path: Path) -> None:
    columns = [
        {"conditions": {"pattern": "[A-Z]{2}[0-9]+"}},
        {"type": "decimal", "conditions": {"minimum": "0", "maximum": "100"}},
        {"conditions": {"allowed": ["red", "blue"]}},
    ]
    content = "code,part,colour\nAB1,5,red\nab1,-1,green\nXAB1,100.01,\n,100,blue\n"

    first = brought(user, tmp_path, content, "parts", columns=columns)
    second = brought(user, tmp_path, "code\nAB2\nAB\n", "parts", mode="append")

    assert refusals(first) == [
        (2, "code", "ab1", "pattern"),
        (2, "part", "-1", "range"),
        (2, "colour", "green", "allowed"),
        (3, "code", "XAB1", "pattern"),
        (3, "part", "100.01", "range"),
    ]
    assert refusals(second) == [(2, "code", "AB", "pattern")]
    assert [row[0] for row in cells(Dataset.objects.get())] == ["AB1", None, "AB2"]


def test_a_reference_must_be_found_in_the_other_dataset(user: User, tmp_path: Path) -> None:
    brought(user, tmp_path, "code,name\nb,Berlin\np,Paris\n,nowhere\n", "cities")
    columns = [{}, {"conditions": {"references": "cities.code"}}]

    row = brought(user, tmp_path, "n,city\n1,b\n2,x\n3,\n4,p\n", "trips", columns=columns)

    assert refusals(row) == [(2, "city", "x", "reference")]
    assert row.rows_loaded == 3


def test_a_reference_to_what_is_gone_fails_the_import_and_leaves_nothing(
    user: User, tmp_path: Path
) -> None:
    brought(user, tmp_path, "code\nb\n", "cities")
    path = tmp_path / "trips.csv"
    path.write_text("city\nb\n")
    columns = [{"conditions": {"references": "cities.code"}}]
    row = planned(user, path, dataset="trips", columns=columns)
    Dataset.objects.filter(slug="cities").delete()

    with pytest.raises(BadColumns, match=r"no dataset and column cities\.code"):
        run(row, path)

    assert not Dataset.objects.exists()


@pytest.mark.parametrize(
    ("type_", "conditions", "reason"),
    [
        ("text", {"pattern": "(a"}, "no pattern"),
        ("text", {"pattern": "a" * 1001}, "1,000 characters"),
        ("integer", {"pattern": "a"}, "takes no pattern"),
        ("text", {"minimum": "1"}, "takes no minimum"),
        ("integer", {"maximum": "many"}, "no value of a column of integer"),
        ("date", {"minimum": "2026-02-30"}, "no value of a column of date"),
        ("integer", {"allowed": ["1", "two"]}, "no value"),
        ("text", {"references": "cities.code"}, "no dataset and column"),
    ],
)
def test_a_condition_that_cannot_be_is_refused(
    user: User, tmp_path: Path, type_: str, conditions: dict[str, Any], reason: str
) -> None:
    path = tmp_path / "things.csv"
    path.write_text("x\n1\n")

    with pytest.raises(BadColumns, match=reason):
        planned(user, path, columns=[{"type": type_, "conditions": conditions}])


def test_a_reference_is_of_one_type_on_both_sides_and_to_what_one_may_see(
    user: User, other_user: User, tmp_path: Path
) -> None:
    brought(user, tmp_path, "code\nb\n", "cities")
    path = tmp_path / "things.csv"
    path.write_text("x\n1\n")
    wish = {"conditions": {"references": "cities.code"}}

    with pytest.raises(BadColumns, match="is of text, not of integer"):
        planned(user, path, columns=[{**wish, "type": "integer"}])
    with pytest.raises(BadColumns, match="no dataset and column"):
        planned(other_user, path, columns=[{**wish, "type": "text"}])


def test_rows_that_are_written_by_hand_meet_the_conditions_too(
    user: User, tmp_path: Path, api: Callable[[User], APIClient]
) -> None:
    brought(user, tmp_path, "code\nb\n", "cities")
    columns = [
        {"type": "integer", "conditions": {"maximum": "9"}},
        {"type": "text", "conditions": {"references": "cities.code"}},
    ]
    brought(user, tmp_path, "n,city\n1,b\n", "trips", columns=columns)
    rows = "/api/datasets/trips/rows/"

    added = api(user).post(rows, {"n": 10, "city": "x"})
    changed = api(user).patch(f"{rows}1/", {"n": 11})
    right = api(user).post(rows, {"n": 9, "city": "b"})
    empty = api(user).patch(f"{rows}1/", {"n": None, "city": None})

    assert added.status_code == changed.status_code == 422
    assert added.json()["errors"] == {
        "n": ["The cell is more than 9."],
        "city": ["There is no x in cities.code."],
    }
    assert (right.status_code, empty.status_code) == (201, 200)
    assert cells(Dataset.objects.get(slug="trips")) == [(None, None), (9, "b")]


def test_the_admin_says_which_condition_a_row_breaks(
    user: User, staff: User, client: Client, tmp_path: Path
) -> None:
    wish = [{"conditions": {"allowed": ["red"]}}]
    row = brought(user, tmp_path, "colour\nred\n", "paints", columns=wish)
    client.force_login(staff)

    address = f"/admin/imports/dataset/{row.dataset_id}/rows/1/"
    page = client.post(address, {"f_colour": "blue"}).content.decode()

    assert "none of the values that the column allows" in page
    assert cells(Dataset.objects.get()) == [("red",)]
