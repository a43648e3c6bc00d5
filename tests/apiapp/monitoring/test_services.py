from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connections
from django.utils import timezone

from apiapp.jobs import services as jobs
from apiapp.monitoring import services

pytestmark = pytest.mark.django_db(databases="__all__")

NOW = timezone.now()
KEPT_BYTES = 512 * 2**20


def status_in(folder: Path, *, now: datetime = NOW) -> services.Status:
    return services.status(now=now, folder=folder, reserved_bytes=KEPT_BYTES)


@pytest.fixture
def cut_off() -> Any:
    """cut_off(alias): from then on this database answers nothing."""
    blocks = []

    def cut(alias: str) -> None:
        def refuse(*_: Any) -> None:
            raise DatabaseError("the server closed the connection")

        block = connections[alias].execute_wrapper(refuse)
        block.__enter__()
        blocks.append(block)

    yield cut
    for block in blocks:
        block.__exit__(None, None, None)


def test_a_worker_is_there_while_it_says_so_and_for_ten_seconds_after(tmp_path: Path):
    jobs.worker_seen(name="one", now=NOW)

    soon = status_in(tmp_path, now=NOW + timedelta(seconds=9.9))
    later = status_in(tmp_path, now=NOW + timedelta(seconds=10.1))

    assert (soon.worker.is_there, soon.is_ready) == (True, True)
    assert (later.worker.is_there, later.is_ready) == (False, False)
    assert later.worker.seen_at == NOW


def test_of_several_workers_the_one_heard_of_last_counts(tmp_path: Path):
    jobs.worker_seen(name="old", now=NOW - timedelta(seconds=30))
    jobs.worker_seen(name="new", now=NOW - timedelta(seconds=1))

    assert status_in(tmp_path).worker == services.WorkerState(NOW - timedelta(seconds=1), True)


def test_where_no_worker_ever_was_none_is_there(tmp_path: Path):
    assert status_in(tmp_path).worker == services.WorkerState(seen_at=None, is_there=False)


def test_both_databases_are_named_with_their_kind(tmp_path: Path):
    found = status_in(tmp_path).databases

    assert {each.alias for each in found} == {"default", "datasets"}
    assert {each.kind for each in found} <= {"sqlite", "postgresql"}
    assert all(each.answers for each in found)


@pytest.mark.parametrize("alias", ["default", "datasets"])
def test_a_database_that_does_not_answer_is_told_apart_from_the_other(
    tmp_path: Path, cut_off: Callable[[str], None], alias: str
):
    jobs.worker_seen(name="one", now=NOW)
    cut_off(alias)

    found = status_in(tmp_path)

    assert {each.alias for each in found.databases if not each.answers} == {alias}
    assert not found.is_ready
    assert services.missing_parts(now=NOW) == {f"database:{alias}": "does not answer"}


def test_without_the_main_database_nothing_is_known_of_workers(
    tmp_path: Path, cut_off: Callable[[str], None]
):
    cut_off("default")

    assert status_in(tmp_path).worker == services.WorkerState(seen_at=None, is_there=False)


def test_the_disk_is_that_of_the_folder_even_before_the_folder_is_there(tmp_path: Path):
    disk = status_in(tmp_path / "not" / "yet").disk

    assert 0 < disk.free_bytes <= disk.total_bytes
    assert disk.reserved_bytes == KEPT_BYTES


@pytest.mark.parametrize(("free_bytes", "has_room"), [(KEPT_BYTES + 1, True), (KEPT_BYTES, False)])
def test_a_disk_has_room_beyond_what_is_always_left_free(free_bytes: int, has_room: bool):
    disk = services.DiskState(free_bytes=free_bytes, total_bytes=2**40, reserved_bytes=KEPT_BYTES)

    assert disk.has_room is has_room
