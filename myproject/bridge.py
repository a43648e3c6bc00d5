"""From the event loop to plain sync Django and back, with one hop into a thread per request.

A request comes to its thread with all of its body, and a short answer leaves in one piece, so that
the usual request crosses between loop and thread once.  A request stays in one thread from its
first line to the closing of its answer: Django keeps its database connections per thread and
closes them there.
"""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, BinaryIO
from urllib.parse import quote_from_bytes, unquote_to_bytes

import orjson

from apiapp.http import request_ids
from apiapp.http.known import KEY, known_of
from apiapp.logs import tracing
from apiapp.uploads.errors import BodyStalled, BodyTooLarge, ClientGone
from apiapp.uploads.exchange import Problem
from myproject.outflow import Outflow
from myproject.request_bodies import BodyTerms, Message, Receive, read_body
from myproject.turns import Turns, Work

Send = Callable[[Message], Awaitable[None]]
Answer = tuple[Message, bytes]

SMALL_ANSWER_BYTES = 64 * 1024  # one that is made in pieces, but not worth to be sent in pieces
LINGER_S = 2.0  # for a client to read that its body is too long before the connection closes
BODILESS = ("GET", "HEAD", "DELETE")
ASCII_BYTES = bytes(range(128))
PLAIN_KEYS = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
ENVIRON: Message = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


