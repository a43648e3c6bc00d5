"""Async: what all ASGI apps have in common that take bodies of uploads."""

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from apiapp.uploads.admitting import with_own_connection
from apiapp.uploads.arriving import Terms
from apiapp.uploads.bodies import Patience, Receive, Threads, body_pieces
from apiapp.uploads.exchange import Problem

THREADS = 16
IDLE_S = 60.0


class BodyReceiver:
    """Has threads of its own, in which everything is done that blocks.

    problem_for: how an error is answered; logs what is a bug.  idle_s: how long a client may send
    nothing.  run: does what blocks, in a thread, with what has to be done around it.
    """

    def __init__(
        self,
        *,
        terms: Terms,
        problem_for: Callable[[Exception], Problem],
        idle_s: float = IDLE_S,
        threads: int = THREADS,
        run: Callable[[Callable[[], Any]], Any] = with_own_connection,
    ) -> None:
        self._terms = terms
        self._problem_for = problem_for
        self._patience = Patience(idle_s, terms.limits.least_bytes_per_s)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=type(self).__name__)
        self._threads = Threads(self._pool, run)

    def close(self) -> None:
        """End the threads, once no request is under way."""
        self._pool.shutdown()

    def _pieces(self, receive: Receive, *, limit_bytes: int) -> AsyncIterator[bytes]:
        return body_pieces(receive, patience=self._patience, limit_bytes=limit_bytes)
