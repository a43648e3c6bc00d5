"""From what happens to what is told: every kind of event, once, to those whom it concerns."""

import json
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from apiapp.imports import undoing
from apiapp.jobs.models import Job
from apiapp.outbox import services as outbox
from apiapp.outbox.models import Event
from apiapp.uploads import configured, merging
from apiapp.uploads import services as uploads
from apiapp.uploads.models import Upload
from apiapp.webhooks.models import Delivery, Subscription
from myproject import screen_events
from streaming import services as screens
from streaming.models import Screen
from tests.apiapp.imports.loading import imported
from tests.apiapp.outbound.hostile_server import HostileServer

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

Subscribe = Callable[..., Subscription]
Work = Callable[[], None]


@pytest.fixture
def receiver(there: HostileServer) -> HostileServer:
    there.on["/hook"] = lambda talk, heard: talk.answer(204)
    return there


def told(there: HostileServer) -> list[tuple[str, dict[str, Any]]]:
    bodies = [json.loads(heard.body) for heard in there.heard]
    return [(body["type"], body["data"]) for body in bodies]


def tell(owner: User, event_type: str = "upload.finished", **more: Any) -> Event:
    now = timezone.now()
    with transaction.atomic():
        return outbox.tell(event_type, audience=[owner.pk], data={}, now=now, **more)


def test_an_event_is_sent_once_to_each_who_wants_it_and_to_nobody_else(
    subscribed: Subscribe, receiver: HostileServer, work: Work, user: User, other_user: User
):
    subscribed()
    subscribed(events=["upload.finished"])
    subscribed(events=["screen.started"])
    subscribed(owner=other_user)

    tell(user)
    work()
    work()

    assert [name for name, _ in told(receiver)] == ["upload.finished"] * 2


def test_staff_who_asked_for_everybodys_events_get_them_as_long_as_they_are_staff(
    subscribed: Subscribe, receiver: HostileServer, work: Work, user: User, staff: User
):
    subscribed(owner=staff, everybody=True)
    tell(user)
    work()
    staff.is_staff = False
    staff.save()
    tell(user)
    work()

    assert len(receiver.heard) == 1


def test_what_happened_before_is_not_told(
    subscribed: Subscribe, receiver: HostileServer, work: Work, user: User
):
    tell(user)
    subscribed()
    work()

    assert receiver.heard == []


def test_what_is_told_twice_happened_once(user: User):
    first, again = tell(user, once="a-1"), tell(user, once="a-1")

    assert first == again
    assert Event.objects.count() == 1


def test_what_did_not_happen_is_not_told(user: User):
    class Broken(Exception):
        pass

    with pytest.raises(Broken), transaction.atomic():
        tell(user)
        raise Broken

    assert not Event.objects.exists()


def test_a_finished_upload_is_told_once(
    subscribed: Subscribe, receiver: HostileServer, work: Work, user: User
):
    subscribed()
    content, file_id = b"n\n1\n", secrets.token_hex(16)
    configured.store().finished_path(file_id).write_bytes(content)
    with transaction.atomic():
        uploads.save_within_quota(
            Upload(
                file_id=file_id,
                owner=user,
                filename="n.csv",
                size=4,
                received=4,
                chunk_size=8,
                total_chunks=1,
                sha256="f" * 64,
                state=Upload.State.VERIFYING,
            ),
            limits=configured.limits(),
            store=configured.store(),
        )

    for _ in range(2):
        merging.merge(
            file_id=file_id,
            store=configured.store(),
            clock=timezone.now,
            on_progress=lambda *_args, **_more: None,
        )
    work()

    ((name, data),) = told(receiver)
    assert (name, data["file_id"], data["filename"]) == ("upload.finished", file_id, "n.csv")
    assert len(data["sha256"]) == 64


def test_imports_are_told_as_they_end(
    subscribed: Subscribe, receiver: HostileServer, work: Work, user: User, tmp_path: Path
):
    subscribed()
    path = tmp_path / "things.csv"
    path.write_text("n\n1\n")

    row = imported(user, path)
    Job.objects.filter(pk=row.job_id).update(state=Job.State.SUCCEEDED)
    work()
    undoing.undo(row=row, by=user, now=timezone.now())
    work()

    kinds = [(name, data["import_id"]) for name, data in told(receiver)]
    assert kinds == [("import.finished", row.pk), ("import.undone", row.pk)]
    assert told(receiver)[0][1]["rows_loaded"] == 1
    assert "row_ids" not in told(receiver)[0][1]


def test_a_screen_is_told_when_somebody_begins_and_when_nobody_goes_on(
    subscribed: Subscribe, receiver: HostileServer, work: Work, user: User
):
    subscribed()
    screen = Screen.objects.create(owner=user, name="desk")
    now = timezone.now()
    begin = {"screen_id": screen.pk, "presenter": "alice", "tell": screen_events.tell}
    end = {"screen_id": screen.pk, "tell": screen_events.tell}

    screens.begin_publishing(publisher="a", now=now, **begin)
    screens.begin_publishing(publisher="b", now=now, **begin)  # takes over
    screens.end_publishing(publisher="a", now=now, **end)
    screens.end_publishing(publisher="b", now=now, **end)
    screens.end_publishing(publisher="b", now=now, **end)
    work()

    assert [name for name, _ in told(receiver)] == ["screen.started", "screen.stopped"]
    assert told(receiver)[0][1] == {"name": "desk", "title": "", "presenter": "alice"}


def test_a_publisher_that_vanished_is_told_once(
    subscribed: Subscribe, receiver: HostileServer, work: Work, user: User
):
    subscribed(events=["screen.stopped"])
    screen = Screen.objects.create(owner=user, name="desk")
    long_ago = timezone.now() - timedelta(minutes=1)
    screens.begin_publishing(screen_id=screen.pk, publisher="a", presenter="alice", now=long_ago)

    work()
    work()

    assert [name for name, _ in told(receiver)] == ["screen.stopped"]


def test_alerts_are_for_staff(
    subscribed: Subscribe, receiver: HostileServer, work: Work, user: User, staff: User
):
    subscribed()
    subscribed(owner=staff, everybody=True)
    outbox.tell("alert.fired", audience=[], data={"rule": "p99"}, now=timezone.now())
    work()

    assert told(receiver) == [("alert.fired", {"rule": "p99"})]


def test_a_cancelled_or_lost_job_of_a_subscription_gets_a_follower(
    subscribed: Subscribe, receiver: HostileServer, work: Work, user: User
):
    row = subscribed()
    tell(user)
    Delivery.objects.create(
        subscription=row,
        event=Event.objects.get(),
        due_at=timezone.now(),
        created_at=timezone.now(),
    )
    Event.objects.update(spread_at=timezone.now())
    row.job = Job.objects.create(task="webhooks.deliver", state="failed", run_at=timezone.now())
    row.save()

    work()

    assert len(receiver.heard) == 1
    row.refresh_from_db()
    assert row.job is None
