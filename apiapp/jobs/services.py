"""Background work as rows: add, find, cancel, retry, repeat, lease to a run, forget."""

import math
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import PROTECT, RESTRICT, Q, QuerySet

from apiapp.jobs.errors import JobHasEnded, JobNotRetryable, UnknownJob
from apiapp.jobs.models import Job, Worker
from apiapp.jobs.news import tell_workers
from apiapp.keys.callers import Caller

TOKEN_BYTES = 12
MAX_ATTEMPTS = 5
WORKER_FORGOTTEN_S = 60.0
NO_LEASE: dict[str, Any] = {"lease_token": "", "lease_until": None}  # nosec B105 # the absence of one


def enqueue(  # noqa: PLR0913 - a row's own columns, by keyword
    *,
    task: str,
    kwargs: dict[str, Any],
    owner: User | None,
    now: datetime,
    unit: str = "",
    total: int | None = None,
    max_attempts: int = MAX_ATTEMPTS,
    run_at: datetime | None = None,
) -> Job:
    """Add a job in the caller's transaction: it is done if, and only if, that commits.

    `kwargs` is JSON; the task named `task` gets it, with `job_id` and `lease`.  A job that is
    not due yet has `run_at` in the future.
    """
    job = Job.objects.create(
        task=task,
        kwargs=kwargs,
        owner=owner,
        unit=unit,
        total=total,
        max_attempts=max_attempts,
        run_at=run_at or now,
    )
    tell_workers()
    return job


def jobs_of(caller: Caller) -> QuerySet[Job]:
    """The jobs that `caller` may see."""
    return caller.visible(Job.objects.all())


def listed_jobs(caller: Caller, *, states: Collection[str] = ()) -> QuerySet[Job]:
    """Those to list: without periodic work, which never ends; in one of `states`, if given."""
    jobs = jobs_of(caller).filter(periodic_name=None)
    return jobs.filter(state__in=states) if states else jobs


def get_job(caller: Caller, job_id: int) -> Job:
    """Raises UnknownJob, also for the job of another user."""
    job = jobs_of(caller).filter(pk=job_id).first()
    if job is None:
        raise UnknownJob
    return job


def ending(job: Job, *, state: str, now: datetime, error: str = "") -> dict[str, Any]:
    """What a row is to hold once its job has ended as `state`.

    A periodic job waits for its next period instead, with what went wrong this time in `error`.
    """
    if job.period_s:
        due = next_period_at(run_at=job.run_at, period_s=job.period_s, now=now)
        ended = {"state": Job.State.QUEUED, "run_at": due, "attempts": 0}
    else:
        ended = {"state": state}
    return {
        **ended,
        **NO_LEASE,
        "cancel_requested_at": None,
        "finished_at": now,
        "error": error,
        "error_reference": "",
    }


def next_period_at(*, run_at: datetime, period_s: float, now: datetime) -> datetime:
    """The first of `run_at` + n periods after `now`: periods that were missed are not made up."""
    missed = math.floor((now - run_at).total_seconds() / period_s)
    return run_at + timedelta(seconds=period_s) * (max(missed, 0) + 1)


def cancel(*, job: Job, now: datetime) -> Job:
    """End a queued job at once; ask a running one to stop, which it does at its next report.

    Raises JobHasEnded.
    """
    rows = Job.objects.filter(pk=job.pk)
    ended = rows.filter(state=Job.State.QUEUED).update(
        **ending(job, state=Job.State.CANCELLED, now=now)
    )
    asked = ended or rows.filter(state=Job.State.RUNNING).update(cancel_requested_at=now)
    job.refresh_from_db()
    if not asked:
        raise JobHasEnded(state=job.state)
    return job


def retry(*, job: Job, now: datetime) -> Job:
    """Queue a failed or cancelled job again, with all its attempts.  Raises JobNotRetryable."""
    queued = Job.objects.filter(
        pk=job.pk, state__in=[Job.State.FAILED, Job.State.CANCELLED]
    ).update(
        **NO_LEASE,
        state=Job.State.QUEUED,
        run_at=now,
        attempts=0,
        done=0,
        message="",
        error="",
        error_reference="",
        cancel_requested_at=None,
        started_at=None,
        finished_at=None,
    )
    job.refresh_from_db()
    if not queued:
        raise JobNotRetryable(state=job.state)
    tell_workers()
    return job


