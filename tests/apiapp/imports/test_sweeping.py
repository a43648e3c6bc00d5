from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from apiapp.imports import history, loads, sweeping, tables
from apiapp.imports.filling import Feed
from apiapp.imports.loads import Progress
from apiapp.imports.models import Dataset, Import, RefusedCell
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.readers import DelimitedReader
from apiapp.jobs.models import Job
from tests.apiapp import conftest
from tests.apiapp.imports.loading import cells, imported, no_progress, planned

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.usefixtures("datasets_on"),
]
NOTHING = {
    "concluded": 0,
    "undone": 0,
    "discarded": 0,
    "dropped": 0,
    "forgotten": 0,
    "columns": 0,
    "told": 0,
}


def sweep(keep_days: float = 30, keep_newest: int = 20) -> dict[str, int]:
    return sweeping.sweep(now=timezone.now(), keep_days=keep_days, keep_newest=keep_newest)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "things.csv"
    path.write_text("n\n1\n2\n")
    return path


def killed_in_the_middle(owner: User, path: Path) -> Import:
    """What a process leaves that is killed while it loads."""
    row = planned(owner, path)
    columns = loads.from_dicts(row.columns)
    staging = tables.new_staging(import_id=row.pk, columns=columns, is_kept=True)
    loads.loader_for(staging).create()
    RefusedCell.objects.create(import_id=row.pk, row_number=1, kind="type", reason="x")
    return row


def job_of(row: Import, **values: object) -> None:
    Job.objects.filter(pk=row.job_id).update(**values)


def test_what_a_dead_import_left_is_removed_once_its_job_has_ended(user: User, path: Path) -> None:
    row = killed_in_the_middle(user, path)
    job_of(row, state="failed")

    first, second = sweep(), sweep()

    assert first == {**NOTHING, "discarded": 1}
    assert second == NOTHING
    assert not conftest.tables()
    assert not Dataset.objects.exists()
    assert not RefusedCell.objects.exists()


def test_what_a_living_import_has_is_left_alone(user: User, path: Path) -> None:
    row = killed_in_the_middle(user, path)
    job_of(row, state="running", lease_until=timezone.now() + timedelta(seconds=5), attempts=1)

    assert sweep() == NOTHING

    assert Dataset.objects.count() == 1
    assert len(conftest.tables()) == 1


def test_an_import_that_will_be_tried_again_keeps_its_name(user: User, path: Path) -> None:
    row = killed_in_the_middle(user, path)
    lost = timezone.now() - timedelta(seconds=5)
    job_of(row, state="running", lease_until=lost, attempts=1, max_attempts=5)

    assert sweep()["discarded"] == 0

    job_of(row, attempts=5)
    assert sweep()["discarded"] == 1


def test_staging_tables_of_imports_that_are_gone_are_dropped(user: User, path: Path) -> None:
    kept = imported(user, path)
    columns = loads.from_dicts(kept.columns)
    staging = tables.new_staging(import_id=10**9, columns=columns, is_kept=False)
    loads.loader_for(staging).create()

    assert sweep() == {**NOTHING, "dropped": 1}

    assert kept.dataset
    assert conftest.tables() == {kept.dataset.table_name}


def test_rows_that_became_visible_before_the_last_run_died_are_told_of(
    user: User, path: Path
) -> None:
    row = planned(user, path)
    with path.open("rb") as file:
        loads.load(
            row,
            Feed(lambda: DelimitedReader(file, Dialect())),
            Progress(no_progress, 0),
            timezone.now,
        )
    job_of(row, state="failed")

    assert sweep() == {**NOTHING, "concluded": 1}

    row.refresh_from_db()
    assert (row.state, row.rows_loaded) == ("succeeded", 2)
    assert cells(Dataset.objects.get(published_at__isnull=False)) == [(1,), (2,)]


def test_an_undoing_that_broke_off_is_finished(user: User, path: Path) -> None:
    row = imported(user, path)
    Import.objects.filter(pk=row.pk).update(undone_at=timezone.now())

    assert sweep() == {**NOTHING, "undone": 1}

    assert not conftest.tables()


@pytest.mark.parametrize(
    ("bounds", "left"), [({}, 3), ({"keep_newest": 2}, 2), ({"keep_days": 0}, 0)]
)
def test_rows_of_before_are_kept_for_so_long_and_for_so_many_imports(
    user: User, path: Path, bounds: dict[str, int], left: int
) -> None:
    imported(user, path)
    rows = [imported(user, path, mode="replace", dataset="things") for _ in range(3)]

    swept = sweep(**bounds)

    assert swept == {**NOTHING, "forgotten": 3 - left}
    newest = [row.pk for row in rows][3 - left :]
    assert sorted(history.kept().values()) == newest


def test_the_history_of_a_dataset_that_is_gone_goes_too(user: User, path: Path) -> None:
    imported(user, path)
    imported(user, path, mode="replace", dataset="things")
    Dataset.objects.all().delete()

    assert sweep() == {**NOTHING, "forgotten": 1}
