"""What the loaders write is what REST and the admin read, on the database of the test run."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from tests.apiapp.imports.loading import imported

pytestmark = pytest.mark.django_db(databases="__all__")

CSV = """\
name,count,price,weight,ok,day,at,key,extra
apple,9007199254740993,0.1234567890123456789,1e-7,true,2026-01-31,2026-01-31T23:59:59.5Z,\
0f8fad5b-d9cb-469f-a165-70867728950e,"{""a"": [1]}"
"pe
ar",-1,12.50,2.5,false,2026-02-01,2026-02-01T00:00:00+01:00,,
,,,,,,,,{}
"""
TYPES = {
    "name": "text",
    "count": "integer",
    "price": "decimal",
    "weight": "float",
    "ok": "boolean",
    "day": "date",
    "at": "timestamp",
    "key": "uuid",
    "extra": "json",
}
APPLE = {
    "_id": 1,
    "name": "apple",
    "count": 9007199254740993,
    "price": "0.1234567890123456789",
    "weight": 1e-7,
    "ok": True,
    "day": "2026-01-31",
    "at": "2026-01-31T23:59:59.500000Z",
    "key": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "extra": {"a": [1]},
}


@pytest.fixture
def client(user: User, api: Callable[[User], APIClient], tmp_path: Path) -> APIClient:
    """Of a user who has imported CSV as `things`."""
    path = tmp_path / "things.csv"
    path.write_text(CSV)
    imported(user, path, columns=[{"name": name, "type": type_} for name, type_ in TYPES.items()])
    return api(user)


def test_imported_rows_are_read_as_they_were_in_the_file(client: APIClient) -> None:
    first, second, third = client.get("/api/datasets/things/rows/").json()["results"]

    assert first == APPLE
    assert second["name"] == "pe\nar"
    assert second["at"] == "2026-01-31T23:00:00Z"
    assert second["key"] is None
    assert {**third, "extra": None} == {"_id": 3, **dict.fromkeys(TYPES)}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("price=eq.0.1234567890123456789", [1]),
        ("price=gt.0.2", [2]),
        ("order=price.desc", [2, 1, 3]),
        ("at=lt.2026-01-31T23:30:00Z", [2]),
        ("order=at.desc", [1, 2, 3]),
        ("key=eq.0F8FAD5B-D9CB-469F-A165-70867728950E", [1]),
        ("ok=eq.false", [2]),
        ("day=gte.2026-02-01", [2]),
        ("count=eq.9007199254740993", [1]),
        ("weight=lt.1e-6", [1]),
        ("name=is.null", [3]),
        ("_import=not.is.null&limit=2", [1, 2]),
    ],
)
def test_imported_rows_are_found_by_their_values(
    client: APIClient, query: str, found: list[int]
) -> None:
    rows = client.get(f"/api/datasets/things/rows/?{query}").json()["results"]

    assert [row["_id"] for row in rows] == found


@pytest.mark.django_db(transaction=True, databases="__all__")
@pytest.mark.usefixtures("tables_gone_after")
def test_rows_are_added_to_an_imported_table_and_changed_in_it(client: APIClient) -> None:
    added = client.post("/api/datasets/things/rows/", {**APPLE, "name": "plum"})
    changed = client.patch("/api/datasets/things/rows/1/", {"price": "2", "extra": None})

    assert added.status_code == 201
    assert added.json() == {**APPLE, "_id": 4, "name": "plum"}
    assert changed.json() == {**APPLE, "price": "2", "extra": None}
    assert client.get("/api/datasets/things/").json()["row_count"] == 4
