"""Claim a key, keep the answer to what was done under it, give it again.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from apiapp.idempotency.errors import KeyReused, StillInProgress
from apiapp.idempotency.models import KeptAnswer


@dataclass(frozen=True, slots=True)
class Question:
    """A request that is to be answered once.

    caller: whose key it is.  fingerprint: hex SHA-256 of what is asked.
    """

    caller: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Terms:
    """lease_s: how long one that is worked on keeps others out.  keep_s: how long answers stay."""

    lease_s: float
    keep_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do the work of a question, in the database `using`.

    work_id: the same for every try at this work, also after a server died over one.
    """

    using: str
    pk: int
    token: uuid.UUID
    work_id: uuid.UUID


def claim(*, question: Question, using: str, terms: Terms, now: datetime) -> Claim | Answer:
    """The right to do the work, or the answer if it was done.

    Raises KeyReused, and StillInProgress while another has the right.
    """
    try:
        with transaction.atomic(using=using):
            return _claimed(question, using, terms, now)
    except IntegrityError as error:  # another one came first, a moment ago
        raise StillInProgress(retry_after_s=1) from error


def _claimed(question: Question, using: str, terms: Terms, now: datetime) -> Claim | Answer:
    rows = KeptAnswer.objects.using(using)
    row = rows.select_for_update().filter(caller=question.caller, key=question.key).first()
    if row and row.created_at <= now - timedelta(seconds=terms.keep_s):
        row.delete(using=using)
        row = None
    claimed_until = now + timedelta(seconds=terms.lease_s)
    if row is None:
        row = rows.create(
            caller=question.caller,
            key=question.key,
            fingerprint=question.fingerprint,
            claimed_until=claimed_until,
            created_at=now,
        )
    else:
        refuse_unless_abandoned(row, question, now)
        if row.status is not None:
            return Answer(row.status, row.headers, bytes(row.body))
        row.token, row.claimed_until = uuid.uuid4(), claimed_until
        row.save(using=using, update_fields=["token", "claimed_until"])
    return Claim(using, row.pk, row.token, row.work_id)


def refuse_unless_abandoned(row: KeptAnswer, question: Question, now: datetime) -> None:
    """Raises KeyReused and StillInProgress."""
    if row.fingerprint != question.fingerprint:
        raise KeyReused
    if row.status is None and row.claimed_until > now:
        wait_s = (row.claimed_until - now).total_seconds()
        raise StillInProgress(retry_after_s=max(1, round(wait_s)))


def keep(held: Claim, answer: Answer) -> None:
    """Keep the answer; call it in the transaction that does the work.

    Raises StillInProgress if the claim ran out and another one has it: the work is to be undone.
    """
    kept = KeptAnswer.objects.using(held.using).filter(pk=held.pk, token=held.token, status=None)
    if not kept.update(status=answer.status, headers=answer.headers, body=answer.body):
        raise StillInProgress(retry_after_s=1)


def release(held: Claim) -> None:
    """Nothing was done: the same key may ask again at once."""
    KeptAnswer.objects.using(held.using).filter(pk=held.pk, token=held.token, status=None).delete()


def put_back(held: Claim, *, now: datetime) -> None:
    """Somebody is at this work still: the next try is to find it by the same work_id."""
    kept = KeptAnswer.objects.using(held.using).filter(pk=held.pk, token=held.token, status=None)
    kept.update(claimed_until=now)


def prune(*, using: str, keep_s: float, now: datetime) -> int:
    """Forget answers that were kept long enough; return how many."""
    old = KeptAnswer.objects.using(using).filter(created_at__lte=now - timedelta(seconds=keep_s))
    return old.delete()[0]
