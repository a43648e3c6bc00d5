"""What is told to others: imports that end in any way, changes of datasets, each once."""

import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.utils import timezone

from apiapp.imports import ended_imports, events, feed, services, sweeping
from apiapp.imports.feed import Position
from apiapp.imports.models import Dataset, DatasetEvent, Import
from apiapp.jobs.models import Job
from tests.apiapp.imports.loading import imported, planned
from tests.apiapp.imports.made import make_dataset

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
LONGEST_S, LOOK_S = 90, 0.02


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "things.csv"
    path.write_text("n\n1\n")
    return path


def told(after: Position = Position()) -> list[dict[str, Any]]:  # noqa: B008 - immutable
    return [feed.payload(event) for _, event in feed.read(after)]


def told_all(count: int, after: Position = Position()) -> list[dict[str, Any]]:  # noqa: B008
    """Once as many are told: on PostgreSQL they are held back while any older transaction runs, in
    another test's database, too.
    """
    give_up_at_s = time.monotonic() + LONGEST_S
    while len(found := told(after)) < count and time.monotonic() < give_up_at_s:
        time.sleep(LOOK_S)
    return found


def failed(row: Import) -> None:
    Job.objects.filter(pk=row.job_id).update(
        state=Job.State.FAILED, error="no rows", finished_at=timezone.now()
    )


def test_an_import_that_failed_is_told_once_for_each_time(
    user: User, path: Path, datasets_on: str
) -> None:
    row = planned(user, path)
    nothing = ended_imports.tell(row.pk)
    failed(row)

    first = [ended_imports.tell(row.pk) for _ in range(2)]
    again = ended_imports.tell_all(now=timezone.now())
    failed(row)
    swept = [ended_imports.tell_all(now=timezone.now()) for _ in range(2)]

    assert (nothing, first, again, swept) == (False, [True, False], 0, [1, 0])
    ended = told_all(2)
    assert [each["type"] for each in ended] == ["import.failed"] * 2
    assert ended[0]["data"] == {"file": "things.csv", "mode": "create", "error": "no rows"}


def test_what_ended_long_ago_is_not_told(user: User, path: Path, datasets_on: str) -> None:
    failed(planned(user, path))

    assert ended_imports.tell_all(now=timezone.now() + timedelta(days=8)) == 0


def test_an_import_is_told_when_it_is_cancelled_finished_and_undone(
    user: User, path: Path, datasets_on: str
) -> None:
    services.cancel(row=planned(user, path), now=timezone.now())
    row = imported(user, path)

    ended = told_all(2)
    kinds = [(each["type"], each["actor"], each["import_id"]) for each in ended]

    assert kinds == [
        ("import.cancelled", "alice", row.pk - 1),
        ("import.finished", "alice", row.pk),
    ]
    assert ended[1]["dataset"] == {"id": row.dataset_id, "slug": "things", "title": "Things"}
    assert sweeping.sweep(now=timezone.now(), keep_days=1, keep_newest=1)["told"] == 0


def test_a_payload_is_what_the_documentation_says(user: User, datasets_on: str) -> None:
    at = timezone.now().replace(microsecond=0)
    dataset = make_dataset(user, {"n": "integer"})

    event = events.tell(
        dataset, events.Kind.RENAMED, by="alice", now=at, before="a", after="Things"
    )

    assert told_all(1) == [
        {
            "id": f"evt_{event.pk}",
            "type": "dataset.renamed",
            "time": at.isoformat().replace("+00:00", "Z"),
            "actor": "alice",
            "dataset": {"id": dataset.pk, "slug": "things", "title": "Things"},
            "import_id": None,
            "data": {"before": "a", "after": "Things"},
        }
    ]


@pytest.mark.postgres
@pytest.mark.parametrize("datasets_on", ["postgresql"], indirect=True)
def test_an_event_that_is_seen_late_is_not_missed(user: User, datasets_on: str) -> None:
    dataset = make_dataset(user, {"n": "integer"})
    written, may_end = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with transaction.atomic(using="datasets"):
            rename(dataset, "early")
            written.set()
            may_end.wait(60)
        connections["datasets"].close()

    config, alias = connections.settings["datasets"], connections["datasets"]
    writer = threading.Thread(target=write_slowly)
    writer.start()
    assert written.wait(60)
    rename(dataset, "late")
    meanwhile = [each["data"]["after"] for each in told()]
    may_end.set()
    writer.join(60)

    assert (config, alias.vendor) == (connections.settings["datasets"], "postgresql")
    assert meanwhile == []
    assert [each["data"]["after"] for each in told_all(2)] == ["early", "late"]
    (first, _), (last, _) = feed.read()
    assert [each["data"]["after"] for each in told(first)] == ["late"]
    assert told(last) == []
    assert DatasetEvent.objects.count() == 2


def rename(dataset: Dataset, title: str) -> None:
    kind = events.Kind.RENAMED
    events.tell(dataset, kind, by="alice", now=timezone.now(), before="", after=title)
