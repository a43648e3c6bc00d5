"""Replace, upsert and what is taken back of them: on both databases, whole and exact."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from apiapp.imports import datasets, history, publishing, undoing
from apiapp.imports.errors import BadColumns, BadKey, HistoryGone, UndoBlocked
from apiapp.imports.models import Dataset, Import, LoadLedger
from apiapp.imports.rows import rows_of
from apiapp.jobs.models import Job
from tests.apiapp import conftest
from tests.apiapp.imports.loading import cells, imported, planned, refusals, run

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.usefixtures("datasets_on"),
]
NOW = datetime(2026, 11, 21, tzinfo=UTC)
STOCK = "code,name,price,sold\na,apple,1.5,2026-01-31\nb,bread,2,\nc,cheese,,2026-02-01\n"
NEWER = "code,price\nb,2.0\nc,7\nd,4\n"  # the same bread, another cheese, new dates


class Desk:
    """Where one user's files become imports."""

    def __init__(self, user: User, folder: Path) -> None:
        self.user = user
        self.folder = folder

    def file(self, content: str) -> Path:
        path = self.folder / "stock.csv"
        path.write_text(content)
        return path

    def bring(self, content: str, mode: str = "create", **wanted: Any) -> Import:
        path = self.file(content)
        row = imported(self.user, path, mode=mode, dataset="Stock", **wanted)
        Job.objects.filter(pk=row.job_id).update(state=Job.State.SUCCEEDED)
        return Import.objects.select_related("dataset", "job").get(pk=row.pk)

    def undo(self, row: Import) -> Import:
        fresh = Import.objects.get(pk=row.pk)
        return undoing.undo(row=fresh, by=self.user, now=NOW)


@pytest.fixture
def desk(user: User, tmp_path: Path) -> Desk:
    return Desk(user, tmp_path)


def table() -> list[tuple[Any, ...]]:
    """Every cell of every row, as the database has it, with the ids."""
    name = Dataset.objects.get().table_name
    with connections["datasets"].cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{name}" ORDER BY _id')
        return list(cursor.fetchall())


def codes() -> list[str]:
    return [row[0] for row in cells(Dataset.objects.get())]


def counts(row: Import) -> dict[str, int]:
    names = ("inserted", "updated", "unchanged", "skipped", "deleted", "refused")
    found = {name: getattr(row, f"rows_{name}") for name in names}
    return {name: count for name, count in found.items() if count}


# --- upsert ------------------------------------------------------------------------------------------
def test_an_upsert_changes_what_differs_adds_what_is_new_and_leaves_the_rest(desk: Desk) -> None:
    desk.bring(STOCK, key=["code"])
    row = desk.bring(NEWER, "upsert")

    assert counts(row) == {"inserted": 1, "updated": 1, "unchanged": 1}
    assert row.rows_loaded == 2
    dataset = Dataset.objects.get()
    assert dataset.row_count == 4
    assert [(code, name, str(price)) for code, name, price, _ in cells(dataset)] == [
        ("a", "apple", "1.5"),
        ("b", "bread", "2"),
        ("c", "cheese", "7"),
        ("d", None, "4"),
    ]


@pytest.mark.parametrize(
    ("wanted", "expected", "left"),
    [
        ({"inserts_new": False}, {"updated": 1, "unchanged": 1, "skipped": 1}, "abc"),
        ({"updates_existing": False}, {"inserted": 1, "unchanged": 1, "skipped": 1}, "abcd"),
        (
            {"inserts_new": False, "updates_existing": False, "deletes_missing": True},
            {"unchanged": 1, "skipped": 2, "deleted": 1},
            "bc",
        ),
        (
            {"deletes_missing": True},
            {"inserted": 1, "updated": 1, "unchanged": 1, "deleted": 1},
            "bcd",
        ),
    ],
    ids=["no new", "no changes", "only deletes", "mirror"],
)
def test_each_case_can_be_left_out_and_undoing_gives_back_every_cell(
    desk: Desk, wanted: dict[str, bool], expected: dict[str, int], left: str
) -> None:
    desk.bring(STOCK, key=["code"])
    before = table()

    row = desk.bring(NEWER, "upsert", **wanted)
    assert counts(row) == expected
    assert "".join(codes()) == left
    desk.undo(row)

    assert table() == before
    assert Dataset.objects.get().row_count == 3
    assert history.kept() == {}


def test_a_key_of_several_columns_tells_rows_apart_together(desk: Desk) -> None:
    desk.bring("year,month,sum\n2025,1,10\n2025,2,20\n2026,1,30\n", key=["year", "month"])

    row = desk.bring("month,year,sum\n1,2026,31\n2,2026,40\n", "upsert")

    assert counts(row) == {"inserted": 1, "updated": 1}
    assert cells(Dataset.objects.get()) == [
        (2025, 1, 10),
        (2025, 2, 20),
        (2026, 1, 31),
        (2026, 2, 40),
    ]


