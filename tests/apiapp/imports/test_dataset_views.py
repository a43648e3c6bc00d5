from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone
from rest_framework.test import APIClient

from apiapp.imports.models import Column, Dataset, Import
from apiapp.imports.rows import rows_of
from apiapp.jobs.models import Job
from apiapp.keys import scopes
from tests.apiapp.imports.made import ALL_TYPES, make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")

Api = Callable[[User], APIClient]
FRUIT = {"name": "text", "price": "decimal", "stock": "integer"}
FRUITS = [
    {"name": "apple", "price": "1.20", "stock": 5},
    {"name": "pear", "price": "0.80", "stock": None},
    {"name": "fig", "price": None, "stock": 7},
]
EVERY_TYPE = {
    "text": "a\n文",
    "integer": 2**53 + 1,
    "decimal": "12345678901234567890.10",
    "float": 0.1,
    "boolean": False,
    "date": "2026-01-31",
    "timestamp": "2026-01-31T23:59:59.000001Z",
    "uuid": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "json": {"a": [1, None]},
}


@pytest.fixture
def fruits(user: User) -> Dataset:
    return make_dataset(user, FRUIT, FRUITS, slug="fruits", required=["name"])


@pytest.fixture
def client(api: Api, user: User) -> APIClient:
    return api(user)


def test_the_list_shows_published_datasets_with_their_columns(
    client: APIClient, fruits: Dataset, user: User
) -> None:
    Dataset.objects.create(owner=user, slug="coming", title="Still loading")

    body = client.get("/api/datasets/").json()

    (found,) = body["results"]
    assert found["slug"] == "fruits"
    assert found["title"] == "Fruits"
    assert found["row_count"] == 3
    assert found["owner"] == "alice"
    assert found["columns"][0] == {
        "name": "name",
        "label": "Name",
        "type": "text",
        "required": True,
        "unique": False,
        "indexed": False,
        "conditions": {},
    }
    assert found["links"]["rows"] == "http://testserver/api/datasets/fruits/rows/"


def test_one_dataset_is_read_by_its_short_name_with_and_without_a_slash(
    client: APIClient, fruits: Dataset
) -> None:
    with_slash = client.get("/api/datasets/fruits/").json()

    assert with_slash["title"] == "Fruits"
    assert client.get("/api/datasets/fruits").json()["slug"] == "fruits"


def test_a_dataset_may_be_called_in_any_script(client: APIClient, user: User) -> None:
    make_dataset(user, FRUIT, FRUITS, slug="水果")

    assert client.get("/api/datasets/水果/rows/").json()["results"][0]["name"] == "apple"


def test_the_title_can_be_changed_and_nothing_else(client: APIClient, fruits: Dataset) -> None:
    answer = client.patch("/api/datasets/fruits/", {"title": "Obst", "slug": "x", "row_count": 9})

    assert answer.status_code == 200
    fruits.refresh_from_db()
    assert (fruits.title, fruits.slug, fruits.row_count) == ("Obst", "fruits", 3)


def test_an_empty_title_is_refused(client: APIClient, fruits: Dataset) -> None:
    answer = client.patch("/api/datasets/fruits/", {"title": " "})

    assert answer.status_code == 422
    assert "title" in answer.json()["errors"]


def test_a_deleted_dataset_takes_its_table_with_it(client: APIClient, fruits: Dataset) -> None:
    answer = client.delete("/api/datasets/fruits/")

    assert answer.status_code == 204
    assert client.get("/api/datasets/fruits/").status_code == 404
    assert fruits.table_name not in connections["datasets"].introspection.table_names()


def test_a_dataset_into_which_an_import_runs_is_not_deleted(
    client: APIClient, fruits: Dataset, user: User
) -> None:
    job = Job.objects.create(owner=user, task="imports.load", run_at=timezone.now())
    Import.objects.create(
        owner=user, dataset=fruits, dataset_title="x", source_name="x", mode="append", job=job
    )

    answer = client.delete("/api/datasets/fruits/")

    assert answer.status_code == 409
    assert answer.json()["job_id"] == job.pk
    assert rows_of(fruits).count() == 3


