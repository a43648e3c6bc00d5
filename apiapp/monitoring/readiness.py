"""Blocking: whether what this server needs is there, and how long it takes to say so.

Each part is asked in a thread of its own, as what does not answer may do so for minutes; it is asked
no second time meanwhile.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils import timezone
from django_redis import get_redis_connection
from kombu import Connection
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from apiapp.monitoring import services

PATIENCE_S = 2.0
KEPT_S = 0.5  # whoever asks more often is told the same
SILENT = "does not answer"
FAIL_AT_ONCE = {
    **{"max_retries": 1, "interval_start": 0, "interval_step": 0},
    **dict.fromkeys(("socket_timeout", "socket_connect_timeout"), PATIENCE_S),
}

Check = Callable[[], str]  # what is wrong, in words for anybody to read; empty: nothing


@dataclass(frozen=True, slots=True)
class Finding:
    """problem: empty if there is none."""

    part: str
    problem: str
    took_s: float


class Question:
    """One part that is being asked."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._began_at = time.monotonic()
        self._ended_at: float | None = None
        self._has_ended = threading.Event()
        self.problem = SILENT
        threading.Thread(target=self._ask, name="readiness", daemon=True).start()

    def _ask(self) -> None:
        try:
            self.problem = self._check()
        finally:
            self._ended_at = time.monotonic()
            self._has_ended.set()

    def is_answered(self, *, until: float) -> bool:
        return self._has_ended.wait(max(0.0, until - time.monotonic()))

    @property
    def took_s(self) -> float:
        return (self._ended_at or time.monotonic()) - self._began_at


class Readiness:
    """Of several parts, by their names.  Whoever asks has an answer within `patience_s`."""

    def __init__(
        self, checks: Mapping[str, Check], *, patience_s: float = PATIENCE_S, kept_s: float = KEPT_S
    ) -> None:
        self._checks = checks
        self._patience_s, self._kept_s = patience_s, kept_s
        self._lock = threading.Lock()
        self._open: dict[str, Question] = {}
        self._found: list[Finding] = []
        self._fresh_until = 0.0

    def findings(self) -> list[Finding]:
        with self._lock:
            if time.monotonic() >= self._fresh_until:
                self._found = self._look()
                self._fresh_until = time.monotonic() + self._kept_s
            return self._found

    def _look(self) -> list[Finding]:
        for part, check in self._checks.items():
            if part not in self._open:
                self._open[part] = Question(check)
        until = time.monotonic() + self._patience_s
        return [self._finding(part, until=until) for part in self._checks]

    def _finding(self, part: str, *, until: float) -> Finding:
        question = self._open[part]
        if not question.is_answered(until=until):
            return Finding(part, f"no answer within {self._patience_s:g} s", question.took_s)
        del self._open[part]
        return Finding(part, question.problem, question.took_s)


def ask_database(alias: str) -> str:
    try:
        return "" if services.answers(alias) else SILENT
    finally:
        connections[alias].close()  # of this thread, which ends


def ask_for_worker() -> str:
    try:
        state = services.worker_state(now=timezone.now())
    finally:
        connections[services.MAIN].close()
    return "" if state.is_there else f"none has been heard of for {services.WORKER_SILENT_S:g} s"


def ask_redis() -> str:
    try:
        return "" if get_redis_connection("default").ping() else SILENT
    except RedisError:
        return SILENT


def ask_broker(url: str) -> str:
    """By a connection of its own: what the worker holds may be half open for long."""
    connection: Any = Connection(
        url, heartbeat=0, connect_timeout=PATIENCE_S, transport_options=FAIL_AT_ONCE
    )
    try:
        connection.connect()
    except (KombuError, OSError, *connection.connection_errors):
        return SILENT
    finally:
        connection.release()
    return ""


@cache
def here() -> Readiness:
    """Of this process, by its settings."""
    checks: dict[str, Check] = {
        f"database:{alias}": partial(ask_database, alias) for alias in connections
    }
    checks["worker"] = ask_for_worker
    if settings.REDIS_URL:
        checks["redis"] = ask_redis
    if not settings.CELERY_BROKER_URL.startswith("memory"):  # which is within the worker
        checks["broker"] = partial(ask_broker, settings.CELERY_BROKER_URL)
    return Readiness(checks)
