"""Staff change types, titles and owners in the admin as programs do over REST; events read as sentences."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from apiapp.imports import datasets
from apiapp.imports.event_words import words_of
from apiapp.imports.events import with_told
from apiapp.imports.models import Dataset, DatasetEvent, Import
from apiapp.imports.retyping import services as retyping
from tests.apiapp.imports.loading import no_progress
from tests.apiapp.imports.made import make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def browser(staff: User, client: Client) -> Client:
    client.force_login(staff)
    return client


@pytest.fixture
def things(user: User) -> Dataset:
    rows = [{"price": "1"}, {"price": "2.000"}, {"price": "n/a"}]
    return make_dataset(user, {"price": "text", "n": "integer"}, rows, slug="things")


def path_of(dataset: Dataset, column: str = "price") -> str:
    return f"/admin/imports/dataset/{dataset.pk}/columns/{column}/type/"


def changed(browser: Client, dataset: Dataset, **values: Any) -> Any:
    wanted = {"title": dataset.title, "owner": dataset.owner_id, **values}
    forms = {
        f"{name}-{kind}_FORMS": "0"
        for name in ("grants", "columns")
        for kind in ("TOTAL", "INITIAL")
    }
    return browser.post(f"/admin/imports/dataset/{dataset.pk}/change/", {**wanted, **forms})


def test_a_type_is_tried_out_and_then_changed(browser: Client, things: Dataset) -> None:
    asked = {"type": "integer", "form": ",.", "on_refused": "empty"}
    assert (
        path_of(things)
        in browser.get(f"/admin/imports/dataset/{things.pk}/change/").content.decode()
    )

    tried = browser.post(path_of(things), {**asked, "_try": ""})

    row = Import.objects.get()
    assert tried["Location"] == f"/admin/imports/import/{row.pk}/change/"
    assert row.is_dry_run
    run(row)
    assert things.columns.get(name="price").type == "text"

    browser.post(path_of(things), {**asked, "_save": ""})
    run(Import.objects.latest("pk"))

    assert things.columns.get(name="price").type == "integer"
    page = browser.get(
        f"/admin/imports/import/{Import.objects.latest('pk').pk}/change/"
    ).content.decode()
    assert "State." not in page
    assert "<b>Price</b>: integer" in page


def run(row: Import) -> None:
    empties = row.job.kwargs["empties"]
    retyping.retype(import_id=row.pk, empties=empties, on_progress=no_progress, clock=timezone.now)
    row.job.state = "succeeded"
    row.job.save()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"type": "date", "form": ",."}, "not read as date by the form"),
        ({"type": "text"}, "Select a valid choice"),
        ({}, "This field is required"),
    ],
    ids=["a form of others", "the same type", "nothing"],
)
def test_what_cannot_be_is_said_on_the_page(
    browser: Client, things: Dataset, asked: dict[str, str], told: str
) -> None:
    page = browser.post(path_of(things), {"on_refused": "refuse", **asked}).content.decode()

    assert told in page
    assert not Import.objects.exists()


def test_only_who_may_change_datasets_changes_a_type_and_only_of_what_is_there(
    browser: Client, staff: User, things: Dataset
) -> None:
    assert browser.get(path_of(things, "nothing")).status_code == 404
    staff.is_superuser = False
    staff.save()
    staff.user_permissions.add(Permission.objects.get(codename="view_dataset"))

    assert browser.get(path_of(things)).status_code == 403


def test_a_title_is_changed_as_over_rest_and_nothing_else_is_written(
    browser: Client, user: User, things: Dataset, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client: APIClient = api(user)
    before = client.get("/api/datasets/things/")
    published = datasets.published

    def meanwhile() -> Any:  # rows came since the page was opened
        Dataset.objects.filter(pk=things.pk).update(row_count=77)
        return published()

    monkeypatch.setattr(datasets, "published", meanwhile)
    changed(browser, things, title="Others")
    monkeypatch.undo()

    after = client.get("/api/datasets/things/")
    assert (after.json()["title"], after.json()["row_count"]) == ("Others", 77)
    assert before["ETag"] != after["ETag"]
    assert told()[0] == "Things → Others"


def test_who_was_the_owner_goes_on_as_an_editor(
    browser: Client, user: User, other_user: User, things: Dataset
) -> None:
    changed(browser, things, owner=other_user.pk)

    things.refresh_from_db()
    assert things.owner == other_user
    assert things.grants.get().user == user
    assert told()[0] == f"{other_user.username}: owner"


def told() -> list[str]:
    """Of the newest event first."""
    return [words_of(event) for event in with_told(DatasetEvent.objects.order_by("-pk"))]


def test_events_are_sentences(browser: Client, api: Any, user: User, things: Dataset) -> None:
    client: APIClient = api(user)
    base = "/api/datasets/things/"
    client.patch(f"{base}rows/?_id=in.(1,2)", {"n": 1}, format="json")
    client.patch(f"{base}columns/n/", {"label": "Number", "unique": False}, format="json")
    client.delete(f"{base}columns/n/")
    client.delete(f"{base}rows/3/")

    page = browser.get("/admin/imports/datasetevent/").content.decode()

    assert told() == [
        "row 3",
        "column n was dropped",
        "n · label: N → Number",
        "2 rows: 1, 2",
    ]
    assert all(sentence in page for sentence in told())
