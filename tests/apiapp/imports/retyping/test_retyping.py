"""The type of a column is changed, told before, refused, undone, and never half there."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from apiapp.imports import datasets, history, loads, tables, undoing
from apiapp.imports.altering.errors import CellsRefused
from apiapp.imports.errors import (
    BadColumns,
    TableInUse,
    UndoBlocked,
)
from apiapp.imports.models import Dataset, Import
from apiapp.imports.retyping import copying, services
from apiapp.imports.retyping.services import Retype
from apiapp.jobs.models import Job
from apiapp.keys.callers import person
from tests.apiapp.imports.loading import cells, imported, no_progress, planned, refusals, run
from tests.apiapp.imports.made import make_dataset

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.usefixtures("datasets_on"),
]
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def table(owner: User, type_: str, values: Iterable[Any], **facts: Any) -> Dataset:
    rows = [{"v": value, "other": f"o{number}"} for number, value in enumerate(values)]
    return make_dataset(owner, {"other": "text", "v": type_}, rows, **facts)


def asked(dataset: Dataset, type_: str, **wanted: Any) -> Import:
    return services.start(
        caller=person(dataset.owner),
        dataset=dataset,
        name="v",
        wanted=Retype(type_, **wanted),
        now=NOW,
    )


def done(row: Import) -> Import:
    """What a worker does for its job."""
    kwargs = Job.objects.get(pk=row.job_id).kwargs
    try:
        services.retype(**kwargs, on_progress=no_progress, clock=timezone.now)
    finally:
        Job.objects.filter(pk=row.job_id).update(state=Job.State.SUCCEEDED)
    return Import.objects.select_related("dataset", "job").get(pk=row.pk)


def retyped(dataset: Dataset, type_: str, **wanted: Any) -> list[Any]:
    """The values of its column afterwards."""
    done(asked(dataset, type_, **wanted))
    return values(dataset)


def values(dataset: Dataset) -> list[Any]:
    return [value for _, value in cells(Dataset.objects.get(pk=dataset.pk))]


MOMENT = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
DAY = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("from_type", "before", "to_type", "after"),
    [
        ("text", [" 7 ", "007", None, " "], "integer", [7, 7, None, None]),
        ("integer", [7, -1, None], "text", ["7", "-1", None]),
        ("decimal", [Decimal("0.1234567890123456789")], "text", ["0.1234567890123456789"]),
        ("float", [0.1, 1e300], "text", ["0.1", "1e+300"]),
        ("boolean", [True, False, None], "text", ["true", "false", None]),
        ("date", [date(2026, 1, 31)], "text", ["2026-01-31"]),
        ("timestamp", [MOMENT], "text", ["2026-01-31T12:30:00Z"]),
        ("json", [{"ü": [1]}], "text", ['{"ü": [1]}']),
        ("float", [12.0, None], "integer", [12, None]),
        ("boolean", [True, False], "integer", [1, 0]),
        ("timestamp", [DAY, None], "date", [date(2026, 1, 31), None]),
        ("date", [date(2026, 1, 31)], "timestamp", [DAY]),
        ("text", ['{"a": 1}'], "json", [{"a": 1}]),
    ],
)
def test_values_become_what_they_show(
    user: User, from_type: str, before: list[Any], to_type: str, after: list[Any]
) -> None:
    dataset = table(user, from_type, before)

    assert retyped(dataset, to_type) == after
    assert dataset.columns.get(name="v").type == to_type
    assert [other for other, _ in cells(Dataset.objects.get())] == [
        f"o{number}" for number in range(len(before))
    ]


def test_text_is_read_in_its_own_form(user: User) -> None:
    dataset = table(user, "text", ["1.234,56", "7"])

    assert retyped(dataset, "decimal", form=",.") == [Decimal("1234.56"), Decimal(7)]


def test_a_report_names_the_cells_and_changes_nothing(user: User) -> None:
    dataset = table(user, "text", ["1", "x", "2", "y"])

    row = done(asked(dataset, "integer", is_dry_run=True))

    assert (row.state, row.rows_updated, row.rows_refused) == ("checked", 2, 2)
    assert refusals(row) == [(2, "V", "x", "type"), (4, "V", "y", "type")]
    assert values(dataset) == ["1", "x", "2", "y"]
    assert not tables.left_staging()


@pytest.mark.parametrize("is_required", [False, True])
def test_nothing_is_changed_while_a_cell_will_not_convert(user: User, is_required: bool) -> None:
    dataset = table(user, "text", ["1", "x"])
    dataset.columns.filter(name="v").update(required=is_required)
    row = asked(dataset, "integer")

    with pytest.raises(CellsRefused, match="1 cell of V cannot become integer"):
        done(row)

    assert values(dataset) == ["1", "x"]
    assert refusals(row) == [(2, "V", "x", "type")]
    assert (tables.left_staging(), history.kept()) == ({}, {})


def test_cells_that_will_not_convert_are_emptied_by_choice_and_come_back_by_undo(
    user: User,
) -> None:
    dataset = table(user, "text", ["1", "x"])
    before = tables.types_of(dataset.table_name)
    row = done(asked(dataset, "integer", empties=True))
    emptied = values(dataset)

    undoing.undo(row=row, by=user, now=NOW)

    assert emptied == [1, None]
    assert refusals(row) == [(2, "V", "x", "type")]
    assert values(dataset) == ["1", "x"]
    assert dataset.columns.get(name="v").type == "text"
    assert tables.types_of(dataset.table_name) == before


def test_what_a_unique_column_would_have_twice_is_refused(user: User) -> None:
    dataset = table(user, "text", ["1", "01", "2"])
    dataset.columns.filter(name="v").update(unique=True)

    row = done(asked(dataset, "integer", empties=True))

    assert values(dataset) == [1, None, 2]
    assert refusals(row) == [(2, "V", "1", "unique")]


def test_rows_that_are_edited_meanwhile_are_not_lost(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = table(user, "text", ["1", "2", "3"])

    def edit_and_finish(copy: copying.Copy) -> None:
        facts: dict[str, Any] = {"dataset": dataset, "by": user, "now": NOW}
        datasets.change_row(row_id=1, values={"f_v": "11"}, **facts)
        datasets.delete_rows(row_ids=[2], **facts)
        datasets.add_row(values={"f_v": "4", "f_other": "new"}, **facts)
        finish(copy)

    finish = copying.finish
    monkeypatch.setattr(copying, "finish", edit_and_finish)
    done(asked(dataset, "integer"))
    fresh = Dataset.objects.get()
    added = datasets.add_row(dataset=fresh, values={"f_v": 5, "f_other": "last"}, by=user, now=NOW)

    assert values(dataset) == [11, 3, 4, 5]
    assert added["row_id"] == 5


def test_an_import_that_was_made_for_other_types_begins_again(user: User, tmp_path: Any) -> None:
    dataset = table(user, "text", ["1"])
    path = tmp_path / "more.csv"
    path.write_text("other,v\nmore,2\n")
    row = planned(user, path, dataset="things", mode="append")
    stale = Import.objects.select_related("dataset").get(pk=row.pk)
    assert stale.dataset
    list(stale.dataset.columns.all())
    known = loads.specs_of(stale.dataset)
    Job.objects.update(state=Job.State.SUCCEEDED)
    done(asked(dataset, "integer"))

    with pytest.raises(TableInUse):
        tables.require_types(dataset.table_name, known)
    run(row, path)

    assert values(dataset) == [1, 2]


def test_an_import_made_before_is_undone_only_once_the_type_is_what_it_was(
    user: User, tmp_path: Any
) -> None:
    path = tmp_path / "things.csv"
    path.write_text("other,v\na,x1\nb,x2\n")
    first = imported(user, path, dataset="Things")
    path.write_text("other,v\nc,7\n")
    second = imported(user, path, dataset="things", mode="replace")
    Job.objects.update(state=Job.State.SUCCEEDED)
    assert first.dataset
    retype = done(asked(first.dataset, "integer"))

    with pytest.raises(UndoBlocked, match=f"import {retype.pk} came after it"):
        undoing.undo(row=Import.objects.get(pk=second.pk), by=user, now=NOW)
    undoing.undo(row=retype, by=user, now=NOW)
    undoing.undo(row=Import.objects.get(pk=second.pk), by=user, now=NOW)

    assert values(first.dataset) == ["x1", "x2"]


def test_an_undo_does_not_throw_edits_away(user: User) -> None:
    dataset = table(user, "text", ["1", "2"])
    row = done(asked(dataset, "integer"))
    fresh = Dataset.objects.get()
    datasets.change_row(dataset=fresh, row_id=1, values={"f_v": 9}, by=user, now=NOW)

    with pytest.raises(UndoBlocked, match="edited by hand since"):
        undoing.undo(row=row, by=user, now=NOW)


@pytest.mark.parametrize(
    ("wanted", "facts"),
    [
        (Retype("text"), {}),
        (Retype("integer", form="dmy"), {}),
        (Retype("integer", empties=True), {"required": True}),
        (Retype("json"), {"unique": True}),
        (Retype("integer"), {"conditions": {"pattern": "[0-9]+"}}),
    ],
)
def test_what_cannot_be_is_refused_at_once(
    user: User, wanted: Retype, facts: dict[str, Any]
) -> None:
    dataset = table(user, "text", ["1"])
    dataset.columns.filter(name="v").update(**facts)

    with pytest.raises(BadColumns):
        services.start(caller=person(user), dataset=dataset, name="v", wanted=wanted, now=NOW)
    assert not Import.objects.exists()


def test_the_api_starts_it_shows_it_and_lets_nothing_else_begin(
    user: User, other_user: User, api: Callable[[User], APIClient]
) -> None:
    dataset = table(user, "text", ["1", "x"])
    address = "/api/datasets/things/columns/v/retype/"
    client = api(user)

    hidden = api(other_user).post(address, {"type": "integer"})
    unknown = client.post("/api/datasets/things/columns/w/retype/", {"type": "integer"})
    wrong = [
        client.post(address, body)
        for body in ({}, {"type": "int"}, {"type": "integer", "dry_run": "x"})
    ]
    started = client.post(address, {"type": "integer", "on_refused": "empty"})
    busy = client.post(address, {"type": "integer"})
    done(Import.objects.get())
    shown = client.get(started["Location"]).json()
    errors = client.get(f"{started['Location']}errors/").json()["results"]
    told = client.get("/api/datasets/things/history/").json()["results"][0]
    undone = client.post(f"{started['Location']}undo/")

    assert (hidden.status_code, unknown.status_code) == (404, 404)
    assert [each.status_code for each in wrong] == [422, 422, 422]
    assert (started.status_code, busy.json()["type"]) == (202, "urn:sluice:problem:dataset-busy")
    assert (shown["mode"], shown["rows_updated"], shown["rows_refused"]) == ("retype", 1, 1)
    assert [(each["row_number"], each["value"]) for each in errors] == [(2, "x")]
    assert told["facts"]["before"]["type"] == "text"
    assert (undone.json()["state"], values(dataset)) == ("undone", ["1", "x"])
