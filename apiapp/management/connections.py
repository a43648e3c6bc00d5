"""Async: uvicorn's protocols for answers that go on for hours, to clients that may stop taking them.

uvicorn waits for such a client without end, even to close.  An app here may let it go:
`scope["connection"]` is the Connection below.
"""

import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from apiapp.management.taken_bodies import BodiesToBeTaken, TakenBody

UNSENT_BYTES = 64 * 1024
CLOSE_S = 3.0  # for a client to take what was sent before, and to answer that it closes


class Connection:
    """What an app may do with the connection that its request came by.

    taken: the body that was taken from it, if one was.
    """

    taken: TakenBody | None = None

    def __init__(
        self, transport: Any, take_body: Callable[[], TakenBody | None] = lambda: None
    ) -> None:
        """take_body: as the method is to answer."""
        self._transport = transport
        self._take_body = take_body

    def take_body(self) -> TakenBody | None:
        """The rest of the request's body; None: it has to be received as usual."""
        self.taken = self._take_body()
        return self.taken

    def tell_interim(self, status: int, phrase: str, headers: Mapping[str, str]) -> None:
        """Send an interim answer (1xx) to a client of HTTP/1.1, whose request is being worked on.

        uvicorn itself sends no other than 100.
        """
        lines = [f"HTTP/1.1 {status} {phrase}", *(f"{k}: {v}" for k, v in headers.items())]
        self._transport.write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def abort(self) -> None:
        """Close it now; what was not sent yet never will be."""
        self._transport.abort()

    def keep_fresh(self) -> None:
        """Let little wait in the kernel: it would take megabytes of pictures, and show them late."""
        below = self._transport.get_extra_info("socket")
        if below is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            below.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)


class Requests(BodiesToBeTaken):
    """HTTP."""

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.scope["connection"] = Connection(self.transport, self.take_body)  # type: ignore[typeddict-unknown-key]
        is_request = self.cycle is not None and self.cycle.scope is self.scope  # or a handshake
        if is_request and self.parser.get_http_version() == "1.0":
            self.cycle.send = partial(send_unchunked, self.cycle)  # type: ignore[method-assign]


async def send_unchunked(cycle: RequestResponseCycle, message: Any) -> None:
    """To a client of HTTP/1.0, which knows no chunks: an answer without a length ends with its
    connection (RFC 9112, sections 6.1 and 6.3).  uvicorn would send it in chunks."""
    cycle.chunked_encoding = False
    if message["type"] == "http.response.body":
        cycle.expected_content_length = len(message.get("body", b""))
    await RequestResponseCycle.send(cycle, message)


def requests_within(
    *, head_s: float, on_refusal: Callable[[int], None] = lambda status: None
) -> type[Requests]:
    """The same, where a head may take so long.  on_refusal: told the status of what no app hears of."""
    said = {"head_s": head_s, "on_refusal": staticmethod(on_refusal)}
    return type("Requests", (Requests,), said)


class Sockets(WebSocketsSansIOProtocol):
    """WebSockets that close within CLOSE_S, whether the client takes part or not."""

    close_s = CLOSE_S

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if not self.close_sent:  # or the request was no handshake
            self.scope["connection"] = Connection(self.transport)  # type: ignore[typeddict-unknown-key]

    async def send(self, message: Any) -> None:
        if message["type"] != "websocket.close":
            await super().send(message)
            return
        self.writable.set()  # to be told that it is too slow, a client need not be fast
        await super().send(message)
        if self.close_timer:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(self.close_s, self.transport.abort)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.loop.call_later(self.close_s, self.transport.abort)
