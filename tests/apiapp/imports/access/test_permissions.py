"""Sharing over REST: owner, editor, viewer, stranger, staff, and what each may."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connections
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from apiapp.imports.models import Dataset, DatasetGrant, Import, Role
from apiapp.jobs.models import Job
from tests.apiapp.imports.made import make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")

Api = Callable[[User], APIClient]
BASE = "/api/datasets/fruits/"


@pytest.fixture
def fruits(user: User) -> Dataset:
    return make_dataset(
        user, {"name": "text", "stock": "integer"}, [{"name": "fig"}], slug="fruits"
    )


@pytest.fixture
def people(api: Api, user: User, staff: User, fruits: Dataset) -> dict[str, APIClient]:
    """A client for each kind of person; all but the owner and staff are called as their kind."""
    clients = {"owner": api(user), "staff": api(staff)}
    for name in ("viewer", "editor", "member", "stranger"):
        clients[name] = api(User.objects.create_user(name))
    for role in (Role.VIEWER, Role.EDITOR):
        fruits.grants.create(user=User.objects.get(username=role.value), role=role)
    crew = Group.objects.create(name="crew")
    crew.user_set.add(User.objects.get(username="member"))
    fruits.grants.create(group=crew, role=Role.EDITOR)
    return clients


READS = ["", "rows/", "rows/1/", "history/", "columns/name/", "permissions/"]
EDITS: list[tuple[str, str, Any]] = [
    ("patch", "", {"title": "Fruit"}),
    ("post", "rows/", {"name": "kiwi"}),
    ("put", "rows/1/", {"name": "kiwi"}),
    ("patch", "rows/1/", {"name": "kiwi"}),
    ("delete", "rows/1/", None),
    ("post", "columns/", {"label": "Colour", "type": "text"}),
    ("patch", "columns/stock/", {"label": "In stock"}),
    ("delete", "columns/stock/", None),
]
OWNERS: list[tuple[str, str, Any]] = [
    ("post", "permissions/", {"user": "stranger", "role": "viewer"}),
    ("delete", "", None),
]
MAY = {
    "viewer": (200, 403, 403),
    "editor": (200, 200, 403),
    "member": (200, 200, 403),
    "owner": (200, 200, 200),
    "staff": (200, 200, 200),
    "stranger": (404, 404, 404),
}


def status(client: APIClient, method: str, path: str, body: Any = None) -> int:
    """Every success as 200."""
    answer = getattr(client, method)(BASE + path, body, format="json" if body else None)
    return 200 if answer.status_code in (201, 204) else int(answer.status_code)


@pytest.mark.parametrize("who", MAY)
def test_each_may_what_their_role_says(people: dict[str, APIClient], who: str) -> None:
    reads, edits, owners = MAY[who]

    assert {path: status(people[who], "get", path) for path in READS} == dict.fromkeys(READS, reads)
    for method, path, body in EDITS:
        assert status(people[who], method, path, body) == edits, (method, path)
    for method, path, body in OWNERS:
        assert status(people[who], method, path, body) == owners, (method, path)


@pytest.mark.parametrize(("who", "role"), [("viewer", "viewer"), ("member", "editor")])
def test_the_list_and_the_dataset_tell_what_one_may(
    people: dict[str, APIClient], who: str, role: str, fruits: Dataset
) -> None:
    (listed,) = people[who].get("/api/datasets/").json()["results"]

    assert listed["role"] == role
    assert listed["owner"] == fruits.owner.username
    assert people["owner"].get(BASE).json()["role"] == "owner"
    assert people["stranger"].get("/api/datasets/").json()["results"] == []


def test_a_role_of_ones_own_and_one_of_a_group_add_up(
    people: dict[str, APIClient], fruits: Dataset
) -> None:
    Group.objects.get(name="crew").user_set.add(User.objects.get(username="viewer"))

    assert people["viewer"].get(BASE).json()["role"] == "editor"
    assert len(people["viewer"].get("/api/datasets/").json()["results"]) == 1


def test_a_dataset_is_shared_changed_and_taken_back(people: dict[str, APIClient]) -> None:
    owner, stranger = people["owner"], people["stranger"]

    made = owner.post(f"{BASE}permissions/", {"user": "stranger", "role": "viewer"}, format="json")
    assert made.status_code == 201
    assert stranger.get(BASE).status_code == 200
    again = owner.post(f"{BASE}permissions/", {"user": "stranger", "role": "editor"}, format="json")
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    one = made["Location"].removeprefix("http://testserver")
    assert stranger.get(BASE).json()["role"] == "editor"
    assert owner.patch(one, {"role": "viewer"}, format="json").json()["role"] == "viewer"
    assert owner.delete(one).status_code == 204
    assert stranger.get(BASE).status_code == 404
    kinds = [each["facts"] for each in owner.get(f"{BASE}history/").json()["results"]]
    assert [each["role"] for each in kinds] == ["", "viewer", "editor", "viewer"]
    assert people["editor"].get(f"{BASE}history/").json()["results"] == []


def test_others_see_and_give_back_only_what_they_were_given(people: dict[str, APIClient]) -> None:
    listed = people["owner"].get(f"{BASE}permissions/").json()["results"]
    (mine,) = people["viewer"].get(f"{BASE}permissions/").json()["results"]
    others = next(each for each in listed if each["user"] == "editor")

    assert [each["user"] or each["group"] for each in listed] == ["viewer", "editor", "crew"]
    assert mine["user"] == "viewer"
    assert status(people["viewer"], "delete", f"permissions/{others['id']}/") == 404
    assert (
        status(people["viewer"], "patch", f"permissions/{mine['id']}/", {"role": "editor"}) == 403
    )
    assert status(people["viewer"], "delete", f"permissions/{mine['id']}/") == 200
    assert people["viewer"].get(BASE).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"user": "nobody at all", "role": "viewer"}, "user"),
        ({"user": "alice", "role": "viewer"}, "user"),
        ({"user": "gone", "role": "viewer"}, "user"),
        ({"group": "secret", "role": "viewer"}, "group"),
        ({"user": "viewer", "group": "crew", "role": "viewer"}, "user"),
        ({"role": "viewer"}, "user"),
        ({"user": "viewer", "role": "owner"}, "role"),
        ({"user": "viewer"}, "role"),
        ({"user": 7, "role": "viewer"}, "user"),
        ({"user": "a\0b", "role": "viewer"}, "user"),
    ],
)
def test_whom_it_cannot_be_shared_with_is_told(
    people: dict[str, APIClient], body: dict[str, Any], field: str
) -> None:
    User.objects.create_user("gone", is_active=False)
    Group.objects.create(name="secret")

    answer = people["owner"].post(f"{BASE}permissions/", body, format="json")

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert DatasetGrant.objects.count() == 3


@pytest.mark.parametrize("number", [0, 10**6, 2**70])
def test_a_permission_that_is_not_there_is_404(people: dict[str, APIClient], number: int) -> None:
    assert status(people["owner"], "get", f"permissions/{number}/") == 404


def test_a_dataset_given_away_is_anothers_and_its_old_owner_edits_on(
    people: dict[str, APIClient],
) -> None:
    answer = people["owner"].put(f"{BASE}owner/", {"user": "viewer"}, format="json")

    assert (answer.json()["owner"], answer.json()["role"]) == ("viewer", "editor")
    assert people["viewer"].get(BASE).json()["role"] == "owner"
    assert status(people["owner"], "delete", "") == 403
    assert status(people["owner"], "put", "owner/", {"user": "viewer"}) == 403


def test_a_deleted_user_leaves_no_permission_and_an_owner_is_not_deleted(
    people: dict[str, APIClient], fruits: Dataset, user: User
) -> None:
    User.objects.get(username="viewer").delete()

    assert fruits.grants.filter(role=Role.VIEWER).count() == 0
    with pytest.raises(ProtectedError):
        user.delete()


@pytest.fixture
def loaded(fruits: Dataset, user: User) -> Import:
    job = Job.objects.create(
        task="imports.load", owner=user, state=Job.State.SUCCEEDED, run_at=timezone.now()
    )
    return Import.objects.create(
        owner=user,
        dataset=fruits,
        dataset_title="Fruits",
        source_name="a.csv",
        mode="append",
        job=job,
    )


IMPORT_READS = ["", "errors/", "errors/summary/", "errors.csv"]


@pytest.mark.parametrize(
    ("who", "seen"), [("owner", 200), ("editor", 200), ("member", 200), ("viewer", 404)]
)
def test_editors_see_the_imports_of_others_and_viewers_do_not(
    people: dict[str, APIClient], loaded: Import, who: str, seen: int
) -> None:
    one = f"/api/imports/{loaded.pk}/"

    assert [people[who].get(one + each).status_code for each in IMPORT_READS] == [seen] * 4
    listed = people[who].get("/api/imports/?dataset=fruits").json()["results"]
    assert len(listed) == (seen == 200)


def test_who_may_edit_no_more_keeps_their_import_and_cannot_take_it_back(
    people: dict[str, APIClient], loaded: Import, fruits: Dataset
) -> None:
    editor = User.objects.get(username="editor")
    Import.objects.filter(pk=loaded.pk).update(owner=editor)
    undo = f"/api/imports/{loaded.pk}/undo/"

    fruits.grants.filter(user=editor).update(role=Role.VIEWER)
    assert people["editor"].post(undo).status_code == 403
    fruits.grants.filter(user=editor).delete()
    assert people["editor"].post(undo).status_code == 404
    assert people["editor"].get(f"/api/imports/{loaded.pk}/").status_code == 200


def test_a_viewer_imports_nothing_into_it(people: dict[str, APIClient]) -> None:
    body = {"dataset": "fruits", "rows": [{"name": "kiwi"}]}

    assert people["viewer"].post("/api/import", body, format="json").status_code == 403


def test_the_role_costs_the_owner_and_staff_no_query_and_others_one(
    people: dict[str, APIClient],
) -> None:
    names = ("owner", "staff", "editor", "member", "viewer")
    asked = {}

    for who in 2 * names:  # by the second time all else is known
        with CaptureQueriesContext(connections["default"]) as queries:
            assert people[who].get(f"{BASE}rows/").status_code == 200
        asked[who] = len(queries)

    usual = asked["owner"]
    assert asked == {who: usual + (who not in ("owner", "staff")) for who in names}