def test_the_first_key_asked_for_becomes_the_datasets_and_stays(desk: Desk) -> None:
    desk.bring(STOCK)
    with pytest.raises(BadKey, match="has no key"):
        planned(desk.user, desk.file(NEWER), mode="upsert", dataset="Stock")

    desk.bring(NEWER, "upsert", key=["Code"])

    dataset = Dataset.objects.get()
    assert dataset.key_columns == ["code"]
    assert dataset.columns.get(name="code").required
    with pytest.raises(BadKey, match="another key: code"):
        planned(desk.user, desk.file(NEWER), mode="upsert", dataset="Stock", key=["price"])


@pytest.mark.parametrize("key", [["colour"], ["facts"]])
def test_a_key_of_no_column_or_of_json_is_refused(desk: Desk, key: list[str]) -> None:
    path = desk.file('code,facts\na,"{""x"": 1}"\n')

    with pytest.raises(BadKey):
        planned(desk.user, path, key=key)


def test_a_file_without_the_key_is_refused(desk: Desk) -> None:
    desk.bring(STOCK, key=["code"])

    for mode in ("append", "replace", "upsert"):
        with pytest.raises(BadColumns, match="code"):
            planned(desk.user, desk.file("name\nfig\n"), mode=mode, dataset="Stock")


def test_a_table_that_has_a_key_twice_or_not_at_all_keeps_its_rows(desk: Desk) -> None:
    for content in ("code,n\na,1\na,2\n", "code,n\n,1\nb,2\n"):
        desk.bring(content)
        before = table()
        row = planned(
            desk.user, desk.file("code,n\na,3\n"), mode="upsert", dataset="Stock", key=["code"]
        )

        with pytest.raises(BadKey, match="cannot be the key"):
            run(row, desk.file("code,n\na,3\n"))

        assert table() == before
        assert LoadLedger.objects.filter(import_id=row.pk).count() == 0
        Job.objects.update(state=Job.State.FAILED)
        datasets.delete(dataset=Dataset.objects.get(), by=desk.user, now=NOW)


@pytest.mark.parametrize("mode", ["create", "append", "replace", "upsert"])
def test_a_row_whose_key_came_before_is_refused(desk: Desk, mode: str) -> None:
    if mode != "create":
        desk.bring("code,n\nx,0\n", key=["code"])
    row = desk.bring("code,n\na,1\nb,2\na,3\n,4\n", mode, key=["code"])

    assert refusals(row) == [(4, "code", "", "required"), (3, "code", "a", "duplicate_row")]
    assert counts(row)["inserted"] == 2


def test_an_append_refuses_a_key_that_the_table_has(desk: Desk) -> None:
    desk.bring(STOCK, key=["code"])
    row = desk.bring("code\nz\nb\n", "append")

    assert refusals(row) == [(2, "code", "b", "duplicate_row")]
    assert codes() == ["a", "b", "c", "z"]


def test_nothing_is_deleted_as_missing_while_rows_are_refused(desk: Desk) -> None:
    desk.bring(STOCK, key=["code"])
    row = desk.bring("code,price\na,1.5\nb,two\n", "upsert", deletes_missing=True)

    assert counts(row) == {"unchanged": 1, "refused": 1}
    assert codes() == ["a", "b", "c"]


def test_a_unique_value_may_stay_in_its_row_and_not_be_taken_from_another(desk: Desk) -> None:
    desk.bring("code,mail,n\na,a@x,1\nb,b@x,2\n", key=["code"], columns=[{}, {"unique": True}, {}])
    row = desk.bring("code,mail,n\na,a@x,5\nb,a@x,6\n", "upsert")

    assert refusals(row) == [(2, "mail", "a@x", "unique")]
    assert cells(Dataset.objects.get()) == [("a", "a@x", 5), ("b", "b@x", 2)]


# --- replace -------------------------------------------------------------------------------------------
def test_a_replace_swaps_the_rows_and_undoing_brings_the_old_table_back(desk: Desk) -> None:
    desk.bring(STOCK, columns=[{"unique": True}, {}, {}, {}])
    before = table()

    row = desk.bring("price,code\n9,x\n8,x\n7,y\n", "replace")

    assert counts(row) == {"inserted": 2, "deleted": 3, "refused": 1}
    dataset = Dataset.objects.get()
    assert dataset.row_count == 2
    assert [(code, name) for code, name, *_ in cells(dataset)] == [("x", None), ("y", None)]
    by_hand = datasets.add_row(dataset=dataset, values={"f_code": "z"}, by=desk.user, now=NOW)
    assert by_hand["row_id"] > 3
    datasets.delete_rows(dataset=dataset, row_ids=[by_hand["row_id"]], by=desk.user, now=NOW)

    with pytest.raises(UndoBlocked, match="edited by hand"):
        desk.undo(row)
    row = desk.bring("code\nq\n", "replace")
    desk.undo(row)
    assert codes() == ["x", "y"]
    assert before != table()