def test_rows_come_in_pages_linked_in_body_and_header(client: APIClient, fruits: Dataset) -> None:
    first = client.get("/api/datasets/fruits/rows/?limit=2&order=stock.desc")
    second = client.get(first.json()["next"])
    back = client.get(second.json()["previous"])

    assert [row["name"] for row in first.json()["results"]] == ["fig", "apple"]
    assert first.json()["previous"] is None
    assert first["Link"] == f'<{first.json()["next"]}>; rel="next"'
    assert [row["name"] for row in second.json()["results"]] == ["pear"]
    assert second.json()["next"] is None
    assert back.json()["results"] == first.json()["results"]


def test_rows_are_filtered_and_only_the_columns_asked_for_are_sent(
    client: APIClient, fruits: Dataset
) -> None:
    body = client.get("/api/datasets/fruits/rows/?price=gte.1&select=name,_id&order=name").json()

    assert body["results"] == [{"name": "apple", "_id": 1}]


def test_rows_are_searched(client: APIClient, fruits: Dataset) -> None:
    body = client.get("/api/datasets/fruits/rows/?search=PPL").json()

    assert [row["name"] for row in body["results"]] == ["apple"]


@pytest.mark.parametrize(
    ("query", "type_", "fact"),
    [
        ("prize=eq.5", "unknown-column", ("known", ["_id", "_import", "name", "price", "stock"])),
        ("price=eq.cheap", "bad-filter-value", ("column", "price")),
        ("price=5", "bad-row-query", ("parameter", "price")),
        ("order=cost", "unknown-column", ("column", "cost")),
        ("limit=0", "bad-row-query", ("parameter", "limit")),
        ("cursor=x", "bad-row-query", ("parameter", "cursor")),
    ],
)
def test_a_query_that_makes_no_sense_is_answered_with_what_is_wrong(
    client: APIClient, fruits: Dataset, query: str, type_: str, fact: tuple[str, Any]
) -> None:
    answer = client.get(f"/api/datasets/fruits/rows/?{query}")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:sluice:problem:{type_}"
    assert answer.json()[fact[0]] == fact[1]


INJECTIONS = [
    "'; DROP TABLE made_1; --",
    'name" OR 1=1 --',
    "name) UNION SELECT 1 --",
    "f_name",
    "row_id",
    "name__contains",
    "pk",
    "%s%(x)s",
    "name desc; select 1",
]


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize("place", ["column", "order", "select"])
def test_sql_in_the_place_of_a_column_is_an_unknown_column(
    client: APIClient, fruits: Dataset, text: str, place: str
) -> None:
    query = {text: "eq.1"} if place == "column" else {place: text}

    answer = client.get(f"/api/datasets/fruits/rows/?{urlencode(query)}")

    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:sluice:problem:unknown-column"


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize("operator", ["eq", "like", "ilike", "in", "search"])
def test_sql_in_the_place_of_a_value_is_only_text(
    client: APIClient, fruits: Dataset, text: str, operator: str
) -> None:
    value = f'in.("{text.replace(chr(34), "")}")' if operator == "in" else f"{operator}.{text}"
    query = {"search": text} if operator == "search" else {"name": value}

    answer = client.get(f"/api/datasets/fruits/rows/?{urlencode(query)}")

    assert answer.json()["results"] == []
    assert rows_of(fruits).count() == 3


@pytest.mark.django_db(transaction=True, databases="__all__")
@pytest.mark.usefixtures("tables_gone_after")
def test_a_row_of_every_type_is_added_and_read_back_as_it_was_sent(
    client: APIClient, user: User
) -> None:
    make_dataset(user, ALL_TYPES)

    added = client.post("/api/datasets/things/rows/", EVERY_TYPE)

    assert added.status_code == 201
    decimals = {"decimal": {"12345678901234567890.10", "12345678901234567890.1"}}
    read = client.get("/api/datasets/things/rows/1/").json()
    assert read.pop("decimal") in decimals["decimal"]
    assert read == {"_id": 1, **{k: v for k, v in EVERY_TYPE.items() if k != "decimal"}}
    assert client.get("/api/datasets/things/").json()["row_count"] == 1