def ensure_periodic(*, name: str, task: str, period_s: float, now: datetime) -> Job:
    """The one row that has `task` done every `period_s`; a new one is due now."""
    job, _ = Job.objects.get_or_create(
        periodic_name=name, defaults={"task": task, "period_s": period_s, "run_at": now}
    )
    if (job.task, job.period_s) != (task, period_s):
        soonest = min(job.run_at, now + timedelta(seconds=period_s))
        Job.objects.filter(pk=job.pk).update(task=task, period_s=period_s, run_at=soonest)
        job.refresh_from_db()
    return job


def hasten(*, name: str, now: datetime) -> None:
    """Have periodic work done now; where it is just being done, or unknown, nothing changes."""
    waiting = Job.objects.filter(periodic_name=name, state=Job.State.QUEUED, run_at__gt=now)
    if waiting.update(run_at=now):
        tell_workers()


def prune(*, ended_before: datetime) -> int:
    """Delete jobs that ended before that; return how many.  Those that other rows need stay."""
    ended = Job.objects.filter(state__in=Job.ENDED, finished_at__lt=ended_before)
    for relation in Job._meta.related_objects:
        if relation.on_delete in (PROTECT, RESTRICT):
            ended = ended.filter(**{f"{relation.name}__isnull": True})
    deleted, _ = ended.delete()
    return deleted


def due(*, now: datetime) -> QuerySet[Job]:
    """Jobs to be sent to a worker: due and leased to none, or lost by the run that had them."""
    is_free = Q(lease_until=None) | Q(lease_until__lt=now)
    return Job.objects.filter(
        is_free, state__in=[Job.State.QUEUED, Job.State.RUNNING], run_at__lte=now
    ).order_by("run_at", "pk")


def lease_due(*, tasks: Collection[str], at_most: int, now: datetime, lease_s: float) -> list[Job]:
    """Lease up to `at_most` due jobs whose task is one of `tasks`, each under a new token.

    Lost jobs that were to be cancelled or had their last attempt end here and are not returned.
    """
    wanted = due(now=now).filter(task__in=tasks)
    if not wanted.exists():  # asked often: no write lock for nothing
        return []
    leased = []
    with transaction.atomic():
        for job in wanted.select_for_update(skip_locked=True)[:at_most]:
            if not end_if_lost_for_good(job, now=now):
                job.lease_token = secrets.token_hex(TOKEN_BYTES)
                job.lease_until = now + timedelta(seconds=lease_s)
                job.state = Job.State.QUEUED
                job.save(update_fields=["lease_token", "lease_until", "state"])
                leased.append(job)
    return leased


def end_if_lost_for_good(job: Job, *, now: datetime) -> bool:
    """End a job whose worker died if it was to be cancelled, or that was its last attempt."""
    if job.cancel_requested_at:
        values = ending(job, state=Job.State.CANCELLED, now=now)
    elif job.attempts >= job.max_attempts:
        error = f"Given up after {job.attempts} attempts: its worker died during the last one."
        values = ending(job, state=Job.State.FAILED, now=now, error=error)
    else:
        return False
    Job.objects.filter(pk=job.pk).update(**values)
    return True


def give_back(*, job: Job) -> None:
    """Undo a lease that no run has begun to use: the job is due again."""
    Job.objects.filter(pk=job.pk, lease_token=job.lease_token, state=Job.State.QUEUED).update(
        **NO_LEASE
    )
    tell_workers()


def sent_tokens(*, tokens: Collection[str], now: datetime) -> tuple[set[str], set[str]]:
    """Which of `tokens` are held, and which were never taken up.

    Held: the job waits in the broker or runs.  Never taken up: the lease ran out in the broker.
    """
    rows = Job.objects.filter(lease_token__in=tokens)
    held, not_taken = set(), set()
    for token, until, state in rows.values_list("lease_token", "lease_until", "state"):
        if until and until >= now:
            held.add(token)
        elif state == Job.State.QUEUED:
            not_taken.add(token)
    return held, not_taken


def unknown_tasks(*, known: Collection[str], now: datetime) -> set[str]:
    """Tasks that due jobs wait for and that are not among `known`."""
    waiting = due(now=now).exclude(task__in=known).order_by()
    return set(waiting.values_list("task", flat=True).distinct())


def worker_seen(*, name: str, now: datetime) -> None:
    """Note that the worker `name` is at work; a new one has those forgotten that are long silent."""
    if Worker.objects.filter(name=name).update(seen_at=now):
        return
    Worker.objects.update_or_create(name=name, defaults={"seen_at": now})
    Worker.objects.filter(seen_at__lt=now - timedelta(seconds=WORKER_FORGOTTEN_S)).delete()


def worker_left(*, name: str) -> None:
    Worker.objects.filter(name=name).delete()
