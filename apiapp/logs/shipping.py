"""Ships log lines to Elasticsearch from a thread of its own; who logs never waits for it.

The queue has a bound.  When it is full, as while Elasticsearch is away for long, the newest lines are
dropped and counted; the file has all of them.
"""

import itertools
import logging
import os
import random
import secrets
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache

import orjson

from apiapp.logs.bulk import Document, Outcome
from apiapp.logs.ecs import base, timestamp
from apiapp.logs.elasticsearch import Elasticsearch

MOST_LINES = 20_000
MOST_BYTES = 32 * 2**20
BATCH_LINES = 1000
BATCH_BYTES = 4 * 2**20  # before it is packed; Elasticsearch takes 100 MB
GATHER_S = 1.0  # for more to come along
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
FLUSH_S = 1.5  # at the end of the process
HURRIED_WAIT_S = 0.05


class Shipper:
    """most_lines, most_bytes: of the queue.  first_wait_s: after a failure; doubled after each, with
    jitter.  gather_s: between two batches that are not full."""

    def __init__(
        self,
        target: Elasticsearch,
        *,
        most_lines: int = MOST_LINES,
        most_bytes: int = MOST_BYTES,
        first_wait_s: float = FIRST_WAIT_S,
        gather_s: float = GATHER_S,
    ) -> None:
        self._target = target
        self._most_lines, self._most_bytes = most_lines, most_bytes
        self._first_wait_s, self._gather_s = first_wait_s, gather_s
        self.shipped = self.dropped = self.refused = 0
        self._begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """Also in a child that was just forked: what waits is its parent's to ship."""
        self._queue: deque[Document] = deque()
        self._queued_bytes = self._in_flight = self._failures = self._told_dropped = 0
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._is_hurried = False
        self._ids, self._series = itertools.count(), secrets.token_hex(8)
        self._target.close()

    def ship(self, lines: Sequence[bytes], *, at_s: float) -> None:
        """Never blocks, but for the moment that another thread takes to put its own."""
        with self._lock:
            for line in lines:
                is_full = len(self._queue) >= self._most_lines
                if is_full or self._queued_bytes + len(line) > self._most_bytes:
                    self.dropped += 1
                    continue
                self._queue.append(self._document(line, at_s))
                self._queued_bytes += len(line)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="log-shipping", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _document(self, line: bytes, at_s: float) -> Document:
        return Document(f"{self._series}-{next(self._ids)}", day_of(int(at_s)), line)

    def flush(self, *, limit_s: float) -> bool:
        """Whether all that waits was shipped, or refused, within limit_s."""
        with self._lock:
            if self._thread is None:
                return True
            self._is_hurried = True
            self._changed.notify_all()
            is_done = self._changed.wait_for(
                lambda: not self._queue and not self._in_flight, timeout=limit_s
            )
            self._is_hurried = False
            return is_done

    # --- the thread

    def _run(self) -> None:
        while True:
            with self._lock:
                self._changed.wait_for(lambda: self._queue)
            self._rest(self._gather_s)
            with self._lock:
                batch = self._take()
            self._deliver(batch)
            with self._lock:
                self._in_flight = 0
                self._changed.notify_all()

    def _rest(self, pause_s: float) -> None:
        """Shorter if there is a batch to be sent, or somebody waits for the end."""
        deadline = time.monotonic() + pause_s
        with self._lock:
            while not self._is_hurried and (left_s := deadline - time.monotonic()) > 0:
                if not self._failures and len(self._queue) >= BATCH_LINES:
                    return
                self._changed.wait(left_s)

    def _take(self) -> list[Document]:
        batch: list[Document] = []
        size_bytes = 0
        while self._queue and len(batch) < BATCH_LINES and size_bytes < BATCH_BYTES:
            batch.append(self._queue.popleft())
            size_bytes += len(batch[-1].source)
        self._queued_bytes -= size_bytes
        self._in_flight = len(batch)
        return batch

    def _deliver(self, batch: list[Document]) -> None:
        """Return once each was taken or refused, however long the other side is away."""
        while batch:
            outcome = self._send(batch)
            self.shipped += len(batch) - len(outcome.again) - outcome.refused
            self.refused += outcome.refused
            batch = outcome.again
            self._tell_of(outcome)
            if not outcome.again:
                self._failures = 0
            else:
                self._failures += 1
                self._pause(outcome.wait_s)
        self._tell_of_dropped()

    def _send(self, batch: list[Document]) -> Outcome:
        """One that is too large goes in halves; a line that is too large by itself is refused."""
        outcome = self._target.send(batch)
        if not outcome.is_too_large:
            return outcome
        if len(batch) == 1:
            return Outcome(refused=1, reason=outcome.reason)
        half = len(batch) // 2
        first, second = self._send(batch[:half]), self._send(batch[half:])
        return Outcome(
            again=first.again + second.again,
            refused=first.refused + second.refused,
            reason=first.reason or second.reason,
            is_away=first.is_away or second.is_away,
            wait_s=max(first.wait_s, second.wait_s),
        )

    def _pause(self, wanted_s: float) -> None:
        if self._is_hurried:
            time.sleep(HURRIED_WAIT_S)
            return
        longest_s = min(self._first_wait_s * 2 ** min(self._failures - 1, 20), LONGEST_WAIT_S)
        # Processes that lost the same Elasticsearch must not come back in step.
        jittered_s = longest_s * random.uniform(0.5, 1.0)  # nosec B311 # no secret
        self._rest(max(wanted_s, jittered_s))

    def _tell_of(self, outcome: Outcome) -> None:
        """On the terminal, once for each time of trouble: a line in the log would be shipped too."""
        if outcome.refused:
            say(f"Elasticsearch refuses {outcome.refused} log lines: {outcome.reason}")
        elif outcome.again and self._failures == 0:
            say(f"Log lines do not reach Elasticsearch, which is tried again: {outcome.reason}")

    def _tell_of_dropped(self) -> None:
        """Among the lines themselves, as soon as they arrive again."""
        dropped = self.dropped - self._told_dropped
        if not dropped:
            return
        self._told_dropped = self.dropped
        words = f"{dropped} log lines were dropped before this one: the queue was full"
        line = base(timestamp(now_s := time.time()), "warning", words, "log")
        source = orjson.dumps({**line, "labels.dropped": dropped})
        with self._lock:  # beyond the bound, or it might be dropped itself
            self._queue.append(self._document(source, now_s))
            self._queued_bytes += len(source)


@lru_cache(maxsize=16)
def day_of(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y.%m.%d}"


def say(words: str) -> None:
    with suppress(OSError, ValueError):  # a process without a terminal
        print(words, file=sys.stderr, flush=True)  # noqa: T201


class ElasticsearchHandler(logging.Handler):
    """Hands records to a shipper, and at the end of the process waits a moment for it.

    What a record is formatted to is made where it is logged; that is all that is waited for.
    """

    def __init__(self, *, url: str, index: str, api_key: str) -> None:
        super().__init__()
        self.shipper = Shipper(Elasticsearch(url=url, index=index, api_key=api_key))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record).encode(errors="backslashreplace")
        except Exception:  # noqa: BLE001 - as logging's own handlers do
            self.handleError(record)
            return
        self.shipper.ship([line], at_s=record.created)

    def write_lines(self, lines: Sequence[bytes]) -> None:
        """Lines that somebody else has made."""
        self.shipper.ship(lines, at_s=time.time())

    def close(self) -> None:
        self.shipper.flush(limit_s=FLUSH_S)
        super().close()
