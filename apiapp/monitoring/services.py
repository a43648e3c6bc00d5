"""What this server needs to do its work, and whether it is there."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import DatabaseError, connections

from apiapp.jobs.models import Worker

WORKER_SILENT_S = 10.0  # a worker says every 2 s that it is there
MAIN = "default"


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """One database of the settings: `kind` is Django's name for its sort, such as sqlite."""

    alias: str
    kind: str
    answers: bool


@dataclass(frozen=True, slots=True)
class WorkerState:
    """The worker that was heard of last; None: nobody remembers one."""

    seen_at: datetime | None
    is_there: bool


@dataclass(frozen=True, slots=True)
class DiskState:
    """The disk that uploads are written to.

    free_bytes: what this process may still fill.  reserved_bytes: what uploads always leave free.
    """

    free_bytes: int
    total_bytes: int
    reserved_bytes: int

    @property
    def has_room(self) -> bool:
        return self.free_bytes > self.reserved_bytes


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at one moment."""

    checked_at: datetime
    databases: tuple[DatabaseState, ...]
    worker: WorkerState
    disk: DiskState

    @property
    def is_ready(self) -> bool:
        """As /readyz says it: a full disk refuses uploads, but everything else goes on."""
        return self.worker.is_there and all(each.answers for each in self.databases)


def status(*, now: datetime, folder: Path, reserved_bytes: int) -> Status:
    """The state of every part.  `folder` is where uploads go; it need not be there yet."""
    return Status(
        checked_at=now,
        databases=database_states(),
        worker=worker_state(now=now),
        disk=disk_state(folder=folder, reserved_bytes=reserved_bytes),
    )


def missing_parts(*, now: datetime) -> dict[str, str]:
    """Part -> what is wrong with it; empty when everything is ready."""
    silent = [each.alias for each in database_states() if not each.answers]
    missing = {f"database:{alias}": "does not answer" for alias in silent}
    if MAIN not in silent and not worker_state(now=now).is_there:
        missing["worker"] = f"none has been heard of for {WORKER_SILENT_S:g} s"
    return missing


def database_states() -> tuple[DatabaseState, ...]:
    return tuple(
        DatabaseState(alias, connections[alias].vendor, answers(alias)) for alias in connections
    )


def answers(alias: str) -> bool:
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def worker_state(*, now: datetime) -> WorkerState:
    try:
        seen_at = Worker.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()
    except DatabaseError:  # not migrated yet
        seen_at = None
    is_there = seen_at is not None and seen_at > silent_since(now)
    return WorkerState(seen_at=seen_at, is_there=is_there)


def silent_since(now: datetime) -> datetime:
    """A worker that was heard of last before that is taken for gone."""
    return now - timedelta(seconds=WORKER_SILENT_S)


def disk_state(*, folder: Path, reserved_bytes: int) -> DiskState:
    there = next(each for each in (folder, *folder.parents) if each.exists())
    usage = shutil.disk_usage(there)
    return DiskState(free_bytes=usage.free, total_bytes=usage.total, reserved_bytes=reserved_bytes)
