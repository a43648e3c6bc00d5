"""Write down what happened: whoever reads it on comes later, and loses none."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from apiapp.jobs import services as jobs
from apiapp.outbox.models import Event

SPREADING = "webhooks.spread"  # the periodic job that reads events on


def tell(
    event_type: str,
    *,
    audience: Iterable[int],
    data: dict[str, Any],
    now: datetime,
    once: str | None = None,
) -> Event:
    """Call it in the transaction of what happened: it is told if, and only if, that commits.

    audience: numbers of users; none: staff alone.  data: small JSON, without secrets.  once: with
    the same text told again, the event of before.
    """
    values = {"type": event_type, "audience": sorted(set(audience)), "data": data, "at": now}
    if once is None:
        event = Event.objects.create(**values)
    else:
        event, _ = Event.objects.get_or_create(once=once, defaults=values)
    transaction.on_commit(partial(jobs.hasten, name=SPREADING, now=now), robust=True)
    return event
