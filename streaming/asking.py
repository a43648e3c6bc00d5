"""Async: what those who come and go ask of the database.

Each question is answered in one of a few threads, which keeps its connection while more wait for
it: to open one costs more than most questions, and when a hundred viewers come at once that is
what they would wait for.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

from django.db import DatabaseError, connections

Answer = TypeVar("Answer")


class Desk:
    """One thread; its questions are answered in the order in which they come."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._lock = Lock()
        self.waiting = 0

    async def ask(self, question: Callable[[], Answer]) -> Answer:
        """It is answered even if nobody waits for the answer any more."""
        with self._lock:
            self.waiting += 1
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._thread, self._answer, question))

    def _answer(self, question: Callable[[], Answer]) -> Answer:
        try:
            return question()
        except DatabaseError:
            connections.close_all()  # the next question gets a new one
            raise
        finally:
            with self._lock:
                self.waiting -= 1
                is_last = not self.waiting
            if is_last:
                connections.close_all()


# Two, as a PIN takes a quarter of a second to be checked; writing is done by one thread: on SQLite
# several would only wait for one another.
_readers = (Desk("screens-read-1"), Desk("screens-read-2"))
_writer = Desk("screens-write")


async def ask(question: Callable[[], Answer]) -> Answer:
    """For a question that changes nothing, or seldom."""
    return await min(_readers, key=lambda desk: desk.waiting).ask(question)


async def note(change: Callable[[], Answer]) -> Answer:
    """For what is written at each coming and going."""
    return await _writer.ask(change)