def test_an_empty_row_of_every_type_reads_as_nulls(client: APIClient, user: User) -> None:
    make_dataset(user, ALL_TYPES)

    added = client.post("/api/datasets/things/rows/", {})

    assert added.json() == {"_id": 1, **dict.fromkeys(ALL_TYPES)}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("text", "\x00"),
        ("text", {"a": 1}),
        ("integer", 2**63),
        ("integer", "many"),
        ("decimal", "NaN"),
        ("decimal", "1e999999"),
        ("float", "inf"),
        ("boolean", "perhaps"),
        ("date", "31.1.2026"),
        ("timestamp", "noon"),
        ("uuid", "x"),
        ("json", {"a": "\x00"}),
        ("nothing", 1),
    ],
)
def test_a_value_that_does_not_fit_its_column_is_refused_by_name(
    client: APIClient, user: User, column: str, value: Any
) -> None:
    make_dataset(user, ALL_TYPES)

    answer = client.post("/api/datasets/things/rows/", {column: value})

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [column]


def test_a_required_column_is_demanded(client: APIClient, fruits: Dataset) -> None:
    missing = client.post("/api/datasets/fruits/rows/", {"price": "1"})
    emptied = client.patch("/api/datasets/fruits/rows/1/", {"name": ""})

    assert list(missing.json()["errors"]) == ["name"]
    assert list(emptied.json()["errors"]) == ["name"]


def test_a_body_that_is_no_object_is_refused(client: APIClient, fruits: Dataset) -> None:
    assert client.post("/api/datasets/fruits/rows/", [1, 2]).status_code == 422


def test_patch_changes_what_it_names_and_put_the_whole_row(
    client: APIClient, fruits: Dataset
) -> None:
    patched = client.patch("/api/datasets/fruits/rows/1/", {"stock": 6}).json()
    put = client.put("/api/datasets/fruits/rows/1/", {"_id": 1, "name": "quince"}).json()

    assert patched == {"_id": 1, "name": "apple", "price": patched["price"], "stock": 6}
    assert put == {"_id": 1, "name": "quince", "price": None, "stock": None}


@pytest.mark.django_db(transaction=True, databases="__all__")
@pytest.mark.usefixtures("tables_gone_after")
def test_a_deleted_row_is_gone_and_counted(client: APIClient, fruits: Dataset) -> None:
    answer = client.delete("/api/datasets/fruits/rows/2/")

    assert answer.status_code == 204
    assert client.get("/api/datasets/fruits/").json()["row_count"] == 2
    assert client.delete("/api/datasets/fruits/rows/2/").status_code == 404


def test_a_value_that_must_be_unique_is_a_conflict(client: APIClient, fruits: Dataset) -> None:
    with connections["datasets"].cursor() as cursor:
        cursor.execute(f'CREATE UNIQUE INDEX only_once ON "{fruits.table_name}" ("name")')

    added = client.post("/api/datasets/fruits/rows/", {"name": "fig"})
    changed = client.patch("/api/datasets/fruits/rows/1/", {"name": "fig"})

    assert (added.status_code, changed.status_code) == (409, 409)
    assert client.get("/api/datasets/fruits/").json()["row_count"] == 3


@pytest.mark.parametrize("row_id", [0, 4, 10**30])
def test_a_row_that_is_not_there_is_404(client: APIClient, fruits: Dataset, row_id: int) -> None:
    path = f"/api/datasets/fruits/rows/{row_id}/"

    assert client.get(path).status_code == 404
    assert client.patch(path, {"stock": 1}).status_code == 404
    assert client.delete(path).status_code == 404


CALLS = [
    ("get", "", scopes.DATASETS_READ),
    ("patch", "", scopes.DATASETS_WRITE),
    ("get", "rows/", scopes.DATASETS_READ),
    ("post", "rows/", scopes.DATASETS_WRITE),
    ("get", "rows/1/", scopes.DATASETS_READ),
    ("put", "rows/1/", scopes.DATASETS_WRITE),
    ("patch", "rows/1/", scopes.DATASETS_WRITE),
    ("delete", "rows/1/", scopes.DATASETS_WRITE),
    ("delete", "", scopes.DATASETS_WRITE),
]


