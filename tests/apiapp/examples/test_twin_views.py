"""/api/v1/: the same rows as a production API serves them."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from apiapp.examples.models import LARGEST_ID, ExampleUser, Item, Post, Resource
from tests.conftest import KeyFor

pytestmark = pytest.mark.django_db
Api = Callable[[User], APIClient]

KINDS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("/api/v1/users/", {"name": "Eve", "age": 20}, {"age": 21}),
    ("/api/v1/posts/", {"title": "标题", "content": "内容"}, {"content": ""}),
    ("/api/v1/items/", {"id": 4711, "name": "名称", "description": "d"}, {"name": "other"}),
    ("/api/v1/resources/", {"id": "资源 a", "data": {"a": [1, None, {"b": 1.5}]}}, {"data": {}}),
]
each_kind = pytest.mark.parametrize(("path", "body", "change"), KINDS)


@pytest.fixture
def hers(api: Api, user: User) -> APIClient:
    return api(user)


@pytest.fixture
def his(api: Api, other_user: User) -> APIClient:
    return api(other_user)


@each_kind
def test_a_row_is_made_shown_replaced_changed_and_deleted(
    hers: APIClient, path: str, body: dict[str, Any], change: dict[str, Any]
) -> None:
    made = hers.post(path, body)
    place = made["Location"]

    assert made.status_code == 201
    assert place.startswith(path)
    assert made.json().items() >= {**body, "owner": "alice"}.items()
    shown = hers.get(place)
    assert (shown.json(), shown["ETag"]) == (made.json(), made["ETag"])
    assert shown["Last-Modified"]
    changed = hers.patch(place, change)
    assert (changed.status_code, changed.json().items() >= change.items()) == (200, True)
    assert changed["ETag"] != shown["ETag"]
    replaced = hers.put(place, body)
    assert (replaced.status_code, replaced.json().items() >= body.items()) == (200, True)
    gone = hers.delete(place)
    assert (gone.status_code, gone.content) == (204, b"")
    assert hers.get(place).status_code == 404


@each_kind
def test_a_change_of_what_has_changed_since_is_refused(
    hers: APIClient, path: str, body: dict[str, Any], change: dict[str, Any]
) -> None:
    made = hers.post(path, body)
    place, old = made["Location"], made["ETag"]
    new = hers.patch(place, change, headers={"If-Match": old})["ETag"]

    for call in (hers.put, hers.patch, hers.delete):
        late = call(place, body, headers={"If-Match": old})
        assert late.status_code == 412
        assert late["Content-Type"] == "application/problem+json"
    assert hers.get(place)["ETag"] == new
    assert hers.get(place, headers={"If-None-Match": new}).status_code == 304
    assert hers.delete(place, headers={"If-Match": new}).status_code == 204


@each_kind
def test_anothers_row_is_not_there_and_an_open_one_is_for_staff_to_change(
    hers: APIClient,
    his: APIClient,
    api: Api,
    staff: User,
    path: str,
    body: dict[str, Any],
    change: dict[str, Any],
) -> None:
    place = hers.post(path, body)["Location"]

    assert his.get(path).json()["results"] == [
        row for row in his.get(path).json()["results"] if row["owner"] is None
    ]
    for call in (his.get, his.delete):
        assert call(place).status_code == 404
    for call in (his.put, his.patch):
        assert call(place, {}).status_code == 404
    model = {"users": ExampleUser, "posts": Post, "items": Item, "resources": Resource}
    model[path.split("/")[3]].objects.update(owner=None)
    assert his.get(place).status_code == 200
    assert his.patch(place, change).status_code == 403
    assert his.delete(place).status_code == 403
    assert api(staff).patch(place, change).status_code == 200
    assert api(staff).delete(place).status_code == 204


@each_kind
def test_whoever_is_known_may_read_and_a_key_needs_the_scope_to_write(
    user: User, key_for: KeyFor, path: str, body: dict[str, Any], change: dict[str, Any]
) -> None:
    client = APIClient()
    stranger = client.get(path)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key_for(user, 'outbound')}")

    assert (stranger.status_code, stranger["WWW-Authenticate"]) == (401, 'Bearer realm="sluice"')
    assert client.get(path).status_code == 200
    refused = client.post(path, body)
    assert (refused.status_code, "'examples'" in refused.json()["detail"]) == (403, True)


@each_kind
def test_a_creation_that_is_sent_again_with_its_key_creates_nothing(
    hers: APIClient, path: str, body: dict[str, Any], change: dict[str, Any]
) -> None:
    first = hers.post(path, body, headers={"Idempotency-Key": "k"})
    second = hers.post(path, body, headers={"Idempotency-Key": "k"})

    assert (second.status_code, second.content) == (201, first.content)
    assert second["Location"] == first["Location"]


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("users", {}, {"name", "age"}),
        ("users", {"name": " ", "age": -1}, {"name", "age"}),
        ("users", {"name": "a" * 201, "age": 151}, {"name", "age"}),
        ("users", {"name": "a\0", "age": "x"}, {"name", "age"}),
        ("users", {"name": None, "age": None}, {"name", "age"}),
        ("users", [], {"non_field_errors"}),
        ("posts", {"content": 7}, {"title"}),
        ("posts", {"title": "a" * 100_001, "content": "a" * 100_001}, {"title", "content"}),
        ("items", {"name": "a"}, {"id"}),
        ("items", {"id": -1, "name": "a"}, {"id"}),
        ("items", {"id": LARGEST_ID + 1, "name": "a"}, {"id"}),
        ("resources", {"id": "a/b"}, {"id"}),
        ("resources", {"id": "a\0b"}, {"id"}),
        ("resources", {"id": "a" * 201}, {"id"}),
        ("resources", {"id": "a", "data": []}, {"data"}),
        ("resources", {"id": "a", "data": {"a": ["b", {"\0": 1}]}}, {"data"}),
        ("resources", {"id": "a", "data": {"a": {"b": "\0"}}}, {"data"}),
    ],
)
def test_fields_that_are_not_right_are_named(
    hers: APIClient, path: str, body: Any, fields: set[str]
) -> None:
    answer = hers.post(f"/api/v1/{path}/", body)

    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert set(answer.json()["errors"]) == fields


@each_kind
def test_options_and_the_browsable_api_describe_both_pages(
    hers: APIClient, path: str, body: dict[str, Any], change: dict[str, Any]
) -> None:
    place = hers.post(path, body)["Location"]

    for page in (path, place):
        options = hers.options(page)
        shown = hers.get(page, headers={"Accept": "text/html"})
        assert (options.status_code, set(options.json()["actions"])) in (
            (200, {"POST"}),
            (200, {"PUT"}),
        )
        assert (shown.status_code, "</form>" in shown.content.decode()) == (200, True)
    assert hers.delete(place).status_code == 204
    assert hers.options(place).status_code == 404


def test_half_a_character_and_an_endless_number_in_a_form_are_refused(hers: APIClient) -> None:
    for data in ('{"a": "\\ud800"}', '{"a": 1e999}', '{"a": NaN}', "nonsense"):
        body = {"id": "a", "data": data}
        answer = hers.post("/api/v1/resources/", body, format="multipart")
        assert (answer.status_code, set(answer.json()["errors"])) == (422, {"data"}), data


@pytest.mark.parametrize(("path", "body"), [(KINDS[2][0], KINDS[2][1]), (KINDS[3][0], KINDS[3][1])])
def test_an_id_is_given_once_whoever_has_it(
    hers: APIClient, his: APIClient, path: str, body: dict[str, Any]
) -> None:
    hers.post(path, body)
    again = his.post(path, body)

    assert (again.status_code, again.json()["errors"]) == (409, {"id": ["this is taken already"]})


def test_what_the_server_decides_cannot_be_sent(hers: APIClient, other_user: User) -> None:
    body = {"id": 99, "title": "a", "owner": "bob", "created_at": "2000-01-01T00:00:00Z"}
    made = hers.post("/api/v1/posts/", body).json()
    item = hers.post("/api/v1/items/", {"id": 5, "name": "n"})["Location"]
    hers.put(item, {"id": 6, "name": "m"})

    assert made["id"] != 99
    assert made["owner"] == "alice"
    assert not made["created_at"].startswith("2000")
    assert list(Item.objects.values_list("pk", "name")) == [(5, "m")]


def test_lists_come_in_pages_with_links(hers: APIClient) -> None:
    for number in range(5):
        hers.post("/api/v1/posts/", {"title": str(number)})

    first = hers.get("/api/v1/posts/?limit=2")
    second = hers.get(first.json()["next"])

    assert [row["title"] for row in first.json()["results"]] == ["4", "3"]
    assert 'rel="next"' in first["Link"]
    assert [row["title"] for row in second.json()["results"]] == ["2", "1"]


def test_pages_of_names_are_steady_as_well(hers: APIClient) -> None:
    for name in ("a", "b", "c", "中", "文"):
        hers.post("/api/v1/resources/", {"id": name})

    seen: list[str] = []
    page = "/api/v1/resources/?limit=2"
    while page:
        answer = hers.get(page).json()
        seen += [row["id"] for row in answer["results"]]
        page = answer["next"]

    assert sorted(seen) == ["a", "b", "c", "中", "文"]


@pytest.mark.parametrize("path", ["users", "posts", "items", "resources"])
@pytest.mark.parametrize("position", ["abc", "a\0", "9" * 30, "9" * 5000, ""])
def test_a_cursor_that_was_made_up_leads_nowhere(hers: APIClient, path: str, position: str) -> None:
    cursor = b64encode(urlencode({"p": position}).encode()).decode()

    answer = hers.get(f"/api/v1/{path}/", {"cursor": cursor})

    assert answer.status_code in (200, 400, 404)


@pytest.mark.usefixtures("alice_and_bob")
def test_lists_are_filtered_and_searched(hers: APIClient) -> None:
    hers.post("/api/v1/users/", {"name": "Alicia", "age": 30})

    def names(query: str) -> set[str]:
        answer = hers.get(f"/api/v1/users/?{query}")
        assert answer.status_code == 200, answer.json()
        return {row["name"] for row in answer.json()["results"]}

    assert names("") == {"Alice", "Bob", "Alicia"}
    assert names("name=Alice") == {"Alice"}
    assert names("age=30") == {"Alice", "Alicia"}
    assert names("age=30&search=CIA&limit=5") == {"Alicia"}
    assert names(f"age={10**30}") == set()
    assert names("search=%25") == set()


def test_a_parameter_that_does_not_exist_is_told_with_those_that_do(hers: APIClient) -> None:
    answer = hers.get("/api/v1/users/?nmae=Alice")

    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:sluice:problem:unknown-parameter"
    assert answer.json()["known"] == ["age", "cursor", "limit", "name", "search"]


@pytest.mark.parametrize("query", ["age=old", "name=%00", "search=%00"])
def test_a_parameter_that_is_not_of_its_kind_is_told(hers: APIClient, query: str) -> None:
    answer = hers.get(f"/api/v1/users/?{query}")

    assert answer.status_code == 400
    assert answer.json()["parameter"] == query.partition("=")[0]


@pytest.mark.parametrize(
    "path",
    [
        f"users/{10**40}",
        f"items/{LARGEST_ID + 1}",
        "items/abc",
        "items/" + "9" * 5000,
        "posts/-1",
        "resources/a%00b",
        "resources/" + "a" * 3000,
        "nothing",
    ],
)
def test_what_cannot_be_there_is_not_there(hers: APIClient, path: str) -> None:
    for call in (hers.get, hers.delete):
        answer = call(f"/api/v1/{path}/")
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"
