"""A run's hold on its job: what a task enters before it works, and reports to while it does.

Only the run whose token the row carries may write to it.  A thread beside the run, with a
connection of its own, renews the lease, writes progress and sees whether the run is to stop: so a
run may report as often as it likes, and inside a transaction too.  It also fences itself: a run
that could not renew its lease in time takes it as lost.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, connections
from django.db.models import F, QuerySet
from django.utils import timezone

from apiapp.jobs import services
from apiapp.jobs.errors import JobCancelled, LeaseLost, RunInterrupted
from apiapp.jobs.models import Job
from apiapp.jobs.news import tell_workers

logger = logging.getLogger(__name__)

PULSE_S = 0.25  # progress is written, and a cancellation seen, at most four times a second
RENEWALS_PER_LEASE = 3
LONGEST_DELAY_S = 300.0
AWAY_S = 30.0  # until something that was away is looked for again
REFERENCE_BYTES = 4
UNIT_CHARS, MESSAGE_CHARS = 20, 200

OnReport = Callable[[int, int | None, str, str], None]

_process_is_stopping = threading.Event()


def ask_runs_to_stop() -> None:
    """Have every run in this process give its job back to the queue at its next report."""
    _process_is_stopping.set()


class LeasedJob:
    """The job as its run sees it: `report` how far it is, leave what came out in `result`."""

    def __init__(
        self, *, job_id: int, token: str, lease_s: float, on_report: OnReport | None = None
    ) -> None:
        self.id = job_id
        self.result: Any = None
        self._token = token
        self._lease_s = lease_s
        self._on_report = on_report
        self._unwritten: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._stop: JobCancelled | LeaseLost | None = None
        self._is_over = threading.Event()
        self._renewed_at_s = time.monotonic()
        self._thread = threading.Thread(target=self._keep, name=f"job-{job_id}", daemon=True)

    def report(
        self, done: int, total: int | None = None, unit: str = "", message: str = ""
    ) -> None:
        """Say how far the job is; what is left out stays as it was.  Cheap: call it often.

        Raises JobCancelled, LeaseLost or RunInterrupted when the run is to stop: let it pass.
        """
        said = {"total": total, "unit": unit[:UNIT_CHARS], "message": message[:MESSAGE_CHARS]}
        with self._lock:
            self._unwritten |= {"done": done} | {k: v for k, v in said.items() if v or v == 0}
        if self._on_report:
            self._on_report(done, total, unit, message)
        self.check()

    def check(self) -> None:
        """Raises as `report` does; for work that has nothing to report."""
        if self._stop:
            raise self._stop
        if _process_is_stopping.is_set():
            raise RunInterrupted

    def row(self) -> QuerySet[Job]:
        """The job's row, as long as it is this run's."""
        return Job.objects.filter(pk=self.id, lease_token=self._token, state=Job.State.RUNNING)

    def begin(self) -> None:
        self._thread.start()

    def end(self, **values: Any) -> None:
        """Write what became of the run, with the last progress.  Raises LeaseLost."""
        self.let_go()
        connection.close_if_unusable_or_obsolete()  # the database may have been restarted
        if not self.row().update(**self._take_unwritten(), **values):
            raise LeaseLost
        tell_workers()

    def let_go(self) -> None:
        """Stop the thread.  Safe to call twice."""
        self._is_over.set()
        self._thread.join()

    def _take_unwritten(self) -> dict[str, Any]:
        with self._lock:
            values, self._unwritten = self._unwritten, {}
        return values

    def _keep(self) -> None:
        try:
            while not self._is_over.wait(PULSE_S) and not isinstance(self._stop, LeaseLost):
                self._pulse()
        finally:
            connections.close_all()

    def _pulse(self) -> None:
        asked_at_s = time.monotonic()
        values = self._take_unwritten()
        if asked_at_s - self._renewed_at_s > self._lease_s / RENEWALS_PER_LEASE:
            values["lease_until"] = timezone.now() + timedelta(seconds=self._lease_s)
        try:
            self._write(values)
        except DatabaseError as error:
            logger.warning("job %s: its row cannot be written now: %s", self.id, error)
            with self._lock:
                values.pop("lease_until", None)
                self._unwritten = values | self._unwritten
            connections.close_all()
        else:
            if "lease_until" in values:
                self._renewed_at_s = asked_at_s
        if time.monotonic() - self._renewed_at_s > self._lease_s:
            self._stop = LeaseLost()

    def _write(self, values: dict[str, Any]) -> None:
        cancel_requested_at = self.row().values_list("cancel_requested_at").first()
        if cancel_requested_at is None or (values and not self.row().update(**values)):
            self._stop = LeaseLost()
        elif cancel_requested_at[0]:
            self._stop = JobCancelled()


@contextmanager
def leased(
    *,
    job_id: int,
    token: str,
    fatal: tuple[type[Exception], ...] = (),
    away: tuple[type[Exception], ...] = (),
) -> Iterator[LeasedJob]:
    """Run a task's body as the run `token` of a job, and write to the job how it ended.

    An error listed in `fatal` fails the job at once, in its own words; one listed in `away` has it
    run again, as often as it takes.  JobCancelled ends it as cancelled.  Any other error is logged
    under a reference and has the job run again later, up to its limit.  Raises LeaseLost, and
    nothing else: before the body if the job is not this run's (any more), after it if it was given
    to another meanwhile.
    """
    started = Job.objects.filter(
        pk=job_id, lease_token=token, state=Job.State.QUEUED, cancel_requested_at=None
    ).update(
        **_running(now=timezone.now(), lease_s=settings.JOB_LEASE_S), attempts=F("attempts") + 1
    )
    if not started:
        raise LeaseLost
    row = Job.objects.get(pk=job_id)
    run = LeasedJob(job_id=job_id, token=token, lease_s=settings.JOB_LEASE_S)
    run.begin()
    try:
        yield run
        run.end(**_success(row, run.result))
    except LeaseLost:
        raise
    except JobCancelled:
        run.end(**services.ending(row, state=Job.State.CANCELLED, now=timezone.now()))
    except RunInterrupted:
        run.end(**_back(row))
    except (*fatal, *away) as error:
        end = _failure if isinstance(error, fatal) else _put_off
        run.end(**end(row, error))
    except Exception as error:  # noqa: BLE001 - logged, told in the row, tried again
        run.end(**_again_or_failed(row, error, delay_s=settings.JOB_RETRY_DELAY_S))
    except BaseException:  # a signal's
        run.end(**_back(row))
        raise
    finally:
        run.let_go()


@contextmanager
def run_here(
    *,
    task: str,
    kwargs: dict[str, Any],
    owner: User | None,
    now: datetime,
    on_report: OnReport | None = None,
) -> Iterator[LeasedJob]:
    """Run the body as a job of its own in this process, once; errors end the job and are raised.

    If this process dies, the job is found by a worker and ends as failed.
    """
    row = Job.objects.create(
        task=task,
        kwargs=kwargs,
        owner=owner,
        run_at=now,
        attempts=1,
        max_attempts=1,
        lease_token=secrets.token_hex(services.TOKEN_BYTES),
        **_running(now=now, lease_s=settings.JOB_LEASE_S),
    )
    run = LeasedJob(
        job_id=row.pk,
        token=row.lease_token,
        lease_s=settings.JOB_LEASE_S,
        on_report=on_report,
    )
    run.begin()
    try:
        yield run
        run.end(**_success(row, run.result))
    except LeaseLost:
        raise
    except (JobCancelled, KeyboardInterrupt):
        run.end(**services.ending(row, state=Job.State.CANCELLED, now=timezone.now()))
        raise
    except BaseException as error:
        run.end(**_failure(row, error))
        raise
    finally:
        run.let_go()


def _running(*, now: datetime, lease_s: float) -> dict[str, Any]:
    return {
        "state": Job.State.RUNNING,
        "started_at": now,
        "lease_until": now + timedelta(seconds=lease_s),
        "done": 0,
        "message": "",
    }


def _success(row: Job, result: Any) -> dict[str, Any]:
    ended = services.ending(row, state=Job.State.SUCCEEDED, now=timezone.now())
    return {**ended, "result": result}


def _back(row: Job) -> dict[str, Any]:
    """To the queue, at once: another worker goes on, and no attempt was lost."""
    return {**services.NO_LEASE, "state": Job.State.QUEUED, "attempts": row.attempts - 1}


def _put_off(row: Job, error: BaseException) -> dict[str, Any]:
    """To the queue, for a while; no attempt was lost."""
    return {**_back(row), "run_at": timezone.now() + timedelta(seconds=AWAY_S), "error": str(error)}


def _failure(row: Job, error: BaseException) -> dict[str, Any]:
    now = timezone.now()
    return services.ending(row, state=Job.State.FAILED, now=now, error=str(error))


def _again_or_failed(row: Job, error: Exception, *, delay_s: float) -> dict[str, Any]:
    now, reference = timezone.now(), secrets.token_hex(REFERENCE_BYTES)
    logger.error(
        "job %s (%s), attempt %s: error %s",
        row.pk,
        row.task,
        row.attempts,
        reference,
        exc_info=error,
    )
    told = f"Something went wrong here; the log has it under {reference}."
    if row.attempts >= row.max_attempts:
        values = services.ending(row, state=Job.State.FAILED, now=now, error=told)
    else:
        delay = timedelta(seconds=min(delay_s * 2 ** (row.attempts - 1), LONGEST_DELAY_S))
        values = {
            **services.NO_LEASE,
            "state": Job.State.QUEUED,
            "run_at": now + delay,
            "error": told,
        }
    return {**values, "error_reference": reference}
