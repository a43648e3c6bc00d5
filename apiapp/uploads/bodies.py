"""Async: request bodies on their way from ASGI to a thread that writes them.

Back-pressure goes all the way: while a batch is being written one more is collected, and no more
is asked of the client until the first is done.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Executor
from contextvars import copy_context
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from apiapp.uploads.errors import BodyStalled, BodyTooLarge, ClientGone

BATCH_BYTES = 2**20

Piece = bytes | memoryview
Receive = Callable[[], Awaitable[dict[str, Any]]]
Result = TypeVar("Result")


class Arriving(Protocol):
    """Bytes on their way to disk; every method blocks and is called in a thread, one at a time."""

    def write(self, pieces: Sequence[Piece]) -> None:
        """Write what came next."""

    def release(self) -> None:
        """The request broke off: leave nothing behind.  After the bytes were kept: nothing."""


Opened = TypeVar("Opened", bound=Arriving)


async def body_pieces(receive: Receive, *, idle_s: float, limit_bytes: int) -> AsyncIterator[bytes]:
    """The body as it comes.

    Raises ClientGone, BodyStalled when nothing comes for `idle_s`, BodyTooLarge.
    """
    got_bytes, more = 0, True
    while more:
        try:
            async with asyncio.timeout(idle_s):
                message = await receive()
        except TimeoutError as error:
            raise BodyStalled(idle_s=idle_s) from error
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece, more = message.get("body", b""), message.get("more_body", False)
        got_bytes += len(piece)
        if got_bytes > limit_bytes:
            raise BodyTooLarge(limit_bytes=limit_bytes)
        if piece:
            yield piece


class Threads:
    """Where what blocks is done.

    run: called in a thread with each piece of work, to do it and what has to be done around it.
    """

    def __init__(self, pool: Executor, run: Callable[[Callable[[], Any]], Any]) -> None:
        self._pool = pool
        self._run = run

    def begin(self, work: Callable[[], Any]) -> "asyncio.Future[Any]":
        request = copy_context()  # what is logged in the thread belongs to it
        return asyncio.get_running_loop().run_in_executor(self._pool, request.run, self._run, work)


class Lane:
    """One request's way to the threads: one call at a time, and none is left behind."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._last: asyncio.Future[Any] | None = None

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do `work` in a thread, after what was begun before; raise what either raises."""
        await self.begin(work)
        assert self._last
        result: Result = await asyncio.shield(self._last)
        return result

    async def begin(self, work: Callable[[], Any]) -> None:
        """Have `work` begun in a thread, after what was begun before; raise what that raises."""
        if self._last:
            await asyncio.shield(self._last)
        self._last = self._threads.begin(work)

    async def settle(self) -> None:
        """Wait until nothing runs any more; what it raised is no longer of interest."""
        if self._last:
            await asyncio.wait([self._last])
            self._last.exception()
            self._last = None


class Intake:
    """Takes one body to disk in batches; on any error it lets go of what it began.

    To be used as `async with`.
    """

    def __init__(self, threads: Threads) -> None:
        self.lane = Lane(threads)
        self._arriving: Arriving | None = None
        self._pieces: list[Piece] = []
        self._batch_bytes = 0

    async def open(self, begin: Callable[[], Opened]) -> Opened:
        """Say where the pieces go; `begin` runs in a thread."""
        self._arriving = opened = await self.lane.run(begin)
        return opened

    async def add(self, piece: Piece) -> None:
        assert self._arriving
        self._pieces.append(piece)
        self._batch_bytes += len(piece)
        if self._batch_bytes >= BATCH_BYTES:
            write, pieces = self._arriving.write, self.take_rest()
            await self.lane.begin(lambda: write(pieces))

    def take_rest(self) -> list[Piece]:
        """The pieces that no batch has taken yet."""
        pieces, self._pieces, self._batch_bytes = self._pieces, [], 0
        return pieces

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            return
        await self.lane.settle()
        if self._arriving:
            await self.lane.run(self._arriving.release)
