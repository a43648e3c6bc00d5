"""Blocking: writes what was counted into the database, now and then, in a thread of its own.

Each process writes rows of its own, and the whole of what it counted in a span each time: so a write
that is done twice, because nobody knew whether it had been done, counts nothing twice.
"""

import atexit
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from apiapp.monitoring import alert_news
from apiapp.monitoring.counts import Counts, CountWriter, Look
from apiapp.monitoring.models import RequestFigures
from apiapp.monitoring.tally import MINUTE_S, Figures, Kind, Tally

logger = logging.getLogger(__name__)

Span = RequestFigures.Span
SpanKey = tuple[int, int, Kind]  # its length and its begin in seconds, and of what

WRITTEN = (Span.MINUTE, Span.HOUR, Span.DAY)
KEY = ["span_s", "begins_at", "route", "method", "status", "writer"]
FIGURES = ["count", "duration_us", "received_bytes", "sent_bytes", "buckets"]
ROWS_AT_ONCE = 100


class Recorder:
    """Of one process."""

    def __init__(self, tally: Tally, look: Look = dict) -> None:
        """look: what is counted beside requests."""
        self._tally = tally
        self._look = look
        self._writer = ""
        self._pid = 0
        self._spans: dict[SpanKey, Figures] = {}
        self._changed: set[SpanKey] = set()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._every_s = 0.0
        self._then: Callable[[], object] = lambda: None

    def start(self, *, every_s: float, then: Callable[[], object] = lambda: None) -> None:
        """Write every so often, until the process ends, and then once more.  then: called after it.

        In a process that was forked from one that wrote already this one begins anew.
        """
        if self._pid == os.getpid() and self._thread:
            return  # asked with each request, perhaps while a write takes its time
        with self._writing:
            if self._begin_here() or self._thread is None:
                self._every_s, self._then = every_s, then
                self._thread = threading.Thread(target=self._run, name="figures", daemon=True)
                self._thread.start()
                atexit.register(self.write_last)

    def write(self) -> None:
        """What was counted until now.  Raises DatabaseError; then the next call writes it."""
        with self._writing:
            self._begin_here()
            minute_now, counted = self._tally.take()
            for (minute, kind), figures in counted.items():
                self._add(minute * MINUTE_S, kind, figures)
            rows = [self._row(*key, self._spans[key]) for key in sorted(self._changed)]
            if rows:
                save(rows)
            self._counts.write(now=timezone.now())
            self._changed.clear()
            now_s = minute_now * MINUTE_S
            self._spans = {
                key: figures for key, figures in self._spans.items() if key[1] + key[0] > now_s
            }

    def write_last(self) -> None:
        """As the process ends; what cannot be written is told in the log."""
        try:
            self.write()
        except DatabaseError:
            logger.exception("what was counted of requests in the last moment is lost")
        finally:
            connection.close()

    def _begin_here(self) -> bool:
        """Whether this process is another one than before: it needs a name of its own, as two that
        write the same rows would undo one another."""
        if self._pid == os.getpid():
            return False
        before = self._look() if self._pid else {}
        self._pid, self._writer = os.getpid(), secrets.token_hex(8)
        self._counts = CountWriter(self._look, writer=self._writer, before=before)
        self._spans, self._changed = {}, set()
        return True

    def _add(self, begin_s: int, kind: Kind, figures: Figures) -> None:
        for span_s in WRITTEN:
            key = (int(span_s), begin_s - begin_s % span_s, kind)
            self._spans.setdefault(key, Figures()).add(figures)
            self._changed.add(key)

    def _row(self, span_s: int, begin_s: int, kind: Kind, figures: Figures) -> RequestFigures:
        return RequestFigures(
            span_s=span_s,
            begins_at=datetime.fromtimestamp(begin_s, UTC),
            route=kind.route,
            method=kind.method,
            status=kind.status,
            writer=self._writer,
            count=figures.count,
            duration_us=figures.duration_us,
            received_bytes=figures.received_bytes,
            sent_bytes=figures.sent_bytes,
            buckets=dict(figures.buckets),
        )

    def _run(self) -> None:
        while True:
            time.sleep(self._every_s)
            try:
                self.write()
                self._then()
            except (DatabaseError, OSError) as error:
                logger.warning("figures cannot be written or looked at, trying again: %s", error)
            finally:
                connection.close()


def save(rows: list[RequestFigures]) -> None:
    with transaction.atomic():
        RequestFigures.objects.bulk_create(
            rows,
            batch_size=ROWS_AT_ONCE,
            update_conflicts=True,
            unique_fields=KEY,
            update_fields=FIGURES,
        )


# --- of this process -------------------------------------------------------------------------------


def counts_here() -> Counts:
    look: Look = import_string(settings.MONITORING.counts)
    return look()


tally = Tally()
recorder = Recorder(tally, counts_here)


def start() -> None:
    recorder.start(every_s=settings.MONITORING.write_s, then=alert_news.look_and_tell)


def start_counting() -> None:
    """Where no requests are answered, as in a worker; others look at alerts."""
    recorder.start(every_s=settings.MONITORING.write_s)
