"""Async: how long a viewer or a publisher stays, and why it ends."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from streaming.core.errors import ScreenError, SourceLost
from streaming.errors import ScreensError
from streaming.passes import Pass
from streaming.problems import close_code

GOING_AWAY = 1001  # RFC 6455, section 7.4.1
# Private codes (section 7.4.2), after HTTP's statuses.
BAD_REQUEST = 4400
STALLED = 4408
ENDED = 4411


@dataclass(frozen=True, slots=True)
class End:
    """code: of the socket that is closed.  reason: a stable word; detail: a sentence for people."""

    code: int
    reason: str
    detail: str


LEFT = End(1000, "left", "")
SERVER_STOPS = End(GOING_AWAY, "server-stops", "the server is stopping, and may be back soon")
TOO_SLOW = End(STALLED, "stalled", "nothing was taken for so long that it was not sent any more")


def end_by(error: Exception) -> End:
    """The end that an error of this feature is."""
    if isinstance(error, ScreensError):
        return End(close_code(error), error.reason, str(error))
    if isinstance(error, SourceLost):
        return End(ENDED, "ended", str(error))
    return End(BAD_REQUEST, "bad-message", str(error))


class Doors:
    """Whoever is in: all are asked to leave when the server stops.  On the event loop alone."""

    def __init__(self) -> None:
        self._inside: set[asyncio.Future[End]] = set()
        self._are_closed = False

    def enter(self) -> asyncio.Future[End]:
        """Done when it is time to go; to be given to `leave`."""
        future: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self._inside.add(future)
        if self._are_closed:
            future.set_result(SERVER_STOPS)
        return future

    def leave(self, future: asyncio.Future[End]) -> None:
        self._inside.discard(future)

    async def close(self, *, within_s: float) -> None:
        """Ask all to leave, also those who come yet, and wait until they have, but not for ever."""
        self._are_closed = True
        for future in self._inside:
            if not future.done():
                future.set_result(SERVER_STOPS)
        ends = asyncio.get_running_loop().time() + within_s
        while self._inside and asyncio.get_running_loop().time() < ends:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


doors = Doors()


async def stay(held: Pass, *works: Coroutine[Any, Any, End]) -> End:
    """Do all `works` until one of them ends, the pass is taken back, or the server stops.

    A client that has left (OSError, of `send`) is an end as any other.
    """
    tasks = [asyncio.create_task(work) for work in works]
    going = doors.enter()
    try:
        awaited: set[asyncio.Future[Any]] = {*tasks, going, held.closed}
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        if held.closed.done():
            return end_by(held.closed.result())
        if going.done():
            return going.result()
        return next(end_of(task) for task in tasks if task.done())
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        doors.leave(going)


def end_of(task: asyncio.Task[End]) -> End:
    try:
        return task.result()
    except (ScreensError, ScreenError) as error:
        return end_by(error)
    except OSError:
        return LEFT
