"""Datasets, imports and refused cells in the admin, loaded as staff."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connections
from django.test import Client
from django.utils import timezone

from apiapp.imports.models import Column, Dataset, DatasetEvent, Import, RefusedCell
from apiapp.imports.rows import rows_of
from apiapp.jobs.models import Job
from tests.apiapp.imports.loading import imported
from tests.apiapp.imports.made import make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def browser(staff: User, client: Client) -> Client:
    client.force_login(staff)
    return client


@pytest.fixture
def fruits(user: User) -> Dataset:
    return make_dataset(user, {"name": "text"}, [{"name": "apple"}] * 1234, slug="fruits")


def make_import(owner: User, dataset: Dataset | None, **facts: Any) -> Import:
    job = Job.objects.create(
        owner=owner, task="imports.load", run_at=timezone.now(), state=facts.pop("state", "queued")
    )
    return Import.objects.create(
        owner=owner,
        dataset=dataset,
        dataset_title="Fruits",
        source_name="fruits.csv",
        mode="create",
        job=job,
        **facts,
    )


def test_the_list_leads_to_the_rows_of_each_dataset(browser: Client, fruits: Dataset) -> None:
    page = browser.get("/admin/imports/dataset/").content.decode()

    assert "Fruits" in page
    assert "1,234" in page
    assert f'href="/admin/imports/dataset/{fruits.pk}/rows/"' in page


def test_the_title_and_the_labels_can_be_changed_and_nothing_else(
    browser: Client, fruits: Dataset
) -> None:
    column = fruits.columns.get()

    browser.post(
        f"/admin/imports/dataset/{fruits.pk}/change/",
        {
            "title": "Obst",
            "owner": fruits.owner_id,
            "slug": "obst",
            "grants-TOTAL_FORMS": "0",
            "grants-INITIAL_FORMS": "0",
            "columns-TOTAL_FORMS": "1",
            "columns-INITIAL_FORMS": "1",
            "columns-0-id": column.pk,
            "columns-0-dataset": fruits.pk,
            "columns-0-label": "Name der Frucht",
            "columns-0-name": "frucht",
            "columns-0-type": "integer",
        },
    )

    fruits.refresh_from_db()
    assert (fruits.title, fruits.slug) == ("Obst", "fruits")
    column = Column.objects.get()
    assert (column.label, column.name, column.type) == ("Name der Frucht", "name", "text")


@pytest.mark.parametrize("n", [1, 2])
def test_a_column_is_changed_as_over_the_api_or_the_page_says_why_not(
    browser: Client, user: User, staff: User, n: int
) -> None:
    fruits = make_dataset(user, {"n": "integer"}, [{"n": 1}, {"n": n}], slug="fruits")

    page = browser.post(
        f"/admin/imports/dataset/{fruits.pk}/change/",
        {
            "title": "Fruits",
            "owner": fruits.owner_id,
            "grants-TOTAL_FORMS": "0",
            "grants-INITIAL_FORMS": "0",
            "columns-TOTAL_FORMS": "1",
            "columns-INITIAL_FORMS": "1",
            "columns-0-id": fruits.columns.get().pk,
            "columns-0-dataset": fruits.pk,
            "columns-0-label": "N",
            "columns-0-required": "on",
            "columns-0-unique": "on",
        },
        follow=True,
    ).content.decode()

    is_done = n == 2
    told = [(each.kind, each.actor) for each in DatasetEvent.objects.all()]
    assert Column.objects.get().unique is is_done
    assert ("N cannot be unique" in page) is not is_done
    assert told == ([("schema_changed", staff.username)] if is_done else [])


def test_imports_that_failed_are_tried_again(browser: Client, user: User) -> None:
    gone = make_import(user, None, state="failed")
    retype = make_import(user, None, state="failed")
    Import.objects.filter(pk=retype.pk).update(mode="retype")

    page = browser.post(
        "/admin/imports/import/",
        {"action": "retry_selected", "_selected_action": [gone.pk, retype.pk]},
        follow=True,
    ).content.decode()

    assert "upload it again" in page
    assert "is tried again" in page
    assert [each.state for each in Job.objects.order_by("pk")] == ["failed", "queued"]


@pytest.mark.parametrize(("to_whom", "is_shared"), [(["user"], True), (["user", "group"], False)])
def test_a_dataset_is_shared_with_one_user_or_one_group(
    browser: Client, fruits: Dataset, staff: User, to_whom: list[str], is_shared: bool
) -> None:
    whom = {"user": User.objects.create_user("bob").pk, "group": Group.objects.create(name="g").pk}
    column = fruits.columns.get()
    sent = {
        "title": "Fruits",
        "owner": fruits.owner_id,
        "columns-TOTAL_FORMS": "1",
        "columns-INITIAL_FORMS": "1",
        "columns-0-id": column.pk,
        "columns-0-dataset": fruits.pk,
        "columns-0-label": "Name",
        "grants-TOTAL_FORMS": "1",
        "grants-INITIAL_FORMS": "0",
        "grants-0-dataset": fruits.pk,
        "grants-0-role": "viewer",
    }

    browser.post(
        f"/admin/imports/dataset/{fruits.pk}/change/",
        sent | {f"grants-0-{each}": whom[each] for each in to_whom},
    )

    made = [(str(each.user), each.role, each.granted_by) for each in fruits.grants.all()]
    assert made == ([("bob", "viewer", staff.username)] if is_shared else [])


def test_a_dataset_is_deleted_with_its_table_once_its_name_is_typed(
    browser: Client, fruits: Dataset
) -> None:
    path = f"/admin/imports/dataset/{fruits.pk}/delete/"

    question = browser.get(path).content.decode()
    browser.post(path, {"post": "yes", "typed": "fruit"})
    after_a_typo = Dataset.objects.count()
    browser.post(path, {"post": "yes", "typed": "fruits"})

    assert "1,234 rows" in question
    assert after_a_typo == 1
    assert Dataset.objects.count() == 0
    assert fruits.table_name not in connections["datasets"].introspection.table_names()


def test_a_dataset_into_which_an_import_runs_is_kept(browser: Client, fruits: Dataset) -> None:
    make_import(fruits.owner, fruits, state="running")

    page = browser.post(
        f"/admin/imports/dataset/{fruits.pk}/delete/",
        {"post": "yes", "typed": "fruits"},
        follow=True,
    )

    assert "cancel it" in page.content.decode()
    assert rows_of(fruits).count() == 1234


def test_datasets_are_neither_added_nor_deleted_in_bulk(browser: Client, fruits: Dataset) -> None:
    page = browser.get("/admin/imports/dataset/").content.decode()

    assert browser.get("/admin/imports/dataset/add/").status_code == 403
    assert "delete_selected" not in page


def test_an_import_shows_its_state_and_leads_to_its_job_and_to_what_was_refused(
    browser: Client, fruits: Dataset
) -> None:
    done = make_import(fruits.owner, fruits, state="succeeded", rows_loaded=5, rows_refused=2)

    page = browser.get("/admin/imports/import/").content.decode()

    assert "succeeded" in page
    assert f'href="/admin/jobs/job/{done.job_id}/change/"' in page
    assert f'href="/admin/imports/refusedcell/?import={done.pk}"' in page
    assert browser.get(f"/admin/imports/import/{done.pk}/change/").status_code == 200
    assert browser.post(f"/admin/imports/import/{done.pk}/delete/").status_code == 403


def test_the_imports_of_one_dataset_are_listed(browser: Client, fruits: Dataset) -> None:
    make_import(fruits.owner, fruits)
    make_import(fruits.owner, None)

    page = browser.get(f"/admin/imports/import/?dataset__id__exact={fruits.pk}")

    assert page.context["cl"].result_count == 1


@pytest.mark.parametrize(
    ("query", "rows"),
    [("", {1, 2, 3}), ("import={first}", {1, 2}), ("q=abc", {2}), ("import={first}&q=12x", {1})],
)
def test_refused_cells_are_found_by_import_and_by_text(
    browser: Client, fruits: Dataset, query: str, rows: set[int]
) -> None:
    first = make_import(fruits.owner, fruits, rows_refused=2)
    second = make_import(fruits.owner, fruits, rows_refused=1)
    for number, row, value in ((first.pk, 1, "12x"), (first.pk, 2, "abc"), (second.pk, 3, "12x")):
        RefusedCell.objects.create(
            import_id=number, row_number=row, column="n", value=value, kind="type", reason="no"
        )

    page = browser.get(f"/admin/imports/refusedcell/?{query.format(first=first.pk)}")

    assert {cell.row_number for cell in page.context["cl"].result_list} == rows


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/imports/dataset/",
        "/admin/imports/import/",
        "/admin/imports/refusedcell/",
        "/admin/auth/user/",
        "/admin/auth/group/",
    ],
)
def test_every_page_has_the_navigation_and_a_policy_without_foreign_hosts(
    browser: Client, path: str
) -> None:
    answer = browser.get(path)

    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "http" not in policy
    assert 'href="/admin/imports/dataset/"' in answer.content.decode()


def test_the_policy_is_strict_outside_the_admin(client: Client) -> None:
    policy = client.get("/healthz").headers["Content-Security-Policy"]

    assert "unsafe" not in policy


@pytest.fixture
def appended(user: User, tmp_path: Path) -> list[Import]:
    """Three imports into one table, the last of which replaced its rows."""
    path = tmp_path / "cars.csv"
    path.write_text("n\n1\n2\n")
    rows = [
        imported(user, path, mode=mode, dataset="cars") for mode in ("create", "append", "replace")
    ]
    Job.objects.update(state=Job.State.SUCCEEDED)
    return rows


def test_imports_are_undone_newest_first_by_whoever_may_change_datasets(
    browser: Client, staff: User, appended: list[Import]
) -> None:
    first, *others = appended
    undo = {"action": "undo_selected", "_selected_action": [row.pk for row in others]}

    page = browser.post("/admin/imports/import/", undo, follow=True).content.decode()

    assert page.count("was undone") == 2
    assert Dataset.objects.get().row_count == 2
    assert set(Import.objects.exclude(undone_at=None)) == set(others)
    assert {row.undone_by for row in Import.objects.exclude(pk=first.pk)} == {staff.username}
    events = browser.get("/admin/imports/datasetevent/").content.decode()
    assert events.count("import undone") >= 2


def test_what_stands_in_the_way_of_undoing_is_told(browser: Client, appended: list[Import]) -> None:
    first, _, last = appended
    undo = {"action": "undo_selected", "_selected_action": [first.pk]}

    page = browser.post("/admin/imports/import/", undo, follow=True).content.decode()

    assert f"import {last.pk} changed rows after it: undo that first" in page
    assert not Import.objects.exclude(undone_at=None).exists()


def test_who_may_only_look_at_imports_is_not_offered_to_undo_them(
    client: Client, user: User, appended: list[Import]
) -> None:
    user.is_staff = True
    user.save()
    user.user_permissions.add(Permission.objects.get(codename="view_import"))
    client.force_login(user)

    page = client.get("/admin/imports/import/").content.decode()

    assert "cars.csv" in page
    assert "undo_selected" not in page
