"""Has what waits for a subscription sent, by one job at a time.

Whoever adds something that waits, and the job when it has nothing more to do, holds the row of the
subscription meanwhile: so nothing is left lying between the two.
"""

from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, Min, OuterRef

from apiapp.jobs import services as jobs
from apiapp.jobs.models import Job
from apiapp.jobs.news import tell_workers
from apiapp.outbox.models import Event
from apiapp.webhooks.errors import SubscriptionPaused
from apiapp.webhooks.event_types import TEST
from apiapp.webhooks.models import Delivery, Subscription

TASK = "webhooks.deliver"
MOST_REPLAYED = 10_000  # in one transaction
State = Delivery.State


class Replayed(NamedTuple):
    """replayed: how many messages are sent again.  left: how many more there are to be."""

    replayed: int
    left: int


@transaction.atomic
def locked(subscription_id: int) -> Subscription | None:
    """To be called within a transaction, which holds it."""
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("job")
    return rows.filter(pk=subscription_id).first()


def next_due_at(row: Subscription) -> datetime | None:
    """None: nothing waits, or nothing may be sent."""
    if row.paused:
        return None
    waiting = row.deliveries.filter(state=Delivery.State.WAITING).order_by("due_at")
    return waiting.values_list("due_at", flat=True).first()


@transaction.atomic
def have_sent(subscription_id: int, *, now: datetime) -> None:
    """See to it that a job sends what waits, when it is due."""
    row = locked(subscription_id)
    due_at = next_due_at(row) if row else None
    if row is None or due_at is None:
        return
    if row.job is None or row.job.has_ended:
        enqueue(row, due_at=due_at, now=now)
        return
    sooner = Job.objects.filter(pk=row.job.pk, state=Job.State.QUEUED, run_at__gt=due_at)
    if sooner.update(run_at=due_at):
        tell_workers()


@transaction.atomic
def have_rest_sent(subscription_id: int, *, now: datetime, not_before: datetime) -> None:
    """The running job is over: another one, for what still waits."""
    row = locked(subscription_id)
    if row is None:
        return
    due_at = next_due_at(row)
    if due_at is None:
        row.job = None
        row.save(update_fields=["job"])
    else:
        enqueue(row, due_at=max(due_at, not_before), now=now)


def enqueue(row: Subscription, *, due_at: datetime, now: datetime) -> None:
    row.job = jobs.enqueue(
        task=TASK, kwargs={"subscription_id": row.pk}, owner=row.owner, now=now, run_at=due_at
    )
    row.save(update_fields=["job"])


@transaction.atomic
def resume(*, row: Subscription, now: datetime) -> Subscription:
    """What waited is sent, in the order in which it happened."""
    Subscription.objects.filter(pk=row.pk).update(paused=Subscription.Paused.NO, paused_at=None)
    row.refresh_from_db(fields=["paused", "paused_at"])
    row.deliveries.filter(state=Delivery.State.WAITING).update(due_at=now)
    have_sent(row.pk, now=now)
    return row


@transaction.atomic
def replay(*, row: Delivery, now: datetime) -> Delivery:
    """Send the same message again, under the same id.  Raises SubscriptionPaused."""
    require_active(row.subscription)
    again = Delivery.objects.create(
        subscription=row.subscription, event=row.event, replay_of=row, due_at=now, created_at=now
    )
    have_sent(row.subscription_id, now=now)
    return again


@transaction.atomic
def replay_failed(*, row: Subscription, since: datetime | None, now: datetime) -> Replayed:
    """Send again what was to be told since then (None: ever) and has failed, in the order in which
    it happened.

    What was delivered in another try, or waits to be, is not: asked a second time this does nothing.
    Raises SubscriptionPaused.
    """
    subscription = locked(row.pk) or row
    require_active(subscription)
    of_same = subscription.deliveries.filter(event=OuterRef("event")).order_by()
    failed = subscription.deliveries.filter(state=State.FAILED).order_by()
    failed = failed.exclude(Exists(of_same.exclude(state=State.FAILED)))
    if since is not None:
        failed = failed.filter(created_at__gte=since)
    found = failed.values_list("event").annotate(first=Min("pk")).order_by("event")
    again = [
        Delivery(
            subscription=subscription,
            event_id=event_id,
            replay_of_id=first,
            due_at=now,
            created_at=now,
        )
        for event_id, first in found[:MOST_REPLAYED]
    ]
    Delivery.objects.bulk_create(again, batch_size=500)
    have_sent(subscription.pk, now=now)
    # Those of now wait, so they are not found a second time.
    return Replayed(len(again), found.count())


@transaction.atomic
def send_test(*, row: Subscription, now: datetime) -> Delivery:
    """An event for this subscription alone.  Raises SubscriptionPaused."""
    require_active(row)
    event = Event.objects.create(
        type=TEST,
        audience=[row.owner_id],
        data={"subscription_id": row.pk},
        at=now,
        spread_at=now,
    )
    made = Delivery.objects.create(subscription=row, event=event, due_at=now, created_at=now)
    have_sent(row.pk, now=now)
    return made


def require_active(row: Subscription) -> None:
    """Raises SubscriptionPaused."""
    if row.paused:
        raise SubscriptionPaused


def revive(*, now: datetime) -> int:
    """Subscriptions whose job died, or was cancelled, get another; return how many."""
    waiting = Delivery.objects.filter(state=Delivery.State.WAITING)
    rows = Subscription.objects.filter(paused=Subscription.Paused.NO, deliveries__in=waiting)
    dead = rows.exclude(job__state__in=[Job.State.QUEUED, Job.State.RUNNING]).distinct()
    found = list(dead.values_list("pk", flat=True))
    for subscription_id in found:
        have_sent(subscription_id, now=now)
    return len(found)
