"""Place a call, make it, write down what came of it, place it again."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apiapp.idempotency.errors import StillInProgress
from apiapp.jobs import services as jobs
from apiapp.jobs.models import Job
from apiapp.keys.callers import Caller
from apiapp.outbound import asks, attached
from apiapp.outbound.asks import Ask
from apiapp.outbound.attached import FindStore
from apiapp.outbound.client.calls import Answer, Call, Terms, Trace
from apiapp.outbound.client.client import Client
from apiapp.outbound.client.headers import redacted, redacted_url
from apiapp.outbound.client.retrying import is_safe
from apiapp.outbound.errors import (
    AnsweredWithError,
    CallEndedBadly,
    CallFailed,
    ConnectionGone,
    SecretLost,
)
from apiapp.outbound.models import LONGEST_S, CallRecord, Connection
from apiapp.outbound.sealing import Sealer

TASK = "outbound.call"
Clock = Callable[[], datetime]
State = CallRecord.State
NOBODY_KNOWS = "The server stopped while it was calling: nobody knows whether it arrived."
HEADER_CHARS = 4096  # of each, in a record
NO_NUL = "\ufffd"  # which PostgreSQL cannot keep
LATE_S = 30.0  # after a call had to be over: its process is gone


@dataclass(frozen=True, slots=True)
class Means:
    """With what calls are made.  find_store: of the files that are sent.  keep_bytes: of an
    answer, in its record."""

    client: Client
    sealer: Sealer
    find_store: FindStore
    usual: Terms
    keep_bytes: int
    clock: Clock


def place(  # noqa: PLR0913 - a row's own columns, by keyword
    *,
    caller: Caller,
    ask: Ask,
    connection: Connection | None,
    sealer: Sealer,
    now: datetime,
    in_background: bool,
    work_id: UUID | None = None,
    replay_of: CallRecord | None = None,
) -> CallRecord:
    """Write down what is to be called; in the background, with a job that calls it.

    Under a work_id that was seen before, the record that was made for it.  Raises FilesNotAllowed,
    and what `uploads.finished_upload` raises for a file that cannot be sent.
    """
    if work_id and (placed := CallRecord.objects.filter(work_id=work_id).first()):
        return placed
    attached.require_readable(ask.file_ids, caller=caller)
    with transaction.atomic():
        row = CallRecord.objects.create(
            owner=caller.user,
            connection=connection,
            method=ask.method,
            url=redacted_url(ask.url),
            request_headers=redacted(ask.headers, also=secret_names(connection)),
            sealed_ask=ask.sealed(sealer),
            work_id=work_id,
            replay_of=replay_of,
        )
        if in_background:
            row.job = jobs.enqueue(
                task=TASK, kwargs={"call_id": row.pk}, owner=caller.user, now=now
            )
            row.save(update_fields=["job"])
    return row


def replay(
    *,
    row: CallRecord,
    caller: Caller,
    sealer: Sealer,
    now: datetime,
    in_background: bool,
    **more: Any,
) -> CallRecord:
    """Place the same call again.  Raises SecretLost, ConnectionGone, FilesNotAllowed, FileGone."""
    ask = Ask.unsealed(row.sealed_ask, sealer)
    if ask.connection_id and row.connection is None:
        raise ConnectionGone
    attached.require_still_there(ask.file_ids, caller=caller)
    return place(
        caller=caller,
        ask=ask,
        connection=row.connection,
        sealer=sealer,
        now=now,
        in_background=in_background,
        replay_of=row,
        **more,
    )


def make(*, row: CallRecord, means: Means, longest_s: float) -> CallRecord:
    """Make the call, once: of one that was begun before, what came of it.

    Raises StillInProgress while another one is at it.
    """
    now = means.clock()
    begun = CallRecord.objects.filter(pk=row.pk, state=State.QUEUED)
    if begun.update(state=State.RUNNING, started_at=now):
        row.state, row.started_at = State.RUNNING, now
        return made(row, means, longest_s)
    row.refresh_from_db()
    if row.state != State.RUNNING:
        return row
    assert row.started_at
    if (now - row.started_at).total_seconds() < longest_s + LATE_S:
        raise StillInProgress(retry_after_s=1)
    return interrupted(row, now)


def make_as_job(*, call_id: int, means: Means, longest_s: float) -> dict[str, Any]:
    """Make the call of a job, which no other run has: again, if it is safe to, where a run ended.

    Raises CallEndedBadly.
    """
    row = CallRecord.objects.select_related("connection").get(pk=call_id)
    now = means.clock()
    if row.state == State.RUNNING and not may_repeat(row, means.sealer):
        interrupted(row, now)
    if not row.has_ended:
        row.state, row.started_at = State.RUNNING, now
        row.save(update_fields=["state", "started_at"])
        made(row, means, longest_s)
    if row.state != State.OK:
        raise CallEndedBadly(row.error or f"{row.get_state_display()}: {row.status}")
    return {"call_id": row.pk, "status": row.status}


def settle_lost(*, now: datetime) -> int:
    """End the records of calls that nobody is going to end any more; return how many."""
    is_late = Q(job=None, created_at__lt=now - timedelta(seconds=LONGEST_S + LATE_S))
    lost = CallRecord.objects.filter(is_late | Q(job__state__in=Job.ENDED))
    never = lost.filter(state=State.QUEUED).update(
        state=State.REFUSED, ended_at=now, error="It was cancelled, or never begun."
    )
    begun = lost.filter(state=State.RUNNING).update(
        state=State.INTERRUPTED, ended_at=now, error=NOBODY_KNOWS
    )
    return never + begun


def may_repeat(row: CallRecord, sealer: Sealer) -> bool:
    try:
        return is_safe(row.method, Ask.unsealed(row.sealed_ask, sealer).headers)
    except SecretLost:
        return False


def interrupted(row: CallRecord, now: datetime) -> CallRecord:
    row.state, row.ended_at = State.INTERRUPTED, now
    row.error = NOBODY_KNOWS
    row.save(update_fields=["state", "ended_at", "error"])
    return row


def made(row: CallRecord, means: Means, longest_s: float) -> CallRecord:
    """No transaction is open while bytes travel."""
    trace, started_s = Trace(), time.monotonic()
    try:
        ask = Ask.unsealed(row.sealed_ask, means.sealer)
        call = asks.call_of(ask, row, sealer=means.sealer, find_store=means.find_store)
        row.request_headers = shown_headers(call, row.connection)
        answer = means.client.send(
            call,
            terms=asks.terms_of(row.connection, longest_s=longest_s, usual=means.usual),
            policy=asks.policy_of(row.connection),
            trace=trace,
        )
    except CallFailed as error:
        row.state, row.error = error.kind, str(error)
    except (SecretLost, ConnectionGone) as error:
        row.state, row.error = State.REFUSED, str(error)
    else:
        note_answer(row, answer, keep_bytes=means.keep_bytes)
    row.duration_s = time.monotonic() - started_s
    row.ended_at = means.clock()
    row.redirects = [redacted_url(url) for url in trace.redirects]
    for name in ("attempts", "address", "cache", "sent_bytes", "received_bytes"):
        setattr(row, name, getattr(trace, name))
    row.save()
    return row


def secret_names(connection: Connection | None) -> list[str]:
    is_header = connection and connection.auth == Connection.Auth.HEADER
    return [connection.auth_name] if connection and is_header else []


def shown_headers(call: Call, connection: Connection | None) -> dict[str, str]:
    """Of the request, without secrets."""
    more = {"Authorization": call.authorization, "Cookie": "; ".join(call.cookies)}
    sent = {**call.headers, **{name: value for name, value in more.items() if value}}
    return redacted(sent, also=secret_names(connection))


def note_answer(row: CallRecord, answer: Answer, *, keep_bytes: int) -> None:
    row.status = answer.status
    try:
        answer.require_good()
        row.state = State.OK
    except AnsweredWithError as error:
        row.state = error.kind
    kept = ((name, value[:HEADER_CHARS].replace("\0", NO_NUL)) for name, value in answer.headers)
    shown = (redacted(dict([pair])) for pair in kept)
    row.answer_headers = [list(pair) for each in shown for pair in each.items()]
    row.answer_content = answer.content[:keep_bytes]
    row.answer_bytes = len(answer.content)
