"""From what happened to who is to be told: each event, once, for each subscription that wants it."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from apiapp.imports import feed
from apiapp.imports.models import Dataset, DatasetEvent, Import
from apiapp.outbox import services as outbox
from apiapp.outbox.models import Event
from apiapp.webhooks import queueing
from apiapp.webhooks.event_types import TYPES, VERSION
from apiapp.webhooks.models import Delivery, FeedPosition, Subscription
from apiapp.webhooks.services import FEED

AT_ONCE = 200
Look = Callable[[datetime], None]
TOLD = ("file", "mode", "error", "rows_loaded", "rows_refused")


def spread(*, now: datetime, sources: Iterable[Look]) -> dict[str, int]:
    """Return how many events were read on, and how many subscriptions got another job."""
    for look in sources:
        look(now)
    read = 0
    while portion := read_feed(now=now):
        read += portion
    told = 0
    while portion := spread_some(now=now):
        told += portion
    return {"read": read, "told": told, "revived": queueing.revive(now=now)}


@transaction.atomic
def read_feed(*, now: datetime) -> int:
    """Events of imports become events of their own, in one transaction with how far that is."""
    position = FeedPosition.objects.select_for_update().filter(name=FEED).first()
    if position is None:  # nobody ever wanted to know
        return 0
    portion = feed.settled(feed.Position(position.transaction_id, position.event_id))
    for event in portion:
        if feed.type_of(event) in TYPES:
            tell_import(event)
    if portion:
        position.transaction_id, position.event_id = portion[-1].transaction_id, portion[-1].pk
        position.save(update_fields=["transaction_id", "event_id"])
    return len(portion)


def tell_import(event: DatasetEvent) -> None:
    owners = {
        *Import.objects.filter(pk=event.import_id or 0).values_list("owner_id", flat=True),
        *Dataset.objects.filter(pk=event.dataset_id).values_list("owner_id", flat=True),
    }
    payload = feed.payload(event)
    facts = event.told or {}
    outbox.tell(
        payload["type"],
        audience=owners,
        data={
            "import_id": payload["import_id"],
            "actor": payload["actor"],
            "dataset": payload["dataset"],
            **{name: facts[name] for name in TOLD if name in facts},
        },
        now=event.at,
        once=f"datasets-{event.pk}",
    )


@transaction.atomic
def spread_some(*, now: datetime) -> int:
    """Note who wants to know of the oldest events that were not read on yet."""
    waiting = Event.objects.filter(spread_at=None).order_by("pk")
    events = list(waiting.select_for_update(skip_locked=True)[:AT_ONCE])
    concerned = set()
    for event in events:
        rows = [
            Delivery(subscription=row, event=event, due_at=now, created_at=now)
            for row in wanting(event)
        ]
        Delivery.objects.bulk_create(rows, ignore_conflicts=True)
        concerned |= {row.subscription_id for row in rows}
    Event.objects.filter(pk__in=[event.pk for event in events]).update(spread_at=now)
    for subscription_id in sorted(concerned):
        queueing.have_sent(subscription_id, now=now)
    return len(events)


def wanting(event: Event) -> list[Subscription]:
    """Whom it concerns, or who is staff and sees all; who had subscribed when it happened."""
    return [row for row in entitled(event) if not row.events or event.type in row.events]


def entitled(event: Event) -> QuerySet[Subscription]:
    theirs = Q(owner__in=event.audience)
    sees_all = Q(everybody=True, owner__is_staff=True)
    rows = Subscription.objects.filter(theirs | sees_all, owner__is_active=True)
    return rows.filter(created_at__lte=event.at)


def message_of(event: Event) -> dict[str, Any]:
    """What is sent of it: always the same bytes."""
    return {
        "id": event.uid,
        "type": event.type,
        "version": VERSION,
        "timestamp": event.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": event.data,
    }
