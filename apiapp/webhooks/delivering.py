"""Send what waits for a subscription, in order, and write down what came of each attempt.

No transaction is open while bytes travel.  A process that dies between the answer and its row has
the message sent again, under the same id: at least once, never lost.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from apiapp import signing
from apiapp.outbound.client.bodies import json_body
from apiapp.outbound.client.calls import Answer, Call, Terms
from apiapp.outbound.client.client import Client
from apiapp.outbound.client.guard import Policy
from apiapp.outbound.client.retrying import Backoff, retry_after_s
from apiapp.outbound.errors import CallFailed, CircuitOpen, SecretLost, TooManyRedirects
from apiapp.outbound.sealing import Sealer
from apiapp.webhooks import queueing, services
from apiapp.webhooks.models import Attempt, Delivery, Subscription
from apiapp.webhooks.spreading import message_of

ANSWER_BYTES = 64 * 1024  # of what a receiver says nobody needs more
KEPT_CHARS = 1000
ERROR_CHARS = 1000
RUN_S = 30.0  # then others' deliveries have their turn
HOLD_S = 60.0  # at most, for which a receiver that is down is not sent what follows
JITTER_RATIO = 0.1
LONGEST_WAIT_S = 24 * 3600.0  # also if the receiver asks for more
GONE = 410
NO_NUL = "\ufffd"  # which PostgreSQL cannot keep
Clock = Callable[[], datetime]
State = Delivery.State


@dataclass(frozen=True, slots=True)
class Means:
    """With what deliveries are made.  retry_s: the waits between attempts."""

    client: Client
    sealer: Sealer
    retry_s: tuple[float, ...]
    attempt_s: float
    clock: Clock
    jitter: Callable[[float, float], float] = random.uniform


@dataclass(frozen=True, slots=True)
class Outcome:
    """asked_s: how long the receiver wants to be left alone."""

    status: int | None = None
    error: str = ""
    answer: str = ""
    asked_s: float | None = None

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_down(self) -> bool:
        """Not this message alone would be refused now."""
        return self.status is None or self.status >= 500 or self.status == 429


def run(*, subscription_id: int, means: Means, check: Callable[[], None]) -> dict[str, int]:
    """Send what is due, oldest first; have another job send what waits after that.

    check: raises if the run is to stop.
    """
    begun_s, sent, not_before = time.monotonic(), 0, means.clock()
    while time.monotonic() - begun_s < RUN_S:
        check()
        row = next_due(subscription_id, now=means.clock())
        if row is None:
            break
        outcome, wait_s = deliver(row, means)
        sent += 1
        if outcome.is_down:
            not_before = means.clock() + timedelta(seconds=min(wait_s, HOLD_S))
            break
    queueing.have_rest_sent(subscription_id, now=means.clock(), not_before=not_before)
    return {"subscription_id": subscription_id, "attempts": sent}


def next_due(subscription_id: int, *, now: datetime) -> Delivery | None:
    rows = Delivery.objects.select_related("subscription", "event").order_by("pk")
    due = rows.filter(subscription_id=subscription_id, state=State.WAITING, due_at__lte=now)
    return due.filter(subscription__paused=Subscription.Paused.NO).first()


def deliver(row: Delivery, means: Means) -> tuple[Outcome, float]:
    """One attempt: what came of it, and how long until the next."""
    at, started_s = means.clock(), time.monotonic()
    try:
        outcome = outcome_of(attempted(row, means), now=at)
    except TooManyRedirects:
        outcome = Outcome(error="it redirects, which is not followed")
    except CircuitOpen as error:
        return put_off(row, error, means)
    except (CallFailed, SecretLost) as error:
        outcome = Outcome(error=str(error))
    attempt = Attempt(
        delivery=row,
        at=at,
        status=outcome.status,
        error=outcome.error[:ERROR_CHARS],
        answer=outcome.answer,
        duration_s=time.monotonic() - started_s,
    )
    return outcome, noted(row, attempt, outcome, means)


def attempted(row: Delivery, means: Means) -> Answer:
    """Raises CallFailed, SecretLost."""
    subscription, now = row.subscription, means.clock()
    body = json_body(message_of(row.event))
    return means.client.send(
        Call(
            method="POST",
            url=subscription.url,
            headers=signing.signed_headers(
                message_id=row.event.uid,
                content=body.content,
                secrets_=services.secrets_of(subscription, sealer=means.sealer, now=now),
                now=now,
            ),
            body=body,
            partition=f"webhook:{subscription.pk}",
        ),
        terms=Terms(
            total_s=means.attempt_s,
            answer_bytes=ANSWER_BYTES,
            redirects=0,
            backoff=Backoff(attempts=1),
        ),
        policy=Policy(allow_private=subscription.allow_private),
    )


def outcome_of(answer: Answer, *, now: datetime) -> Outcome:
    return Outcome(
        status=answer.status,
        error="" if 200 <= answer.status < 300 else f"the answer's status is {answer.status}",
        answer=answer.text[:KEPT_CHARS].replace("\0", NO_NUL),
        asked_s=retry_after_s(answer.header("Retry-After"), now=now),
    )


def put_off(row: Delivery, error: CircuitOpen, means: Means) -> tuple[Outcome, float]:
    """Nothing was sent, so no attempt was made."""
    due_at = means.clock() + timedelta(seconds=error.retry_after_s)
    Delivery.objects.filter(pk=row.pk).update(due_at=due_at)
    return Outcome(error=str(error)), error.retry_after_s


@transaction.atomic
def noted(row: Delivery, attempt: Attempt, outcome: Outcome, means: Means) -> float:
    """Write it down; return the seconds until the next attempt."""
    attempt.save(force_insert=True)
    now = means.clock()
    row.attempt_count += 1
    row.status, row.error = outcome.status, attempt.error
    wait_s = next_wait_s(row.attempt_count, outcome, means)
    if outcome.is_good:
        row.state, row.ended_at = State.DELIVERED, now
        Subscription.objects.filter(pk=row.subscription_id).update(delivered_at=now)
    elif outcome.status == GONE or row.attempt_count > len(means.retry_s):
        row.state, row.ended_at = State.FAILED, now
        pause_if_dead(row, outcome, now=now)
    else:
        row.due_at = now + timedelta(seconds=wait_s)
    row.save(update_fields=["attempt_count", "status", "error", "state", "ended_at", "due_at"])
    return wait_s


def next_wait_s(attempts: int, outcome: Outcome, means: Means) -> float:
    usual_s = means.retry_s[min(attempts, len(means.retry_s)) - 1] if means.retry_s else 0.0
    usual_s *= 1 + means.jitter(0, JITTER_RATIO)
    return min(max(usual_s, outcome.asked_s or 0.0), LONGEST_WAIT_S)


def pause_if_dead(row: Delivery, outcome: Outcome, *, now: datetime) -> None:
    """Who says that they are gone, or took nothing for as long as this was tried."""
    if outcome.status == GONE:
        services.pause(row=row.subscription, why=Subscription.Paused.GONE, now=now)
        return
    if not row.subscription.deliveries.filter(
        state=State.DELIVERED, ended_at__gte=row.created_at
    ).exists():
        services.pause(row=row.subscription, why=Subscription.Paused.DEAD, now=now)
