"""Async: measures every request of an ASGI application, whatever answers it.

An answer is measured from its first line to its last byte.  What goes on until somebody has had
enough (sockets, pictures without end) is measured until it begins: how long it was watched says
nothing of this server.  Its bytes are counted when it ends.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from apiapp.monitoring.tally import Kind, Tally

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

NS_PER_US = 1000
BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = BODILESS | {"POST", "PUT", "PATCH", "DELETE"}
OTHER, SOCKET = "OTHER", "WEBSOCKET"
SWITCHING_PROTOCOLS, FORBIDDEN, BROKEN = 101, 403, 500


class Request:
    """One request, and what passed of it.

    route: its pattern.  status: 0 while there is none.  duration_us: 0 until it is known.
    """

    __slots__ = (
        *("route", "method", "status", "duration_us", "received_bytes", "sent_bytes"),
        *("_tally", "_receive", "_send", "_began_ns"),
    )

    def __init__(self, tally: Tally, route: str, method: str, receive: Receive, send: Send) -> None:
        self.route, self.method = route, method
        self.status = self.duration_us = self.received_bytes = self.sent_bytes = 0
        self._tally, self._receive, self._send = tally, receive, send
        self._began_ns = time.perf_counter_ns()

    def begun(self) -> None:
        """Count it, as one that has no end."""
        self.duration_us = self._so_far_us()
        self._tally.count(self._kind(), duration_us=self.duration_us)

    def ended(self) -> None:
        """Count it, or its bytes if it was counted when it began."""
        received_bytes, sent_bytes = self.received_bytes, self.sent_bytes
        if self.duration_us:
            self._tally.count_bytes(
                self._kind(), received_bytes=received_bytes, sent_bytes=sent_bytes
            )
            return
        self.duration_us = self._so_far_us()
        self._tally.count(
            self._kind(),
            duration_us=self.duration_us,
            received_bytes=received_bytes,
            sent_bytes=sent_bytes,
        )

    def _so_far_us(self) -> int:
        return 1 + (time.perf_counter_ns() - self._began_ns) // NS_PER_US

    def _kind(self) -> Kind:
        return Kind(self.route, self.method, self.status // 100)

    # --- HTTP

    async def receive(self) -> Message:
        message = await self._receive()
        self.received_bytes += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.sent_bytes += len(message.get("body", b""))
        elif message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)

    async def send_endless(self, message: Message) -> None:
        await self.send(message)
        if message["type"] == "http.response.start":
            self.begun()

    # --- sockets

    async def receive_message(self) -> Message:
        message = await self._receive()
        if message["type"] == "websocket.receive":
            self.received_bytes += size_bytes(message)
        return message

    async def send_message(self, message: Message) -> None:
        await self._send(message)
        if message["type"] == "websocket.send":
            self.sent_bytes += size_bytes(message)
        elif not self.status:
            self.status = status_of(message)
            self.begun()


def size_bytes(message: Message) -> int:
    """Of what a socket's message carries."""
    content = message.get("bytes")
    if content is not None:
        return len(content)
    text = message.get("text") or ""
    return len(text) if text.isascii() else len(text.encode())


def status_of(message: Message) -> int:
    """What a socket's handshake is answered with by its first message: closed at once, it is 403."""
    if message["type"] == "websocket.http.response.start":
        return int(message["status"])
    return SWITCHING_PROTOCOLS if message["type"] == "websocket.accept" else FORBIDDEN


Observer = Callable[[Message, Request], None]


class Counted:
    """An ASGI application around another, whose requests are counted.

    route_of: what a path is counted under.  endless: the routes whose answers have no end.
    observers: called on the event loop with the scope of each request that has ended, so what takes
    longer than microseconds is for a thread of theirs.
    at_start, at_stop: called (blocking, in a thread) when the server starts, and when it has stopped.
    """

    def __init__(  # noqa: PLR0913 - what a composer gives, by keyword
        self,
        app: App,
        *,
        tally: Tally,
        route_of: Callable[[str], str],
        endless: Collection[str] = (),
        observers: Sequence[Observer] = (),
        at_start: Callable[[], None] = lambda: None,
        at_stop: Callable[[], None] = lambda: None,
    ) -> None:
        self._app = app
        self._tally = tally
        self._route_of = route_of
        self._endless = frozenset(endless)
        self._observers = observers
        self._at_start, self._at_stop = at_start, at_stop

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._measure(scope, receive, send)
        elif scope["type"] == "websocket":
            request = Request(self._tally, self._route_of(scope["path"]), SOCKET, receive, send)
            await self._run(scope, request, request.receive_message, request.send_message)
        else:
            await asyncio.to_thread(self._at_start)
            await self._app(scope, receive, send)
            await asyncio.to_thread(self._at_stop)

    async def _measure(self, scope: Message, receive: Receive, send: Send) -> None:
        route, method = self._route_of(scope["path"]), scope["method"]
        known_method = method if method in METHODS else OTHER
        request = Request(self._tally, route, known_method, receive, send)
        await self._run(
            scope,
            request,
            receive if method in BODILESS else request.receive,
            request.send_endless if route in self._endless else request.send,
        )

    async def _run(self, scope: Message, request: Request, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception:
            request.status = request.status or BROKEN  # as the server answers then
            raise
        finally:
            taken = getattr(scope.get("connection"), "taken", None)
            if taken:
                request.received_bytes += taken.received_bytes
            if request.method == "HEAD":
                request.sent_bytes = 0  # servers drop such a body
            request.ended()
            for observe in self._observers:
                observe(scope, request)
