"""kill -9 while a lane is at work, its process and all: nothing is half visible, no row is doubled."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connections

from apiapp.imports import lane_process, publishing, tables
from apiapp.imports.models import RefusedCell
from apiapp.imports.routers import DATASETS
from tests.apiapp.imports import lane_of_small_blocks
from tests.apiapp.imports.killed_loads import in_killed_child
from tests.apiapp.imports.loading import planned
from tests.apiapp.imports.test_lanes import HASTY, lane_of, loaded, outcome, table_of, written

pytestmark = [
    pytest.mark.django_db(transaction=True, databases="__all__"),
    pytest.mark.usefixtures("tables_gone_after"),
]

# What is called at that moment, and which time.
MOMENTS = {
    "before the first block": ("apiapp.imports.lanes.answer_of", 1),
    "between blocks": ("apiapp.imports.lanes.go_on", 2),
    "before the rows are visible": ("apiapp.imports.publishing.publish", 1),
    "before that is said": ("apiapp.imports.loads.conclude", 1),
}
DURABLE = {"sqlite": ("PRAGMA synchronous", 2), "postgresql": ("SHOW synchronous_commit", "on")}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_a_lane_leaves_all_rows_or_none_and_each_once(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    if connections[DATASETS].vendor != "sqlite":
        pytest.skip("this lane leads to SQLite")
    monkeypatch.setattr(lane_process, "PROGRAM", lane_of_small_blocks.__name__)
    path = tmp_path / "things.csv"
    path.write_bytes(written(table_of(100)))
    row = planned(user, path)
    called, times = MOMENTS[moment]

    in_killed_child(lambda: loaded(row, path, HASTY), called, times=times)
    is_in = moment == "before that is said"
    assert bool(tables.was_applied(row.pk)) == is_in
    assert bool(tables.left_staging()) != is_in
    again = loaded(row, path, HASTY)

    rows, refusals, *counts = outcome(again)
    assert lane_of(again) == "duckdb"
    assert (len(rows), len({number for number, *_ in rows}), counts) == (98, 98, [98, 2, 98, 0])
    assert len(refusals) == RefusedCell.objects.count() == 2
    assert not tables.left_staging()


def test_rows_are_on_the_disk_when_it_is_told_that_they_are_visible(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "things.csv"
    path.write_bytes(written(table_of(60)))
    row = planned(user, path)
    question, durable = DURABLE[connections[DATASETS].vendor]
    found = []
    write_down = publishing.write_down

    def seen(changes: publishing.Changes, ledger: publishing.LoadLedger) -> None:
        with connections[DATASETS].cursor() as cursor:
            cursor.execute(question)
            found.append(cursor.fetchone()[0])
        write_down(changes, ledger)

    monkeypatch.setattr(publishing, "write_down", seen)
    loaded(row, path, HASTY)

    assert found == [durable]
