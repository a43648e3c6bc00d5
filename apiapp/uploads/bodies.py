"""Async: request bodies on their way from ASGI to a thread that writes them.

Back-pressure goes all the way: while a batch is being written one more is collected, and no more
is asked of the client until the first is done.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from apiapp.uploads.errors import (
    BodyStalled,
    BodyTooLarge,
    BodyTrickled,
    ClientGone,
    TakenOver,
)

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


class Interrupt:
    """Ends the wait for a body: a newer request is there.  Made on the loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Timeout | None = None
        self._is_set = False

    def stop(self) -> None:
        """From any thread, and as often as one likes."""
        with suppress(RuntimeError):  # the loop has ended, and all requests with it
            self._loop.call_soon_threadsafe(self._set)

    def _set(self) -> None:
        self._is_set = True
        if self._waiting:
            with suppress(RuntimeError):  # it has just ended by itself
                self._waiting.reschedule(self._loop.time())

    @property
    def is_set(self) -> bool:
        return self._is_set

    async def wait(self, coming: Callable[[], Awaitable[Result]], *, idle_s: float) -> Result:
        """What comes.  Raises TakenOver, and BodyStalled when nothing comes for `idle_s`."""
        if self._is_set:
            raise TakenOver
        try:
            async with asyncio.timeout(idle_s) as self._waiting:
                return await coming()
        except TimeoutError as error:
            raise TakenOver if self._is_set else BodyStalled(idle_s=idle_s) from error
        finally:
            self._waiting = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How slow a client may be.

    idle_s: how long it may send nothing.  least_bytes_per_s: what it has to send on average over
    every `idle_s` that were spent waiting for it.  What this server takes to write does not count.
    """

    idle_s: float
    least_bytes_per_s: int = 0


class Pace:
    """How fast one client sends."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._waited_s, self._got_bytes = 0.0, 0

    def count(self, got_bytes: int, *, waited_s: float) -> None:
        """Raises BodyTrickled."""
        self._waited_s += waited_s
        self._got_bytes += got_bytes
        if self._waited_s < self._patience.idle_s:
            return
        least_bytes_per_s = self._patience.least_bytes_per_s
        if self._got_bytes < self._waited_s * least_bytes_per_s:
            raise BodyTrickled(least_bytes_per_s=least_bytes_per_s)
        self._waited_s, self._got_bytes = 0.0, 0


async def body_pieces(
    receive: Receive, *, patience: Patience, limit_bytes: int, interrupt: Interrupt | None = None
) -> AsyncIterator[bytes]:
    """The body as it comes.

    Raises ClientGone, BodyStalled or BodyTrickled when patience ends, BodyTooLarge, TakenOver.
    """
    got_bytes, more = 0, True
    interrupt, pace = interrupt or Interrupt(), Pace(patience)
    clock = asyncio.get_running_loop().time
    while more:
        asked_at = clock()
        message = await interrupt.wait(receive, idle_s=patience.idle_s)
        waited_s = clock() - asked_at
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece, more = message.get("body", b""), message.get("more_body", False)
        got_bytes += len(piece)
        if got_bytes > limit_bytes:
            raise BodyTooLarge(limit_bytes=limit_bytes)
        if piece:
            yield piece
        if more:
            pace.count(len(piece), waited_s=waited_s)


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

    async def try_to_open(self, begin: Callable[[], Opened | None]) -> Opened | None:
        """The same, where it may take several attempts."""
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
