"""Subscriptions: find, make, change, rotate their secrets, pause and resume them."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from apiapp import signing
from apiapp.imports import feed
from apiapp.keys.callers import Caller
from apiapp.outbound.client.guard import target_of
from apiapp.outbound.sealing import Sealer
from apiapp.outbox.models import Event
from apiapp.webhooks.errors import TooManySubscriptions, UnknownDelivery, UnknownSubscription
from apiapp.webhooks.models import Delivery, FeedPosition, Subscription

MOST_SUBSCRIPTIONS = 100  # of one user
FEED = "datasets"
Paused = Subscription.Paused


def subscriptions_of(caller: Caller) -> QuerySet[Subscription]:
    """Those that `caller` may see."""
    return caller.visible(Subscription.objects.select_related("owner"))


def get_subscription(caller: Caller, subscription_id: int) -> Subscription:
    """Raises UnknownSubscription, also for another user's."""
    row = subscriptions_of(caller).filter(pk=subscription_id).first()
    if row is None:
        raise UnknownSubscription
    return row


@transaction.atomic
def subscribe(*, owner: User, sealer: Sealer, **values: Any) -> Subscription:
    """With a secret of its own.  Raises TooManySubscriptions."""
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)  # one at a time
    if Subscription.objects.filter(owner=owner).count() >= MOST_SUBSCRIPTIONS:
        raise TooManySubscriptions(limit=MOST_SUBSCRIPTIONS)
    begin_reading()
    sealed = sealer.seal([signing.new_secret()])
    return Subscription.objects.create(owner=owner, sealed_secrets=sealed, **values)


def begin_reading() -> None:
    """What happened to datasets before anybody wanted to know is told to nobody."""
    if not FeedPosition.objects.filter(name=FEED).exists():
        end = feed.end()
        values = {"transaction_id": end.transaction_id, "event_id": end.event_id}
        FeedPosition.objects.get_or_create(name=FEED, defaults=values)


def change(*, row: Subscription, values: dict[str, Any], by_staff: bool) -> Subscription:
    """The leave to be on a private network was for the origin that was there."""
    moves = target_of(values.get("url", row.url)).origin != target_of(row.url).origin
    for name, value in values.items():
        setattr(row, name, value)
    if moves and not by_staff:
        row.allow_private = False
    row.save(update_fields=[*values, "allow_private", "updated_at"])
    return row


@transaction.atomic
def rotate(*, row: Subscription, sealer: Sealer, grace_s: float, now: datetime) -> Subscription:
    """A new secret; until the grace is over the former signs, too.

    Raises SecretLost.
    """
    locked = Subscription.objects.select_for_update().get(pk=row.pk)
    secret, former = signing.new_secret(), sealer.unseal(locked.sealed_secrets)[:1]
    row.sealed_secrets = sealer.seal([secret, *(former if grace_s else [])])
    row.former_secret_until = now + timedelta(seconds=grace_s) if grace_s else None
    row.save(update_fields=["sealed_secrets", "former_secret_until", "updated_at"])
    return row


def secrets_of(row: Subscription, *, sealer: Sealer, now: datetime) -> list[str]:
    """Those that sign now, the newest first.  Raises SecretLost."""
    known: list[str] = sealer.unseal(row.sealed_secrets)
    until = row.former_secret_until
    return known if until and until > now else known[:1]


def pause(*, row: Subscription, why: str, now: datetime) -> Subscription:
    """Nothing more is sent there; what happens meanwhile waits.  Who is paused stays as it is."""
    Subscription.objects.filter(pk=row.pk, paused=Paused.NO).update(paused=why, paused_at=now)
    row.refresh_from_db(fields=["paused", "paused_at"])
    return row


def deliveries_of(caller: Caller) -> QuerySet[Delivery]:
    rows = Delivery.objects.select_related("event", "subscription__owner")
    return rows if caller.sees_all else rows.filter(subscription__owner=caller.user)


def get_delivery(caller: Caller, delivery_id: int) -> Delivery:
    """Raises UnknownDelivery, also for another user's."""
    row = deliveries_of(caller).filter(pk=delivery_id).first()
    if row is None:
        raise UnknownDelivery
    return row


def prune(*, before: datetime) -> dict[str, int]:
    """Forget what was to be told before that, also what waited so long; return how much it was."""
    deliveries = Delivery.objects.filter(created_at__lt=before).delete()[0]
    told = Event.objects.filter(at__lt=before, deliveries=None).exclude(spread_at=None)
    return {"deliveries": deliveries, "events": told.delete()[0]}
