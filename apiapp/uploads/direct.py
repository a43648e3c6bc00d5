"""Blocking: bodies that the thread which writes them reads from their socket itself.

So they cost the loop nothing, and each byte is copied twice: from the socket, and to the file.  A
thread stays with a client that is fast, but for a bounded time; for a slow one the loop waits.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from apiapp.uploads.appending import Appending, Opening
from apiapp.uploads.bodies import Interrupt
from apiapp.uploads.errors import ClientGone, TakenOver
from apiapp.uploads.models import Upload

BUFFER_BYTES = 2**20
TURN_S = 0.05
WAIT_MS = 5
FAST_BYTES = 128 * 1024  # within one turn

local = threading.local()


class TakenBody(Protocol):
    """As management/taken_bodies.py has it, which see."""

    arrived: bytearray
    left_bytes: int
    invite: Callable[[], None]

    def read_into(self, buffer: memoryview) -> int: ...

    def wait(self, wait_ms: int) -> bool: ...

    async def readable(self) -> None: ...

    @property
    def waiting_bytes(self) -> int: ...

    def give_back(self) -> None: ...


class Pouring:
    """One body on its way from its socket to the end of an upload; used by one thread at a time.

    got_bytes: so far.  opened_at: where the upload ended before.  upload: as it is at the end, once all is kept.
    """

    def __init__(self, body: TakenBody, opening: Opening, interrupt: Interrupt) -> None:
        self.body = body
        self.got_bytes = self.opened_at = 0
        self.upload: Upload | None = None
        self._opening = opening
        self._interrupt = interrupt
        self._appending: Appending | None = None

    def turn(self) -> Appending | None:
        """Write what comes, for a while; None: another one appends still.

        Raises what Opening.try_once and Appending.keep raise, ClientGone, TakenOver.
        """
        if not self._appending:
            self._appending = self._opening.try_once()
            if not self._appending:
                return None
            self.opened_at = self._appending.upload.received
            self._appending.write([memoryview(self.body.arrived)])
        self._pour(self._appending)
        if not self.body.left_bytes:
            self.upload = self._appending.keep(())
        return self._appending

    def cut(self) -> None:
        """Keep what came of a body that broke off, unless a checksum was to be the judge of it."""
        if self._appending:
            self._appending.cut(())

    def _pour(self, appending: Appending) -> None:
        body, buffer = self.body, own_buffer()
        ends_at, came_bytes = time.monotonic() + TURN_S, 0
        while body.left_bytes and time.monotonic() < ends_at:
            if self._interrupt.is_set:
                raise TakenOver
            try:
                got_bytes = body.read_into(buffer)
            except ConnectionError as error:
                raise ClientGone from error
            if got_bytes:
                appending.write([buffer[:got_bytes]])
                came_bytes += got_bytes
            elif came_bytes < FAST_BYTES or not body.wait(WAIT_MS):
                break
        self.got_bytes += came_bytes


def own_buffer() -> memoryview:
    """Of the thread that asks."""
    found: memoryview | None = getattr(local, "buffer", None)
    if found is None:
        local.buffer = found = memoryview(bytearray(BUFFER_BYTES))
    return found


def taken_body(connection: Any, *, body_bytes: int | None) -> TakenBody | None:
    """What is left of a body on its socket; None: it has to come the usual way."""
    take = getattr(connection, "take_body", None)
    body: TakenBody | None = take() if take and body_bytes else None
    return body