class Bridge:
    """An ASGI application around Django's WSGI one.

    body_terms: what is asked of a request's body.  stall_s: how long a client may take nothing of
    its answer.  problem_for: how an error is answered.
    """

    def __init__(
        self,
        wsgi_application: Any,
        *,
        turns: Turns,
        body_terms: BodyTerms,
        stall_s: float,
        problem_for: Callable[[Exception], Problem],
    ) -> None:
        self._application = wsgi_application
        self._turns = turns
        self._body_terms = body_terms
        self._stall_s = stall_s
        self._problem_for = problem_for

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        environ = environ_of(scope)
        try:
            body, length_bytes = await self._body_of(environ, receive)
        except ClientGone:
            return
        except (BodyStalled, BodyTooLarge) as error:
            await self._refuse(error, environ, send, receive)
            return
        with body:
            environ["wsgi.input"] = body
            environ["CONTENT_LENGTH"] = str(length_bytes)
            await self._answer(environ, receive, send)

    async def _body_of(self, environ: Message, receive: Receive) -> tuple[BinaryIO, int]:
        """Raises what read_body raises; a GET that announces no body is not asked for one."""
        declared_bytes = int(environ.get("CONTENT_LENGTH") or 0)
        is_bare = not declared_bytes and "HTTP_TRANSFER_ENCODING" not in environ
        if is_bare and environ["REQUEST_METHOD"] in BODILESS:
            return io.BytesIO(), 0
        return await read_body(receive, self._body_terms, declared_bytes)

    async def _answer(self, environ: Message, receive: Receive, send: Send) -> None:
        """Have it answered in a thread; a long answer is sent from there."""
        left = partial(has_left, receive)
        loop = asyncio.get_running_loop()
        outflow = partial(Outflow, send, has_left=left, loop=loop, stall_s=self._stall_s)
        exchange = Exchange(self._application, environ, outflow, self._turns.stream)
        try:
            answer = await self._turns.do(tracing.carried(exchange.run), left)
        except ClientGone:
            return
        if answer:
            head, content = answer
            await send(head)
            await send({"type": "http.response.body", "body": content})

    async def _refuse(
        self, error: Exception, environ: Message, send: Send, receive: Receive
    ) -> None:
        """Answer a problem, and end the connection: the rest of the body will not be read."""
        request_id = request_ids.request_id_for(environ.get("HTTP_X_REQUEST_ID", ""))
        with request_ids.named(request_id, environ[KEY]):
            problem = self._problem_for(error)
        content = orjson.dumps(problem.as_json())
        headers = {
            **problem.headers,
            request_ids.HEADER: request_id,
            "Content-Type": "application/problem+json",
            "Content-Length": str(len(content)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Connection": "close",
        }
        await send(head_of(problem.status, list(headers.items())))
        await send({"type": "http.response.body", "body": content, "more_body": True})
        if isinstance(error, BodyTooLarge):
            await linger(receive)
        await send({"type": "http.response.body", "body": b""})


class Exchange:
    """One request and its answer; `run` is for the thread."""

    def __init__(
        self,
        application: Any,
        environ: Message,
        outflow: Callable[[], Outflow],
        begin_stream: Callable[[Work], None],
    ) -> None:
        self._application = application
        self._environ = environ
        self._outflow = outflow
        self._begin_stream = begin_stream
        self._head: Message = {}

    def run(self, work: Work) -> Answer | None:
        """Blocking.  The answer, or None if it was long and has been sent already."""
        result = self._application(self._environ, self._start_response)
        try:
            if not result.streaming or is_short(result):
                return self._head, b"".join(result)
            if self._environ["REQUEST_METHOD"] == "HEAD":
                return self._head, b""
            self._begin_stream(work)
            self._stream(result)
        finally:
            result.close()
        return None

    def _stream(self, chunks: Any) -> None:
        outflow = self._outflow()
        outflow.begin(self._head)
        try:
            for chunk in chunks:
                outflow.put(chunk)
        except BaseException:
            outflow.abandon()
            raise
        outflow.end()

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> None:
        self._head = head_of(int(status[:3]), headers)


def is_short(response: Any) -> bool:
    """Whether a streaming response says so itself: static files do."""
    declared = response.headers.get("Content-Length", "")
    return declared.isdigit() and int(declared) <= SMALL_ANSWER_BYTES


def head_of(status: int, headers: list[tuple[str, str]]) -> Message:
    encoded = [(raw_name(name), value.encode("latin1")) for name, value in headers]
    return {"type": "http.response.start", "status": status, "headers": encoded}


@lru_cache(maxsize=256)
def raw_name(name: str) -> bytes:
    """A header's name as ASGI wants it."""
    return name.lower().encode("latin1")


def has_left(receive: Receive) -> bool:
    """Whether the client closed the connection, without waiting for it to.

    To be asked once the body was read: what `receive` has at hand is dropped.  A task that waits
    for it beside every request would cost more than the hop into the thread.
    """
    while True:
        waiting = receive().__await__()
        try:
            next(waiting)
        except StopIteration as came:
            if came.value["type"] == "http.disconnect":
                return True
        else:
            return False
        finally:
            waiting.close()


async def linger(receive: Receive) -> None:
    """Drop what still comes: closing on a client that sends would make it lose the answer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            while (await receive()).get("more_body", False):
                pass


def environ_of(scope: Message) -> Message:
    """The WSGI environ (PEP 3333) of an ASGI `http` scope, all but the body.

    Bytes beyond ASCII in the query, which clients do send, are percent-encoded.  Headers with an
    underscore in their name are left out: WSGI could not tell them from those with a dash.
    """
    server = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    environ: Message = {
        **ENVIRON,
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": unquote_to_bytes(scope["raw_path"].partition(b"?")[0]).decode("latin1"),
        "QUERY_STRING": quote_from_bytes(scope["query_string"], ASCII_BYTES),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "wsgi.url_scheme": scope["scheme"],
        KEY: known_of(scope),
    }
    for name, raw_value in scope["headers"]:
        key, value = environ_key(name), raw_value.decode("latin1")
        if key in environ:
            # RFC 9110, section 5.2; cookies: RFC 6265, section 5.4.
            value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
        if key:
            environ[key] = value
    return environ


@lru_cache(maxsize=256)
def environ_key(raw_name: bytes) -> str:
    """The environ's name of a header; empty: it is not passed on."""
    name = raw_name.decode("latin1")
    if "_" in name:
        return ""
    return PLAIN_KEYS.get(name) or f"HTTP_{name.upper().replace('-', '_')}"
