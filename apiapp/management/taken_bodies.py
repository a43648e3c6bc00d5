"""Async: a request's body that is read from its socket by whoever has use for it.

On its usual way through uvloop, httptools and uvicorn every byte is copied four times, by the one
thread that answers everybody.  A body that is taken passes all of them by: it is read where it is
written, in a thread.
"""

import asyncio
import os
import select
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress

import httptools

from apiapp.management.heads import HeadsWithinBounds

if sys.platform != "win32":
    import fcntl
    import termios

TOGETHER_BYTES = 256 * 1024  # worth being woken up for


class TakenBody:
    """What is left of one body.  Everything but `read_into` and `wait` is for the loop.

    arrived: what came before it was taken.  left_bytes: what is still to be read from the socket.
    is_gone: whether the client is.  invite: has the client send, if it waits for that (100 Continue).
    give_back: called with (left_bytes, is_gone), once.
    """

    def __init__(
        self,
        descriptor: int,
        *,
        arrived: bytearray,
        left_bytes: int,
        invite: Callable[[], None],
        give_back: Callable[[int, bool], None],
    ) -> None:
        """`descriptor`: of the socket; it stays the caller's."""
        self.arrived = arrived
        self.left_bytes = left_bytes
        self._all_bytes = len(arrived) + left_bytes
        self.invite = invite
        self._give_back = give_back
        self.is_gone = False
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._gather(min(TOGETHER_BYTES, left_bytes))

    def read_into(self, buffer: memoryview) -> int:
        """What has come, without waiting; 0: nothing.  Raises ConnectionError: it never will."""
        try:
            got = os.readv(self._socket.fileno(), [buffer[: self.left_bytes]])
        except BlockingIOError:
            return 0
        except OSError as error:
            self.is_gone = True
            raise ConnectionError from error
        if not got:
            self.is_gone = True
            raise ConnectionError
        self.left_bytes -= got
        if self.left_bytes < TOGETHER_BYTES:
            self._gather(self.left_bytes)
        return got

    @property
    def received_bytes(self) -> int:
        """What came of it, with what had arrived before."""
        return self._all_bytes - self.left_bytes

    def wait(self, wait_ms: int) -> bool:
        """Whether there is much to be read, or all, within that time."""
        return bool(self._poll.poll(wait_ms))

    async def readable(self) -> None:
        """The same, without end."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._socket, settle, found)
        try:
            await found
        finally:
            loop.remove_reader(self._socket)

    @property
    def waiting_bytes(self) -> int:
        """How little it may be: what could be read now."""
        count = fcntl.ioctl(self._socket, termios.FIONREAD, bytes(4))
        return int(struct.unpack("i", count)[0])

    def give_back(self) -> None:
        """Let the connection go on: with what is left of the body, or with the next request."""
        self._gather(1)
        self._socket.close()
        self._give_back(self.left_bytes, self.is_gone)

    def _gather(self, least_bytes: int) -> None:
        """Be woken up for no less."""
        with suppress(OSError):  # a kernel may not know of it
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, max(1, least_bytes))


def settle(found: asyncio.Future[None]) -> None:
    if not found.done():
        found.set_result(None)


class BodiesToBeTaken(HeadsWithinBounds):
    """HTTP, whose bodies of a known length may be taken."""

    _body_bytes = 0  # of the request at hand, that the parser has seen
    _is_told_again = False  # of a head that was answered long ago

    def take_body(self) -> TakenBody | None:
        """The rest of the body of the request at hand; None: it has to be received as usual."""
        cycle, descriptor = self.cycle, self._descriptor()
        length = next((int(value) for name, value in self.headers if name == b"content-length"), 0)
        left_bytes = length - self._body_bytes
        if descriptor is None or left_bytes <= 0 or cycle.disconnected:
            return None
        self.flow.pause_reading()
        arrived, cycle.body = cycle.body, bytearray()
        keep_alive, cycle.keep_alive = cycle.keep_alive, False

        def invite() -> None:
            if cycle.waiting_for_100_continue:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                cycle.waiting_for_100_continue = False

        def give_back(left_bytes: int, is_gone: bool) -> None:
            cycle.keep_alive = keep_alive
            if is_gone:
                cycle.disconnected = True
                self.transport.close()
            else:
                self._go_on(left_bytes)

        return TakenBody(
            descriptor, arrived=arrived, left_bytes=left_bytes, invite=invite, give_back=give_back
        )

    def _descriptor(self) -> int | None:
        """Of a socket that bodies can be read from."""
        below = self.transport.get_extra_info("socket")
        is_plain = self.scheme == "http" and sys.platform != "win32"
        if below is None or not is_plain or self.transport.is_closing():
            return None
        return int(below.fileno())

    def _go_on(self, left_bytes: int) -> None:
        """Parse on where so much is left of the body; the bytes before it went elsewhere."""
        if self.transport.is_closing():
            return
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
        if not left_bytes:
            self.on_message_complete()
            return
        self._is_told_again = True
        self.parser.feed_data(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % left_bytes)
        self._is_told_again = False

    # --- what the parser tells

    def on_message_begin(self) -> None:
        if not self._is_told_again:
            super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._is_told_again:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_told_again:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self._is_told_again:
            self._body_bytes = 0
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)
