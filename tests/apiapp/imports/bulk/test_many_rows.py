"""Many rows in one request over REST: added, merged, changed and deleted by a filter."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from rest_framework.test import APIClient

from apiapp.imports import duplicates
from apiapp.imports.dataset_api import row_bodies
from apiapp.imports.models import Dataset, DatasetEvent
from apiapp.imports.rows import rows_of
from tests.apiapp.imports.made import change_column, make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")

Api = Callable[[User], APIClient]
ROWS = "/api/datasets/fruits/rows/"
COLUMNS = {"code": "text", "name": "text", "price": "decimal", "stock": "integer", "more": "json"}
FRUITS = [
    {"code": "a", "name": "apple", "price": "1.20", "stock": 5},
    {"code": "p", "name": "pear", "price": "0.80", "stock": None},
]
MERGE = {"HTTP_PREFER": "resolution=merge-duplicates"}


@pytest.fixture
def fruits(user: User) -> Dataset:
    dataset = make_dataset(user, COLUMNS, FRUITS, slug="fruits", required=["code", "name"])
    dataset.key_columns = ["code"]
    dataset.save()
    duplicates.add_index(dataset.table_name, ["code"], is_unique=True)
    return dataset


@pytest.fixture
def client(api: Api, user: User, fruits: Dataset) -> APIClient:
    return api(user)


def codes(dataset: Dataset) -> list[Any]:
    return list(rows_of(dataset).values_list("f_code", flat=True))


BODIES = [
    ("application/json", '[{"code":"f","name":"fig","price":"2"},{"code":"k","name":"kiwi"}]'),
    ("application/x-ndjson", '{"code":"f","name":"fig","price":2}\n\n{"code":"k","name":"kiwi"}\n'),
    (
        "application/jsonl",
        '\ufeff{"code":"f","name":"fig","price":2}\r\n{"code":"k","name":"kiwi"}',
    ),
    ("text/csv", "code,name,price\r\nf,fig,2.00\r\nk,kiwi,\r\n"),
    (
        "application/xml",
        "<rows><item><code>f</code><name>fig</name><price>2</price></item>"
        "<item><code>k</code><name>kiwi</name></item></rows>",
    ),
]


@pytest.mark.parametrize(("media_type", "body"), BODIES)
def test_rows_of_any_form_are_added_at_once(
    client: APIClient, fruits: Dataset, media_type: str, body: str
) -> None:
    answer = client.generic("POST", ROWS, body, content_type=media_type)

    assert answer.status_code == 201, answer.content
    assert answer.json() == {"inserted": 2, "updated": 0, "unchanged": 0, "ignored": 0}
    assert codes(fruits) == ["a", "p", "f", "k"]
    event = DatasetEvent.objects.get()
    assert (event.kind, event.facts) == ("row_added", {"row_ids": [3, 4]})


def test_rows_are_told_back_where_that_is_preferred(client: APIClient) -> None:
    answer = client.post(
        f"{ROWS}?select=_id,name",
        [{"code": "f", "name": "fig"}],
        format="json",
        HTTP_PREFER="return=representation, tx=rollback",
    )

    assert answer.json()["results"] == [{"_id": 3, "name": "fig"}]
    assert answer["Preference-Applied"] == "return=representation"


def test_every_error_is_told_by_row_and_column_and_nothing_is_written(
    client: APIClient, fruits: Dataset
) -> None:
    change_column(fruits, "stock", conditions={"maximum": "10"})

    answer = client.post(
        ROWS,
        [
            {"code": "f", "name": "fig"},
            {"code": "a", "name": "again"},
            {"code": "f", "name": "twice", "stock": 11},
            {"code": "x", "name": None, "price": "much", "colour": "red"},
            {"name": "no key"},
            7,
        ],
        format="json",
    )

    assert answer.status_code == 422
    problem = answer.json()
    assert problem["rows_refused"] == 5
    named = {row: sorted(columns) for row, columns in problem["errors"].items()}
    assert named == {
        "2": ["code"],
        "3": ["code", "stock"],
        "4": ["colour", "name", "price"],
        "5": ["code"],
        "6": ["", "code", "name"],
    }
    assert codes(fruits) == ["a", "p"]
    assert not DatasetEvent.objects.exists()


@pytest.mark.parametrize(
    ("media_type", "body", "said"),
    [
        ("application/x-ndjson", '{"a":1}\n{"b":\n', "line 2"),
        ("text/csv", "code,code\na,b\n", "each once"),
        ("text/csv", "code,name\na\n", "line 2"),
        ("text/csv", 'code,name\na,"b\n', "line 2"),
        ("text/csv", b"code,name\n\xff,b\n", "byte 10"),
        ("application/x-ndjson", b"\xff", "line 1"),
    ],
)
def test_a_body_that_cannot_be_read_says_where(
    client: APIClient, media_type: str, body: Any, said: str
) -> None:
    answer = client.generic("POST", ROWS, body, content_type=media_type)

    assert answer.status_code == 400
    assert said in answer.json()["detail"]


def test_more_rows_than_one_request_writes_are_to_be_imported(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_bodies, "ROWS_MAX", 1)

    answer = client.post(ROWS, [{}, {}], format="json")

    assert answer.status_code == 413
    assert answer.json()["type"].endswith("too-many-rows")
    assert "import" in answer.json()["detail"]


def test_json_in_csv_is_read_as_json(client: APIClient, fruits: Dataset) -> None:
    body = 'code,name,more\nf,fig,"{""a"": [1]}"\n'

    assert client.generic("POST", ROWS, body, content_type="text/csv").status_code == 201
    assert rows_of(fruits).last().f_more == {"a": [1]}


# --- merging ---------------------------------------------------------------------------------------
def test_rows_whose_key_is_there_are_merged_and_the_others_added(
    client: APIClient, fruits: Dataset
) -> None:
    rows = [
        {"code": "p", "stock": 3},
        {"code": "f", "name": "fig"},
        {"code": "a", "name": "apple", "price": "1.2"},
    ]

    answer = client.post(ROWS, rows, format="json", **MERGE)

    assert answer.json() == {"inserted": 1, "updated": 1, "unchanged": 1, "ignored": 0}
    pear = rows_of(fruits).get(f_code="p")
    assert (pear.f_name, pear.f_price, pear.f_stock) == ("pear", Decimal("0.80"), 3)
    assert codes(fruits) == ["a", "p", "f"]
    assert set(DatasetEvent.objects.values_list("kind", flat=True)) == {"row_added", "row_changed"}


def test_rows_whose_key_is_there_are_passed_over_where_that_is_preferred(
    client: APIClient, fruits: Dataset
) -> None:
    rows = [{"code": code, "name": "new"} for code in ("a", "f", "f")]

    answer = client.post(ROWS, rows, format="json", HTTP_PREFER="resolution=ignore-duplicates")

    assert answer.json() == {"inserted": 1, "updated": 0, "unchanged": 0, "ignored": 2}
    assert rows_of(fruits).get(f_code="a").f_name == "apple"


def test_a_single_object_is_merged_too(client: APIClient) -> None:
    answer = client.post(ROWS, {"code": "a", "stock": 6}, format="json", **MERGE)

    assert (answer.status_code, answer.json()["updated"]) == (200, 1)


def test_a_key_twice_in_the_body_is_an_error_and_so_is_none(client: APIClient) -> None:
    rows = [{"code": "a", "stock": 1}, {"code": "a", "stock": 2}, {"stock": 3}]

    answer = client.post(ROWS, rows, format="json", **MERGE)

    assert answer.status_code == 422
    assert sorted(answer.json()["errors"]) == ["2", "3"]


@pytest.mark.parametrize(
    ("query", "prefer", "status", "type_"),
    [
        ("on_conflict=name", "resolution=merge-duplicates", 422, "bad-key"),
        ("on_conflict=nothing", "resolution=merge-duplicates", 422, "bad-key"),
        ("on_conflict=code", "", 400, "bad-row-query"),
        ("", "resolution=merge", 400, "bad-parameter"),
        ("", "return=everything", 400, "bad-parameter"),
        ("select=nothing", "", 400, "unknown-column"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    client: APIClient, query: str, prefer: str, status: int, type_: str
) -> None:
    row = [{"code": "z", "name": "z"}]

    answer = client.post(f"{ROWS}?{query}", row, format="json", HTTP_PREFER=prefer)

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:sluice:problem:{type_}")


def test_a_unique_column_tells_rows_apart_as_well(client: APIClient, fruits: Dataset) -> None:
    change_column(fruits, "name", unique=True)

    answer = client.post(
        f"{ROWS}?on_conflict=name", [{"name": "pear", "stock": 9}], format="json", **MERGE
    )
    clash = client.post(ROWS, [{"code": "a", "name": "pear"}], format="json", **MERGE)

    assert answer.json()["updated"] == 1
    assert (clash.status_code, list(clash.json()["errors"]["1"])) == (422, ["name"])


# --- by a filter -----------------------------------------------------------------------------------
def test_all_rows_that_a_filter_finds_are_changed(client: APIClient, fruits: Dataset) -> None:
    answer = client.patch(
        f"{ROWS}?price=lt.1&select=name,stock",
        {"stock": 0},
        format="json",
        HTTP_PREFER="return=representation",
    )

    assert answer.json() == {"updated": 1, "results": [{"name": "pear", "stock": 0}]}
    assert DatasetEvent.objects.get().facts["row_ids"] == [2]


def test_all_rows_that_a_filter_finds_are_deleted(client: APIClient, fruits: Dataset) -> None:
    answer = client.delete(f"{ROWS}?name=like.p*")

    assert answer.json() == {"deleted": 1}
    assert codes(fruits) == ["a"]
    assert client.delete(f"{ROWS}?_id=not.is.null").json() == {"deleted": 1}


@pytest.mark.parametrize("method", ["patch", "delete"])
@pytest.mark.parametrize(
    "query", ["", "select=name", "order=name", "name=eq.a&limit=1", "nom=eq.1"]
)
def test_without_a_filter_that_is_right_nothing_is_changed(
    client: APIClient, fruits: Dataset, method: str, query: str
) -> None:
    body = {"stock": 1} if method == "patch" else None

    answer = getattr(client, method)(f"{ROWS}?{query}", body, format="json")

    assert answer.status_code == 400
    assert codes(fruits) == ["a", "p"]
    assert not DatasetEvent.objects.exists()


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_rows_are_changed_by_a_filter_only_if_nobody_was_quicker(
    client: APIClient, fruits: Dataset, method: str
) -> None:
    def send(etag: str) -> Any:
        address = f"{ROWS}?code=eq.a"
        return getattr(client, method)(address, {"stock": 7}, format="json", HTTP_IF_MATCH=etag)

    seen = client.get("/api/datasets/fruits/")["ETag"]
    client.patch(f"{ROWS}?code=eq.p", {"stock": 1}, format="json")

    refused = send(seen)
    before = list(rows_of(fruits).values_list("f_code", "f_stock"))
    done = send(client.get("/api/datasets/fruits/")["ETag"])

    assert (refused.status_code, done.status_code) == (412, 200)
    assert before == [("a", 5), ("p", 1)]
    assert ("a", 5) not in rows_of(fruits).values_list("f_code", "f_stock")


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_rows_are_changed_by_a_filter_once_under_a_key(
    client: APIClient, fruits: Dataset, method: str
) -> None:
    def send(prefer: str) -> Any:
        return getattr(client, method)(
            f"{ROWS}?code=eq.a",
            {"stock": 7},
            format="json",
            HTTP_IDEMPOTENCY_KEY="once",
            HTTP_PREFER=prefer,
        )

    first, again, other = (
        send(prefer) for prefer in ("return=minimal", "return=minimal", "return=representation")
    )

    assert first.content == again.content
    assert again["Idempotent-Replayed"] == "true"
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")
    assert DatasetEvent.objects.count() == 1


def test_a_change_of_many_that_breaks_a_promise_changes_none(
    client: APIClient, fruits: Dataset
) -> None:
    every = f"{ROWS}?_id=not.is.null"

    assert client.patch(every, {"code": "same"}, format="json").status_code == 409
    assert client.patch(every, {"name": None}, format="json").status_code == 422
    assert client.patch(every, {"colour": "red"}, format="json").status_code == 422
    assert client.patch(every, [], format="json").status_code == 422
    assert codes(fruits) == ["a", "p"]


def test_adding_many_asks_the_database_no_more_than_adding_few(
    client: APIClient, fruits: Dataset, django_assert_max_num_queries: Any
) -> None:
    def rows(prefix: str, count: int) -> list[dict[str, Any]]:
        return [{"code": f"{prefix}{each}", "name": "n"} for each in range(count)]

    assert client.post(ROWS, rows("a", 2), format="json").status_code == 201
    with django_assert_max_num_queries(12, connection=connections["datasets"]):
        assert client.post(ROWS, rows("b", 150), format="json").status_code == 201
