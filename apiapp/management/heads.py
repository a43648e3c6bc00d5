"""Async: uvicorn's HTTP protocol, with a bound on the head of a request, in bytes and in time.

uvicorn has neither: one connection could fill the memory, and thousands could wait for ever.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024
HEAD_S = 30.0
TOO_LARGE = (431, "Request Header Fields Too Large")
TOO_SLOW = (408, "Request Timeout")
UNREADABLE = 400


class HeadsWithinBounds(HttpToolsProtocol):
    """Ends a connection whose next request is longer, or takes longer to come, than that.

    Between two requests uvicorn's own `timeout_keep_alive` counts.  on_refusal: told the status of
    each answer that is given here, of which no application hears.
    """

    head_s = HEAD_S
    on_refusal: Callable[[int], None] = staticmethod(lambda status: None)
    _heads = 0  # that have come
    _is_in_head = True
    _head_bytes = 0  # of the next one, before what comes now
    _now_bytes = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_in_head, heads = self._is_in_head, self._heads
        self._now_bytes = len(data)
        super().data_received(data)
        if not was_in_head or self._heads != heads or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES:
            self._refuse(*TOO_LARGE)
        elif self._deadline is None:
            self._expect_head()

    def on_headers_complete(self) -> None:
        """Raises ValueError, which uvicorn answers with 400."""
        self._expect_nothing()
        may_be_large = self._head_bytes + self._now_bytes > HEAD_BYTES
        self._heads, self._is_in_head, self._head_bytes = self._heads + 1, False, 0
        if (
            may_be_large
            and sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES
        ):
            raise ValueError("the head is too large")
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn says to what is no request."""
        self.on_refusal(UNREADABLE)
        super().send_400_response(msg)

    def on_message_complete(self) -> None:
        self._is_in_head = True
        super().on_message_complete()

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(self.head_s, self._end_slow)

    def _expect_nothing(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _end_slow(self) -> None:
        if self.cycle and not self.cycle.response_complete:  # its last request is still answered
            self._expect_head()
            return
        self._refuse(*TOO_SLOW, is_request=self._head_bytes > 0)  # browsers connect in advance

    def _refuse(self, status: int, phrase: str, *, is_request: bool = True) -> None:
        if is_request:
            self.on_refusal(status)
        head = f"HTTP/1.1 {status} {phrase}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        self.transport.write(head.encode())
        self.transport.close()
