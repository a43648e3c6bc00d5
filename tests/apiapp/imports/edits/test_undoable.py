"""The history says of everything in it whether it can be taken back, and is right."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apiapp.imports import former_rows
from apiapp.imports.edits import undoable
from apiapp.imports.models import Dataset, DatasetGrant, Role
from apiapp.jobs.models import Job
from tests.apiapp.imports.loading import imported

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.usefixtures("datasets_on"),
]
Api = Callable[[User], APIClient]
BASE = "/api/datasets/things/"
ROWS = f"{BASE}rows/"


@pytest.fixture
def client(api: Api, user: User, tmp_path: Path) -> APIClient:
    load(user, tmp_path, "n,t\n1,a\n2,b\n3,c\n")
    return api(user)


def load(user: User, folder: Path, content: str, **wanted: Any) -> None:
    path = folder / "things.csv"
    path.write_text(content)
    imported(user, path, **wanted)
    Job.objects.update(state=Job.State.SUCCEEDED)


def history(client: APIClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{BASE}history/").json()["results"]
    return found


def undo(client: APIClient, event: dict[str, Any]) -> Any:
    if event["import_id"]:
        return client.post(f"/api/imports/{event['import_id']}/undo/")
    return client.post(f"{BASE}history/{event['id']}/undo/")


def test_what_is_said_of_each_event_is_what_an_undo_would_meet(
    client: APIClient, user: User, tmp_path: Path
) -> None:
    client.patch(f"{ROWS}3/", {"t": "x"}, format="json")
    load(user, tmp_path, "n,t\n1,q\n", mode="replace", dataset="things")
    client.patch(f"{ROWS}1/", {"t": "y"}, format="json")
    client.patch(f"{ROWS}1/", {"t": "z"}, format="json")
    client.post(ROWS, {"n": 5}, format="json")
    client.patch(BASE, {"title": "Other"}, format="json")

    renamed, added, newest, older, replaced, first_edit, first = history(client)

    assert (renamed["undoable"], renamed["why_not"]) == (None, "")
    assert [each["undoable"] for each in (added, newest)] == [True, True]
    assert older["why_not"] == "the same rows were changed again since: 1"
    assert "edited by hand since" in replaced["why_not"]
    assert first_edit["why_not"] == "an import has changed the table since"
    assert "undo that first" in first["why_not"]
    for blocked in (older, replaced, first_edit, first):
        answer = undo(client, blocked)
        assert (answer.status_code, answer.json()["detail"]) == (409, blocked["why_not"])
    assert undo(client, added).status_code == undo(client, newest).status_code == 200


def test_what_was_taken_back_says_so_until_that_is_taken_back(client: APIClient) -> None:
    client.patch(f"{ROWS}1/", {"t": "x"}, format="json")
    undo(client, history(client)[0])

    taken_back, edit, _first = history(client)

    assert (edit["undoable"], edit["why_not"]) == (False, "it was taken back")
    assert taken_back["undoable"]
    undo(client, taken_back)
    again = history(client)
    assert [each["why_not"] for each in again[:2]] == ["", "it was taken back"]
    assert again[2]["why_not"] == "the same rows were changed again since: 1"


def test_an_import_that_was_undone_cannot_be_undone_again(
    client: APIClient, user: User, tmp_path: Path
) -> None:
    load(user, tmp_path, "n,t\n7,q\n", mode="append", dataset="things")
    appended, _created = history(client)
    assert appended["undoable"]

    undo(client, appended)

    undone, appended, created = history(client)
    assert (undone["undoable"], appended["why_not"]) == (None, "it was taken back")
    assert created["undoable"]


def test_rows_that_were_not_kept_say_so(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(former_rows, "CELLS_MAX", 1)

    client.delete(f"{ROWS}?_id=not.is.null")

    assert "were not kept" in history(client)[0]["why_not"]


def test_who_may_only_look_is_told_of_no_undo(
    client: APIClient, api: Api, other_user: User
) -> None:
    client.patch(f"{ROWS}1/", {"t": "x"}, format="json")
    dataset = Dataset.objects.get(slug="things")
    DatasetGrant.objects.create(dataset=dataset, user=other_user, role=Role.VIEWER)

    told = history(api(other_user))

    assert [each["undoable"] for each in told] == [None] * 2


def test_a_page_far_back_says_that_it_was_not_looked_at(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in "abc":
        client.patch(f"{ROWS}2/", {"t": text}, format="json")
    monkeypatch.setattr(undoable, "LOOKED_AT", 2)

    told = history(client)[:3]

    assert [each["undoable"] for each in told] == [True, False, None]
    assert told[2]["why_not"] == undoable.TOO_MUCH_SINCE


def test_a_long_history_asks_no_more_than_a_short_one(
    client: APIClient, user: User, tmp_path: Path
) -> None:
    def asked() -> int:
        main, tables = (
            CaptureQueriesContext(connections[each]) for each in ("default", "datasets")
        )
        with main, tables:
            history(client)
        return len(main) + len(tables)

    load(user, tmp_path, "n,t\n7,q\n", mode="append", dataset="things")
    client.patch(f"{ROWS}1/", {"t": "x"}, format="json")
    few = asked()
    for number in range(5):
        load(user, tmp_path, f"n,t\n{number},q\n", mode="append", dataset="things", is_again=True)
        client.patch(f"{ROWS}1/", {"t": str(number)}, format="json")

    assert asked() <= few
