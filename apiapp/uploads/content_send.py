"""Async: the ASGI app that sends finished files.

Each block is read in a thread once the client has taken the one before: a slow client costs a
block of memory and no thread, a long file no more than a short one.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from apiapp.uploads import content
from apiapp.uploads.admitting import uploading_caller, with_own_connection
from apiapp.uploads.bodies import Lane, Receive, Threads
from apiapp.uploads.content import Content
from apiapp.uploads.errors import ClientGone
from apiapp.uploads.exchange import Problem, Scope, Send, headers_besides, send_empty, send_problem
from apiapp.uploads.storage import FileStore

THREADS = 16
STALL_S = 60.0
PATH = re.compile(r"/api/uploads/([^/]+)/content/?")
METHODS = ("GET", "HEAD")


class ContentSender:
    """GET and HEAD of /api/uploads/{file_id}/content/.

    problem_for: how an error is answered; logs what is a bug.  stall_s: how long a client may take
    nothing of what it was sent.
    """

    def __init__(
        self,
        *,
        store: FileStore,
        problem_for: Callable[[Exception], Problem],
        stall_s: float = STALL_S,
        threads: int = THREADS,
    ) -> None:
        self._store = store
        self._problem_for = problem_for
        self._stall_s = stall_s
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="content")
        self._threads = Threads(self._pool, with_own_connection)
        self._readers = Threads(self._pool, lambda work: work())

    def close(self) -> None:
        """End the threads, once no request is under way."""
        self._pool.shutdown()

    def matches(self, scope: Scope) -> bool:
        """Whether the request is one for here."""
        is_http = scope["type"] == "http" and scope["method"] in METHODS
        return is_http and PATH.fullmatch(scope["path"]) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await Lane(self._threads).run(partial(self._open, scope))
        except Exception as error:  # noqa: BLE001 - answered, and logged if it is a bug
            await self._refuse(error, scope, send)
            return
        reader = Lane(self._readers)
        leaving = asyncio.ensure_future(until_left(receive))
        try:
            await self._send_all(answer, reader, scope, send, leaving)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - logged; the client sees an answer cut short
            self._problem_for(error)
        finally:
            leaving.cancel()
            await reader.settle()
            answer.close()

    def _open(self, scope: Scope) -> Content:
        found = PATH.fullmatch(scope["path"])
        assert found
        return content.open_answer(
            caller=uploading_caller(scope),
            file_id=found[1],
            method=scope["method"],
            asked=headers_in(scope),
            store=self._store,
        )

    async def _refuse(self, error: Exception, scope: Scope, send: Send) -> None:
        problem = self._problem_for(error)
        if scope["method"] == "HEAD":
            await send_empty(send, problem.status, problem.headers)
        else:
            await send_problem(send, problem, ends_connection=False)

    async def _send_all(
        self,
        answer: Content,
        reader: Lane,
        scope: Scope,
        send: Send,
        leaving: "asyncio.Future[None]",
    ) -> None:
        """Raises ClientGone, and what reading raises."""
        plan = answer.plan
        headers = headers_besides(scope) | plan.headers
        encoded = [
            (name.lower().encode(), text.encode("latin-1")) for name, text in headers.items()
        ]
        await self._in_time(
            send({"type": "http.response.start", "status": plan.status, "headers": encoded})
        )
        while plan.segments and (block := await reader.run(answer.read)):
            if leaving.done():
                raise ClientGone
            await self._in_time(
                send({"type": "http.response.body", "body": block, "more_body": True})
            )
        await self._in_time(send({"type": "http.response.body", "body": b""}))

    async def _in_time(self, sending: Awaitable[None]) -> None:
        """Raises ClientGone."""
        try:
            async with asyncio.timeout(self._stall_s):
                await sending
        except TimeoutError as error:
            raise ClientGone from error


async def until_left(receive: Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass  # of the request, which has no body that matters


def headers_in(scope: Scope) -> dict[str, str]:
    """Those of several lines as the list that they are (RFC 9110, section 5.3)."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
