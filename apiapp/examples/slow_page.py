"""/stream: a page that comes bit by bit.

Async for the default server, where it holds no thread; blocking for WSGI servers.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

PIECES = tuple(f"<p>{number}</p>".encode() for number in range(5))
PAUSE_S = (1.2, 2.4)  # promised are 1 to 3 s, as the client sees them
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx sends each bit on at once
}
PATHS = ("/stream", "/stream/")


def pause_s() -> float:
    return random.uniform(*PAUSE_S)  # nosec B311 # a pause is no secret


def pieces_in_time() -> Iterator[bytes]:
    """Blocking: each piece when it is due."""
    for number, piece in enumerate(PIECES):
        if number:
            time.sleep(pause_s())
        yield piece


class SlowPage:
    """The ASGI app for GET of /stream.

    django: answers HEAD of it; its headers are sent, and any refusal.  pause_s: how long to wait
    before the next piece.
    """

    def __init__(self, django: App, pause_s: Callable[[], float] = pause_s) -> None:
        self._django = django
        self._pause_s = pause_s

    def matches(self, scope: Message) -> bool:
        """Whether the request is one for here; other methods are for Django alone."""
        return scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in PATHS

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        start, *rest = await answer_of(self._django, {**scope, "method": "HEAD"})
        await send(start)
        if start["status"] == 200:
            await self._send_pieces(receive, send)
            return
        for message in rest:
            await send(message)

    async def _send_pieces(self, receive: Receive, send: Send) -> None:
        leaving = asyncio.ensure_future(client_left(receive))
        try:
            for number, piece in enumerate(PIECES):
                if number and await happens_within(leaving, self._pause_s()):
                    return
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            leaving.cancel()


async def answer_of(app: App, scope: Message) -> list[Message]:
    """All that `app` sends for a request without a body."""
    sent: list[Message] = []
    body = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        return body.pop() if body else await asyncio.Future()

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


async def client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def happens_within(event: "asyncio.Future[None]", wait_s: float) -> bool:
    done, _ = await asyncio.wait([event], timeout=wait_s)
    return bool(done)