def test_an_undone_replace_leaves_the_table_as_if_nothing_had_been(desk: Desk) -> None:
    desk.bring(STOCK, columns=[{"unique": True}, {}, {}, {}])
    before = table()

    desk.undo(desk.bring(NEWER, "replace"))

    assert table() == before
    assert Dataset.objects.get().row_count == 3
    assert len(conftest.tables()) == 1
    again = desk.bring("code\nb\nd\n", "append")
    assert refusals(again) == [(1, "code", "b", "unique")]
    assert [row[0] for row in table()][:3] == [1, 2, 3]


def test_a_failure_while_it_becomes_visible_leaves_the_old_rows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.bring(STOCK, key=["code"])
    before = table()

    def pulled(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the cable was pulled")

    for mode in ("append", "replace", "upsert"):
        row = planned(desk.user, desk.file("code,price\nb,3\nd,4\n"), mode=mode, dataset="Stock")
        with monkeypatch.context() as patch:
            patch.setattr("apiapp.imports.events.tell", pulled)
            with pytest.raises(RuntimeError):
                run(row, desk.file("code,price\nb,3\nd,4\n"))
        assert table() == before
        assert history.kept() == {}

        run(row, desk.file("code,price\nb,3\nd,4\n"))
        assert len(codes()) == {"append": 4, "replace": 2, "upsert": 4}[mode]
        Job.objects.filter(pk=row.job_id).update(state=Job.State.SUCCEEDED)
        desk.undo(row)
        assert table() == before


# --- undo, in any order ----------------------------------------------------------------------------------
def test_what_changed_rows_is_undone_newest_first_and_what_only_added_at_any_time(
    desk: Desk,
) -> None:
    first = desk.bring(STOCK, key=["code"])
    added = desk.bring("code\nx\n", "append")
    changed = desk.bring("code,price\na,9\n", "upsert")
    last = desk.bring("code\ny\n", "append")

    for row, blocking in ((first, changed), (added, changed), (changed, last)):
        with pytest.raises(UndoBlocked) as blocked:
            desk.undo(row)
        assert blocked.value.import_id == blocking.pk
    desk.undo(last)
    desk.undo(changed)
    desk.undo(added)

    assert codes() == ["a", "b", "c"]
    assert str(cells(Dataset.objects.get())[0][2]) == "1.5"


def test_rows_edited_by_hand_since_are_not_lost_without_a_word(desk: Desk) -> None:
    desk.bring(STOCK, key=["code"])
    row = desk.bring("code,price\na,9\nd,1\n", "upsert")
    dataset = Dataset.objects.get()
    other, changed = rows_of(dataset)[1], rows_of(dataset)[0]
    edit = {"dataset": dataset, "by": desk.user, "now": NOW}
    datasets.change_row(row_id=other.pk, values={"f_name": "brown bread"}, **edit)
    assert undoing.refuse_where_lost(row, dataset) is None

    datasets.change_row(row_id=changed.pk, values={"f_name": "pear"}, **edit)

    with pytest.raises(UndoBlocked, match=f"edited by hand.*: {changed.pk}"):
        desk.undo(row)


def test_without_its_history_a_change_stays(desk: Desk) -> None:
    desk.bring(STOCK, key=["code"])
    row = desk.bring(NEWER, "upsert")
    history.drop_of([row.pk])

    with pytest.raises(HistoryGone):
        desk.undo(row)

    row.refresh_from_db()
    assert row.undone_at is None


# --- dry run -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("create", {"inserted": 3, "refused": 1}),
        ("append", {"inserted": 1, "refused": 3}),
        ("replace", {"inserted": 3, "deleted": 3, "refused": 1}),
        ("upsert", {"inserted": 1, "updated": 1, "unchanged": 1, "refused": 1}),
    ],
)
def test_a_dry_run_says_what_would_change_and_changes_nothing(
    desk: Desk, mode: str, expected: dict[str, int]
) -> None:
    path = desk.file(NEWER + "e,much\n")
    types = [{}, {"type": "decimal"}]
    if mode != "create":
        desk.bring(STOCK, key=["code"])
        path = desk.file(NEWER + "e,much\n")
    before = conftest.tables()

    row = planned(
        desk.user, path, mode=mode, dataset="Stock", is_dry_run=True, key=["code"],
        columns=types if mode == "create" else None,
    )  # fmt: skip
    run(row, path)

    row.refresh_from_db()
    assert (row.state, counts(row)) == ("checked", expected)
    assert [kind for *_, kind in refusals(row)].count("type") == 1
    assert conftest.tables() == before
    assert Dataset.objects.count() == (mode != "create")
    assert not LoadLedger.objects.filter(import_id=row.pk).exists()
    assert publishing.PUBLISHERS.keys() == set(Import.Mode.values) - {Import.Mode.RETYPE}
