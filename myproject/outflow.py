"""A long answer's way from the thread that makes it to the client that reads it.

The thread is at most UNSENT_BYTES ahead of the client.  What was made while the last was being
sent goes out in one piece, and nothing that was made is ever held back.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any

from apiapp.uploads.errors import ClientGone

UNSENT_BYTES = 256 * 1024
UNSENT_CHUNKS = 16

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]


class Outflow:
    """One answer.  `begin`, `put` and `end` block and belong to the thread.

    has_left: whether the client closed the connection; asked on the loop.  stall_s: how long it
    may take what it was sent.
    """

    def __init__(
        self,
        send: Send,
        *,
        has_left: Callable[[], bool],
        loop: asyncio.AbstractEventLoop,
        stall_s: float,
    ) -> None:
        self._send = send
        self._has_left = has_left
        self._loop = loop
        self._stall_s = stall_s
        self._chunks: list[bytes] = []
        self._unsent_bytes = 0
        self._has_ended = self._is_closed = False
        self._change = threading.Condition()
        self._arrived = asyncio.Event()

    # --- in the thread
    def begin(self, head: Message) -> None:
        self._sending: Future[None] = asyncio.run_coroutine_threadsafe(
            self._send_all(head), self._loop
        )

    def put(self, chunk: bytes) -> None:
        """Raises ClientGone when nobody reads any more."""
        with self._change:
            self._change.wait_for(self._has_room)
            if self._is_closed:
                raise ClientGone
            self._chunks.append(chunk)
            self._unsent_bytes += len(chunk)
        self._loop.call_soon_threadsafe(self._arrived.set)

    def end(self) -> None:
        """Return once all is sent.  Raises ClientGone."""
        self._has_ended = True
        self._loop.call_soon_threadsafe(self._arrived.set)
        self._sending.result()

    def abandon(self) -> None:
        """The answer will never be whole: send no more of it."""
        self._sending.cancel()

    def _has_room(self) -> bool:
        is_full = self._unsent_bytes >= UNSENT_BYTES or len(self._chunks) >= UNSENT_CHUNKS
        return self._is_closed or not is_full

    # --- on the loop
    async def _send_all(self, head: Message) -> None:
        try:
            await self._send_in_time(head)
            while not self._has_left():
                await self._arrived.wait()
                self._arrived.clear()
                is_last = self._has_ended
                piece = self._take()
                await self._send_in_time(
                    {"type": "http.response.body", "body": piece, "more_body": not is_last}
                )
                if is_last:
                    return
            raise ClientGone
        finally:
            with self._change:
                self._is_closed = True
                self._change.notify()

    def _take(self) -> bytes:
        with self._change:
            piece = b"".join(self._chunks)
            self._chunks.clear()
            self._unsent_bytes = 0
            self._change.notify()
        return piece

    async def _send_in_time(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._stall_s):
                await self._send(message)
        except TimeoutError as error:
            raise ClientGone from error
