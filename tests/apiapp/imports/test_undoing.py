from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from apiapp.imports import history, tables, undoing
from apiapp.imports.errors import DatasetBusy, NotUndoable
from apiapp.imports.models import Dataset, Import
from apiapp.imports.rows import rows_of
from apiapp.jobs.models import Job
from tests.apiapp import conftest
from tests.apiapp.imports.loading import cells, imported, planned

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.usefixtures("datasets_on"),
]
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "things.csv"
    path.write_text("n,text\n1,a\n2,b\n")
    return path


def ended(owner: User, path: Path, **wanted: str) -> Import:
    row = imported(owner, path, **wanted)
    Job.objects.filter(pk=row.job_id).update(state=Job.State.SUCCEEDED)
    return Import.objects.select_related("dataset", "job").get(pk=row.pk)


def undo(row: Import) -> Import:
    return undoing.undo(row=Import.objects.get(pk=row.pk), by=row.owner, now=NOW)


def test_undoing_the_import_that_made_a_table_removes_the_table_and_frees_its_name(
    user: User, path: Path
) -> None:
    row = ended(user, path)

    undone = undo(row)

    assert (undone.state, undone.undone_at, undone.dataset) == ("undone", NOW, None)
    assert not conftest.tables()
    assert not Dataset.objects.exists()
    assert tables.was_applied(row.pk) is None
    assert ended(user, path).dataset.slug == "things"  # type: ignore[union-attr]


def test_undoing_an_append_removes_its_rows_and_no_others(user: User, path: Path) -> None:
    first = ended(user, path)
    second = ended(user, path, mode="append", dataset="things")
    third = ended(user, path, mode="append", dataset="things")
    dataset = Dataset.objects.get()
    added = rows_of(dataset).model._default_manager.using("datasets").create(f_n=9)

    undo(second)

    dataset.refresh_from_db()
    refs = list(rows_of(dataset).values_list("import_ref", flat=True))
    assert refs == [first.pk, first.pk, third.pk, third.pk, None]
    assert dataset.row_count == 5
    assert rows_of(dataset).filter(pk=added.pk).exists()


def test_a_table_with_rows_of_others_outlives_the_import_that_made_it(
    user: User, path: Path
) -> None:
    first = ended(user, path)
    second = ended(user, path, mode="append", dataset="things")

    undo(first)

    dataset = Dataset.objects.get()
    assert set(rows_of(dataset).values_list("import_ref", flat=True)) == {second.pk}
    assert dataset.row_count == 2


def test_an_import_is_undone_once_and_only_when_its_rows_are_there(user: User, path: Path) -> None:
    row = ended(user, path)
    undo(row)
    waiting = planned(user, path)

    for each in (row, waiting):
        with pytest.raises(NotUndoable):
            undo(each)


def test_an_import_whose_dataset_was_deleted_cannot_be_undone(user: User, path: Path) -> None:
    row = ended(user, path)
    Dataset.objects.all().delete()

    with pytest.raises(NotUndoable):
        undo(row)


def test_nothing_is_undone_while_another_import_into_the_dataset_runs(
    user: User, path: Path
) -> None:
    row = ended(user, path)
    planned(user, path, mode="append", dataset="things")

    with pytest.raises(DatasetBusy):
        undo(row)

    row.refresh_from_db()
    assert row.undone_at is None
    assert len(cells(Dataset.objects.get())) == 2


@pytest.mark.parametrize("mode", ["create", "append"])
def test_an_undoing_that_was_said_and_not_done_is_finished_later(
    user: User, path: Path, mode: str
) -> None:
    if mode == "append":
        ended(user, path)
    row = ended(user, path, mode=mode, dataset="things")
    Import.objects.filter(pk=row.pk).update(undone_at=NOW)

    (half,) = undoing.half_undone()
    undoing.finish(row=half, now=NOW)

    assert undoing.half_undone() == []
    assert tables.was_applied(row.pk) is None
    assert [each.row_count for each in Dataset.objects.all()] == [2] * (mode == "append")


def test_an_undoing_that_was_done_and_not_said_is_finished_later(user: User, path: Path) -> None:
    row = ended(user, path)
    Import.objects.filter(pk=row.pk).update(undone_at=NOW)
    assert row.dataset
    history.take_back(table=row.dataset.table_name, import_id=row.pk, mode=row.mode)

    (half,) = undoing.half_undone()
    undoing.finish(row=half, now=NOW)

    assert not Dataset.objects.exists()