@pytest.mark.parametrize(("method", "path", "scope"), CALLS)
def test_another_users_dataset_does_not_exist(
    api: Api, fruits: Dataset, other_user: User, method: str, path: str, scope: str
) -> None:
    answer = getattr(api(other_user), method)(f"/api/datasets/fruits/{path}", {})

    assert answer.status_code == 404
    assert rows_of(fruits).count() == 3


@pytest.mark.parametrize(("method", "path", "scope"), CALLS)
def test_every_call_needs_its_scope(
    key_for: Callable[..., str], fruits: Dataset, user: User, method: str, path: str, scope: str
) -> None:
    others = [each for each in scopes.ALL_SCOPES if each != scope]
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key_for(user, *others)}")

    answer = getattr(client, method)(f"/api/datasets/fruits/{path}", {})

    assert answer.status_code == 403


@pytest.mark.parametrize(("method", "path", "scope"), CALLS)
def test_nobody_unknown_is_answered(fruits: Dataset, method: str, path: str, scope: str) -> None:
    answer = getattr(APIClient(), method)(f"/api/datasets/fruits/{path}", {})

    assert answer.status_code == 401


def test_staff_see_the_datasets_of_all(api: Api, fruits: Dataset, staff: User) -> None:
    assert api(staff).get("/api/datasets/fruits/rows/1/").json()["name"] == "apple"


def test_a_page_of_rows_takes_few_queries_however_many_columns(
    client: APIClient, fruits: Dataset, django_assert_max_num_queries: Any
) -> None:
    Column.objects.filter(dataset=fruits).update(label="Other")

    with (
        django_assert_max_num_queries(6, connection=connections["default"]),
        django_assert_max_num_queries(1, connection=connections["datasets"]),
    ):
        client.get("/api/datasets/fruits/rows/")


# --- conditions -------------------------------------------------------------------------------------
ROW_1 = "/api/datasets/fruits/rows/1/"


@pytest.mark.parametrize(
    ("method", "body"), [("put", {"name": "x"}), ("patch", {"name": "x"}), ("delete", None)]
)
def test_a_row_that_has_changed_meanwhile_is_left_as_it_is(
    client: APIClient, fruits: Dataset, method: str, body: Any
) -> None:
    seen = client.get(ROW_1)["ETag"]
    theirs = client.patch(ROW_1, {"stock": 99})

    refusal = getattr(client, method)(ROW_1, body, headers={"If-Match": seen})

    assert refusal.status_code == 412
    assert refusal.json()["type"] == "urn:sluice:problem:precondition-failed"
    assert refusal.json()["etag"] == theirs["ETag"] != seen
    assert client.get(ROW_1).json()["stock"] == 99


@pytest.mark.parametrize(
    ("method", "body", "status"), [("patch", {"name": "x"}, 200), ("delete", None, 204)]
)
def test_a_row_that_is_as_it_was_seen_is_changed(
    client: APIClient, fruits: Dataset, method: str, body: Any, status: int
) -> None:
    seen = client.get(ROW_1)["ETag"]

    assert getattr(client, method)(ROW_1, body, headers={"If-Match": seen}).status_code == status


def test_a_row_that_has_not_changed_is_not_sent_again(client: APIClient, fruits: Dataset) -> None:
    seen = client.get(ROW_1)["ETag"]

    assert client.get(ROW_1, headers={"If-None-Match": seen}).status_code == 304


def test_a_dataset_that_was_renamed_meanwhile_keeps_that_name(
    client: APIClient, fruits: Dataset
) -> None:
    path = "/api/datasets/fruits/"
    seen = client.get(path)
    client.patch(path, {"title": "theirs"})

    rename = client.patch(path, {"title": "mine"}, headers={"If-Match": seen["ETag"]})
    removal = client.delete(path, headers={"If-Match": seen["ETag"]})

    assert (rename.status_code, removal.status_code) == (412, 412)
    assert client.get(path).json()["title"] == "theirs"
    assert "Last-Modified" in seen


def test_an_added_row_says_where_it_is(client: APIClient, fruits: Dataset) -> None:
    added = client.post("/api/datasets/fruits/rows/", {"name": "plum"})

    assert client.get(added["Location"]).json() == added.json()
