"""From the event loop to plain sync Django and back, with one hop into a thread per request.

A small body is read first and a finished answer goes out in one piece, so that the usual request
crosses between loop and thread once.  Large bodies are pulled, and streamed answers pushed, chunk
by chunk from the thread; the other side's pace is the thread's pace.  A request stays in one
thread from its first line to the closing of its answer: Django keeps its database connections per
thread and closes them there.
"""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SMALL_BODY_BYTES = 64 * 1024
ASCII_BYTES = bytes(range(128))
PLAIN_NAMES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class ClientLeft(OSError):
    """The client closed the connection before all of its body had come."""


class Bridge:
    """An ASGI application around a WSGI one.

    threads: how many requests are worked on at a time; further ones wait their turn.
    """

    def __init__(self, wsgi_application: Any, *, threads: int) -> None:
        self._application = wsgi_application
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="django")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            start, is_whole = await read_start(receive)
        except ClientLeft:
            return
        loop = asyncio.get_running_loop()
        rest = io.BytesIO(start) if is_whole else BodyStream(start, receive, loop)
        body = io.BufferedReader(rest, SMALL_BODY_BYTES)  # its read(n) gives n bytes, not fewer
        exchange = Exchange(self._application, environ_of(scope, body), send, loop)
        if is_whole:
            exchange.environ["CONTENT_LENGTH"] = str(len(start))
        work = loop.run_in_executor(self._threads, exchange.run)
        watch = loop.create_task(exchange.watch(receive)) if is_whole else None
        try:
            await send_whole(send, await work)
        finally:
            if watch:
                watch.cancel()


async def read_start(receive: Receive) -> tuple[bytes, bool]:
    """The body's first bytes, and whether that is all of it.  Raises ClientLeft."""
    start = b""
    while len(start) < SMALL_BODY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        start += message.get("body", b"")
        if not message.get("more_body", False):
            return start, True
    return start, False


async def send_whole(send: Send, answer: tuple[Message, bytes] | None) -> None:
    """Send a finished answer; None: it was streamed already."""
    if answer:
        head, body = answer
        await send(head)
        await send({"type": "http.response.body", "body": body})


class Exchange:
    """One request and its answer.  `run` is for the thread, `watch` for the loop."""

    def __init__(
        self, application: Any, environ: Message, send: Send, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.environ = environ
        self._application = application
        self._send = send
        self._loop = loop
        self._head: Message = {}
        self._has_left = False

    def run(self) -> tuple[Message, bytes] | None:
        """Blocking.  The answer, or None if it was long and has been sent already."""
        result = self._application(self.environ, self._start_response)
        try:
            if not getattr(result, "streaming", False):
                return self._head, b"".join(result)
            self._stream(result)
        finally:
            result.close()
        return None

    async def watch(self, receive: Receive) -> None:
        """Notice that the client left: nothing more is then made for it."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._has_left = True

    def _stream(self, chunks: Iterable[bytes]) -> None:
        self._send_and_wait(self._head)
        for chunk in chunks:
            if self._has_left:
                return
            self._send_and_wait({"type": "http.response.body", "body": chunk, "more_body": True})
        self._send_and_wait({"type": "http.response.body", "body": b""})

    def _send_and_wait(self, message: Message) -> None:
        asyncio.run_coroutine_threadsafe(as_coroutine(self._send(message)), self._loop).result()

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> None:
        self._head = {
            "type": "http.response.start",
            "status": int(status[:3]),
            "headers": [(n.lower().encode("latin1"), v.encode("latin1")) for n, v in headers],
        }


class BodyStream(io.RawIOBase):
    """A large request body, pulled from the event loop as it is read.

    Raises ClientLeft when the client goes before the end: a cut body is never taken for a whole.
    """

    def __init__(self, start: bytes, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self._buffer = start
        self._receive = receive
        self._loop = loop
        self._has_more = True

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while not self._buffer and self._has_more:
            self._pull()
        size = min(len(target), len(self._buffer))
        target[:size], self._buffer = self._buffer[:size], self._buffer[size:]
        return size

    def _pull(self) -> None:
        waiting: Future[Message] = asyncio.run_coroutine_threadsafe(
            as_coroutine(self._receive()), self._loop
        )
        message = waiting.result()
        if message["type"] == "http.disconnect":
            self._has_more = False
            raise ClientLeft("the client left before its request was whole")
        self._buffer = message.get("body", b"")
        self._has_more = message.get("more_body", False)


async def as_coroutine(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def environ_of(scope: Message, body: Any) -> Message:
    """The WSGI environ (PEP 3333) of an ASGI `http` scope.

    Bytes beyond ASCII in the query, which clients do send, are percent-encoded.  Headers with an
    underscore in their name are left out: WSGI could not tell them from those with a dash.
    """
    server = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    environ: Message = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"].partition(b"?")[0]).decode("latin1"),
        "QUERY_STRING": quote_from_bytes(scope["query_string"], ASCII_BYTES),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        add_header(environ, raw_name.decode("latin1"), raw_value.decode("latin1"))
    return environ


def add_header(environ: Message, name: str, value: str) -> None:
    """Repeated headers are joined (RFC 9110, section 5.2; cookies by RFC 6265, section 5.4)."""
    if "_" in name:
        return
    key = PLAIN_NAMES.get(name) or f"HTTP_{name.upper().replace('-', '_')}"
    separator = "; " if name == "cookie" else ","
    environ[key] = f"{environ[key]}{separator}{value}" if key in environ else value
