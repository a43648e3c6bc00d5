"""Async: bodies of requests that append to an upload, whichever protocol they speak."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from django.db import DatabaseError

from apiapp.keys.callers import Caller
from apiapp.uploads.appending import Opening, Wanted
from apiapp.uploads.bodies import (
    Intake,
    Interrupt,
    Lane,
    Pace,
    Patience,
    Receive,
    Threads,
    body_pieces,
)
from apiapp.uploads.direct import Pouring, TakenBody, taken_body
from apiapp.uploads.engine import Engine, Settling
from apiapp.uploads.errors import BodyStalled, BodyTooLarge, ClientGone, TakenOver
from apiapp.uploads.models import Upload

logger = logging.getLogger(__name__)

BEAT_S = 0.4
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.005, 0.1
LOOK_S = 1.0  # whether there is a little at least
CUT = (ClientGone, BodyStalled, BodyTooLarge, TakenOver)

Found = TypeVar("Found")


class AppendBodies:
    """Takes bodies to the ends of uploads.  idle_s: how long a client may send nothing."""

    def __init__(self, engine: Engine, threads: Threads, *, idle_s: float) -> None:
        self._engine = engine
        self._threads = threads
        self._patience = Patience(idle_s, engine.terms.limits.least_bytes_per_s)
        self._heeding: asyncio.Task[None] | None = None

    async def append(
        self,
        receive: Receive,
        *,
        admit: Callable[[], Caller],
        file_id: str,
        wanted: Wanted,
        connection: Any = None,
        tell: Callable[[int], None] = lambda received_bytes: None,
    ) -> Upload:
        """Append one body; return the upload as it is then.

        connection: of the ASGI scope, if the body may be read from its socket (direct.py).
        tell: called now and then with what is kept for good by then, if that has become more.
        Whatever came of a body that breaks off is kept, unless it was to have a digest.
        Raises what Opening.try_once and Appending.keep raise, ClientGone, BodyStalled, TakenOver.
        """
        interrupt = Interrupt()
        opening = Opening(
            self._engine, admit=admit, file_id=file_id, wanted=wanted, stop=interrupt.stop
        )
        body = taken_body(connection, body_bytes=wanted.body_bytes)
        if body:
            return await self._pour(Pouring(body, opening, interrupt), interrupt, tell)
        async with Intake(self._threads) as intake:
            appending = await until_there(lambda: intake.try_to_open(opening.try_once))
            self._heed_others()
            told_bytes = appending.upload.received
            pieces = body_pieces(
                receive,
                patience=self._patience,
                limit_bytes=appending.limit_bytes,
                interrupt=interrupt,
            )
            try:
                async for piece in pieces:
                    await intake.add(piece)
                    if appending.upload.received > told_bytes:
                        told_bytes = appending.upload.received
                        tell(told_bytes)
            except CUT:
                await intake.lane.run(partial(appending.cut, intake.take_rest()))
                raise
            return await intake.lane.run(partial(appending.keep, intake.take_rest()))

    async def _pour(
        self, pouring: Pouring, interrupt: Interrupt, tell: Callable[[int], None]
    ) -> Upload:
        """As `append`."""
        lane, pace = Lane(self._threads), Pace(self._patience)
        try:
            appending = await until_there(lambda: lane.run(pouring.turn))
            told_bytes = pouring.opened_at
            while not pouring.upload:
                self._heed_others()
                pouring.body.invite()
                if appending.upload.received > told_bytes:
                    told_bytes = appending.upload.received
                    tell(told_bytes)
                waited_s = await self._wait_for_more(pouring.body, interrupt)
                before_bytes = pouring.got_bytes
                await lane.run(pouring.turn)
                pace.count(pouring.got_bytes - before_bytes, waited_s=waited_s)
            return pouring.upload
        except BaseException:
            await lane.settle()
            await lane.run(pouring.cut)
            raise
        finally:
            pouring.body.give_back()

    async def _wait_for_more(self, body: TakenBody, interrupt: Interrupt) -> float:
        """How long it took.  Raises TakenOver, and BodyStalled when nothing at all has come."""
        clock = asyncio.get_running_loop().time
        began_at, idle_s = clock(), self._patience.idle_s
        while True:
            try:
                await interrupt.wait(body.readable, idle_s=min(LOOK_S, idle_s))
                break
            except BodyStalled as error:
                if body.waiting_bytes:
                    break
                if clock() - began_at >= idle_s:
                    raise BodyStalled(idle_s=idle_s) from error
        return clock() - began_at

    async def settled(self, lane: Lane, *, admit: Callable[[], Caller], file_id: str) -> Upload:
        """The upload, once nobody appends to it any more: its client has come back and asks.

        Raises UnknownUpload, UploadGone, and what `admit` raises.
        """
        settling = Settling(self._engine, admit=admit, file_id=file_id)
        return await until_there(lambda: lane.run(settling.try_once))

    def _heed_others(self) -> None:
        """Look who waits for writers of this process, as long as there are any."""
        if self._heeding is None or self._heeding.done():
            self._heeding = asyncio.get_running_loop().create_task(self._heed())

    async def _heed(self) -> None:
        while len(self._engine.writers):
            await asyncio.sleep(BEAT_S)
            try:
                await self._threads.begin(self._engine.heed)
            except DatabaseError:  # not to be reached for a moment: nobody can wait for us then
                logger.warning("the writers of uploads could not be looked after", exc_info=True)


async def until_there(attempt: Callable[[], Awaitable[Found | None]]) -> Found:
    """What an attempt brings, made again and again until it brings something."""
    pause_s = FIRST_PAUSE_S
    while (found := await attempt()) is None:
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
    return found
