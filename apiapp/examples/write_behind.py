"""Writes of the open examples, many in one transaction, a moment after they were answered.

What strangers try out is worth no waiting for a disk.  Whoever reads the rows has them settled
first, so nobody of this process misses what was answered before.  A process that is killed loses
what the last moment brought.
"""

import atexit
import logging
import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from django.db import DatabaseError, connection, transaction

logger = logging.getLogger(__name__)

PAUSE_S = 0.2  # for more to come along; who reads does not wait for it
LONGEST_S = 5.0  # that a reader, or the end of the process, waits


class Changes(Protocol):
    """What is to be written; it bounds itself."""

    def write(self) -> None:
        """Write all of it, within a transaction.  Raises DatabaseError."""


Kind = TypeVar("Kind", bound=Changes)


class WriteBehind(Generic[Kind]):
    """Collects changes, and writes them in a thread of its own."""

    def __init__(self, nothing: Callable[[], Kind]) -> None:
        self._nothing = nothing
        self._pending = nothing()
        # One lock, and who waits for what is told apart: a change must wake nobody but an idle writer.
        self._lock = threading.Lock()
        self._work, self._hurry, self._settled = map(threading.Condition, [self._lock] * 3)
        self._thread: threading.Thread | None = None
        self._came = self._done = self._readers = 0
        atexit.register(self.settle)

    def do(self, change: Callable[[Kind], None]) -> None:
        """Have a change written soon; within a transaction at once, as a part of it.

        Never blocks otherwise, and is safe to call on the event loop.
        """
        if connection.in_atomic_block:
            alone = self._nothing()
            change(alone)
            alone.write()
            return
        with self._lock:
            change(self._pending)
            self._came += 1
            if self._thread is None or not self._thread.is_alive():  # as after a fork
                self._thread = threading.Thread(target=self._run, name="examples", daemon=True)
                self._thread.start()
            self._work.notify()

    def settle(self) -> None:
        """Return once all that came before is written.

        Within a transaction nothing is waited for: it may hold the lock that the writing needs.
        """
        if connection.in_atomic_block:
            return
        with self._lock:
            wanted = self._came
            self._readers += 1
            self._hurry.notify()
            self._settled.wait_for(lambda: self._done >= wanted, timeout=LONGEST_S)
            self._readers -= 1

    def _run(self) -> None:
        while True:
            with self._lock:
                self._work.wait_for(lambda: self._came > self._done)
                self._hurry.wait_for(lambda: self._readers, timeout=PAUSE_S)
                changes, came = self._pending, self._came
                self._pending = self._nothing()
            try:
                write(changes)
            finally:
                with self._lock:
                    self._done = came
                    self._settled.notify_all()


def write(changes: Changes) -> None:
    """In a transaction; what cannot be written is told in the log."""
    try:
        with transaction.atomic():
            changes.write()
    except DatabaseError:
        logger.exception("what the examples were told in the last moment is lost")
    finally:
        connection.close()
