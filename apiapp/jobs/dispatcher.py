"""The thread that leases due jobs and hands them to the broker, inside a worker's parent process.

It looks for jobs when the database says that something has changed, and now and then without.

The broker carries hints alone: what it loses is leased again, what it delivers twice finds its
token used.  So nothing here waits for the broker, and an error of it or of the database only makes
this thread try again later.
"""

import logging
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from apiapp.jobs import services
from apiapp.jobs.errors import BrokerUnavailable
from apiapp.jobs.models import Job
from apiapp.jobs.news import News, news_over

logger = logging.getLogger(__name__)

HEARTBEAT_S = 2.0
AFTER_ERROR_S = 1.0
STOP_S = 2.0
QUICK_S = 0.02  # while jobs are flowing: short ones are not to wait for the next poll
QUICK_FOR_S = 0.5


@dataclass(frozen=True, slots=True)
class Terms:
    """What a dispatcher works to.

    name: the worker's, unique among those that run.  slots: how many jobs it runs at a time; no
    more are leased, so that a lease is not eaten by waiting.  tasks: names this worker knows.
    poll_s: how often it is looked for jobs.  quiet_s: how often also where the database says that
    nothing has changed, for what time alone makes due.  periodic: name of a task -> how often it is
    to run.
    """

    name: str
    slots: int
    tasks: Collection[str]
    lease_s: float
    poll_s: float
    periodic: dict[str, float]
    quiet_s: float = 0.5


class Hooks(Protocol):
    """What a dispatcher needs of the worker it is in; all are called in its thread."""

    def send(self, job: Job) -> None:
        """Hand a leased job to the broker.  Raises BrokerUnavailable."""

    def reconnect(self) -> None:
        """Connect to the broker anew: it was away, or jobs that were sent did not come in."""

    def stopped(self) -> None:
        """Nothing more is handed out; this may take its time."""


class Dispatcher:
    """Polls for due jobs until stopped."""

    def __init__(self, terms: Terms, hooks: Hooks) -> None:
        self._terms = terms
        self._hooks = hooks
        self._sent: dict[str, Job] = {}
        self._is_stopping = False
        self._has_signed_off = threading.Event()
        self._at_work = threading.Lock()
        self._connection: BaseDatabaseWrapper | None = None
        self._news: News | None = None
        self._unknown_tasks: set[str] = set()
        self._is_in_trouble = False
        self._was_broker_away = False
        self._heartbeat_due_s = 0.0
        self._last_sent_s = 0.0
        self._is_periodic_work_queued = False
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop_soon(self) -> None:
        """Lease no more, give back what no run has begun, sign off.  For a signal handler too."""
        self._is_stopping = True

    def stop(self) -> None:
        """`stop_soon`, and wait for it; but not for ever, as the database may be locked."""
        self.stop_soon()
        self._has_signed_off.wait(STOP_S)

    def before_fork(self) -> None:
        """Wait for this thread to be idle, and let go of the database.

        A child that inherits an open SQLite file inherits what the library believes about its
        locks, and then works without them (sqlite.org/howtocorrupt.html, section 2.6).
        """
        self._at_work.acquire()
        if self._connection:
            self._connection.close()

    def after_fork(self) -> None:
        self._at_work.release()

    def tick(self, *, now: datetime) -> None:
        """Say that this worker is there, then lease and send what is due and has a free slot."""
        if time.monotonic() >= self._heartbeat_due_s:
            self._heartbeat(now=now)
        self._forget_ended(now=now)
        room = self._terms.slots - len(self._sent)
        if room <= 0:
            return
        lease_s = self._terms.lease_s
        tasks = self._terms.tasks
        leased = services.lease_due(tasks=tasks, at_most=room, now=now, lease_s=lease_s)
        for number, job in enumerate(leased):
            try:
                self._send(job)
            except Exception:
                give_back(leased[number:])
                raise

    def _send(self, job: Job) -> None:
        try:
            self._hooks.send(job)
        except BrokerUnavailable:
            self._was_broker_away = True
            raise
        self._sent[job.lease_token] = job
        self._last_sent_s = time.monotonic()
        if self._was_broker_away:
            self._was_broker_away = False
            self._hooks.reconnect()

    def _forget_ended(self, *, now: datetime) -> None:
        if not self._sent:
            return
        held, not_taken = services.sent_tokens(tokens=list(self._sent), now=now)
        self._sent = {token: self._sent[token] for token in held}
        if not_taken:
            logger.warning("%s jobs were sent and not taken from the broker", len(not_taken))
            self._hooks.reconnect()

    def _heartbeat(self, *, now: datetime) -> None:
        if not self._is_periodic_work_queued:
            for task, period_s in self._terms.periodic.items():
                services.ensure_periodic(name=task, task=task, period_s=period_s, now=now)
            self._is_periodic_work_queued = True
        self._name_unknown_tasks(now=now)
        services.worker_seen(name=self._terms.name, now=now)
        self._heartbeat_due_s = time.monotonic() + HEARTBEAT_S

    def _name_unknown_tasks(self, *, now: datetime) -> None:
        """They wait for a worker that knows them; a name that is spelt wrong waits for ever."""
        unknown = services.unknown_tasks(known=self._terms.tasks, now=now)
        for task in unknown - self._unknown_tasks:
            logger.warning("a job waits for the task %r, which this worker does not know", task)
        self._unknown_tasks |= unknown

    def _run(self) -> None:
        self._connection = connections[DEFAULT_DB_ALIAS]
        self._connection.inc_thread_sharing()  # closed by the thread that forks
        self._news = news_over(self._connection)
        due_s = 0.0
        while not self._is_stopping:
            with self._at_work:
                if time.monotonic() >= due_s or self._has_news():
                    due_s = time.monotonic() + self._work()
            time.sleep(QUICK_S if self._is_flowing else self._terms.poll_s)
        with self._at_work:
            self._sign_off()
        self._has_signed_off.set()
        self._hooks.stopped()

    def _has_news(self) -> bool:
        if self._news is None or self._is_in_trouble:
            return False
        try:
            return self._news.has_come()
        except DatabaseError:
            return True  # the next tick meets the same, and says so

    @property
    def _is_flowing(self) -> bool:
        return time.monotonic() - self._last_sent_s < QUICK_FOR_S

    def _work(self) -> float:
        """One tick; return how long to wait for the next, in seconds.  Raises nothing."""
        try:
            self.tick(now=timezone.now())
        except (DatabaseError, BrokerUnavailable) as error:
            if not self._is_in_trouble:
                logger.warning("cannot hand out jobs now, trying again: %s", error)
        except Exception:
            # Whatever it is: a worker whose dispatcher is gone would look alive and do nothing.
            logger.exception("the dispatcher met an error it does not know; it goes on")
        else:
            return self._pause_when_well()
        self._is_in_trouble = True
        connections.close_all()
        return AFTER_ERROR_S

    def _pause_when_well(self) -> float:
        if self._is_in_trouble:
            logger.warning("jobs are handed out again")
            self._is_in_trouble = False
        if self._is_flowing:
            return QUICK_S
        return self._terms.quiet_s if self._news else self._terms.poll_s

    def _sign_off(self) -> None:
        try:
            give_back(self._sent.values())
            services.worker_left(name=self._terms.name)
        except DatabaseError as error:
            logger.warning("the dispatcher could not sign off: %s", error)
        connections.close_all()


def give_back(jobs: Collection[Job]) -> None:
    for job in jobs:
        services.give_back(job=job)
