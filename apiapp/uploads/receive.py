"""Async: the ASGI app that takes upload bodies, straight from the socket to their file.

Django would spool each body to a file of its own first, or hold it in memory.  Everything that
blocks (database, disk, checksums) is done in threads.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from django.db import close_old_connections

from apiapp.http.errors import require_plain
from apiapp.keys import rate_limits, scopes
from apiapp.keys.asgi_callers import caller_from_scope, require_scope
from apiapp.keys.callers import Caller
from apiapp.uploads import arriving, keeping, services
from apiapp.uploads.arriving import ArrivingChunk, ArrivingFile, Terms
from apiapp.uploads.bodies import Intake, Opened, Receive, Threads, body_pieces
from apiapp.uploads.errors import (
    BodyStalled,
    BodyTooLarge,
    ClientGone,
    NoFile,
    TooManyFiles,
)
from apiapp.uploads.exchange import (
    Answer,
    Problem,
    Scope,
    Send,
    content_length,
    header,
    headers_besides,
    md5_of_request,
    require_length,
    send_json,
    send_problem,
)
from apiapp.uploads.multipart import FORM_BYTES, FileBegins, FormReader
from apiapp.uploads.services import MAX_CHUNK_BYTES

THREADS = 16
IDLE_S = 60.0
CHUNK_REQUEST_BYTES = MAX_CHUNK_BYTES + FORM_BYTES
TOKEN_FIELD = "csrfmiddlewaretoken"  # nosec B105 # a name of a field

Result = TypeVar("Result")
OpenFile = Callable[[Caller, FileBegins], Opened]


class UploadReceiver:
    """PUT and POST of chunks, POST of whole files.

    problem_for: how an error is answered; logs what is a bug.  idle_s: how long a client may send
    nothing.
    """

    def __init__(
        self,
        *,
        terms: Terms,
        problem_for: Callable[[Exception], Problem],
        idle_s: float = IDLE_S,
        threads: int = THREADS,
    ) -> None:
        self._terms = terms
        self._problem_for = problem_for
        self._idle_s = idle_s
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="uploads")
        self._threads = Threads(self._pool, with_own_connection)
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Awaitable[Answer]]]] = [
            ("PUT", re.compile(r"/api/uploads/([^/]+)/chunks/([^/]+)/?"), self._put_chunk),
            ("POST", re.compile(r"/api/uploads/([^/]+)/chunks/?"), self._post_chunk),
            ("POST", re.compile(r"/api/upload/?"), self._post_file),
        ]

    def close(self) -> None:
        """End the threads, once no request is under way."""
        self._pool.shutdown()

    def matches(self, scope: Scope) -> bool:
        """Whether the request is one for here."""
        return scope["type"] == "http" and self._route(scope) is not None

    def _route(self, scope: Scope) -> Callable[[Receive], Awaitable[Answer]] | None:
        for method, pattern, answer in self._routes:
            found = pattern.fullmatch(scope["path"])
            if found and scope["method"] == method:
                return partial(answer, scope, *found.groups())
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._route(scope)
        assert route
        try:
            require_plain(header(scope, b"content-encoding"))
            answer = await route(receive)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - answered, and logged if it is a bug
            await send_problem(send, self._problem_for(error), ends_connection=is_cut_short(error))
        else:
            await send_json(send, 200, answer, headers_besides(scope))

    async def _put_chunk(self, scope: Scope, file_id: str, index: str, receive: Receive) -> Answer:
        def begin() -> ArrivingChunk:
            return arriving.open_chunk(
                caller=uploading_caller(scope),
                file_id=file_id,
                index=index,
                declared_bytes=content_length(scope),
                terms=self._terms,
            )

        async with Intake(self._threads) as intake:
            chunk = await intake.open(begin)
            md5 = md5_of_request(scope)
            async for piece in self._pieces(receive, limit_bytes=CHUNK_REQUEST_BYTES):
                await intake.add(piece)
            rest = intake.take_rest()
            return await intake.lane.run(partial(keeping.keep_chunk, chunk, rest, md5))

    async def _post_chunk(self, scope: Scope, file_id: str, receive: Receive) -> Answer:
        def admit() -> Caller:
            caller = uploading_caller(scope)
            services.get_upload(caller, file_id)
            return caller

        def begin(caller: Caller, file: FileBegins) -> ArrivingChunk:
            if "index" not in file.fields:
                return arriving.open_unplaced(caller=caller, file_id=file_id, terms=self._terms)
            return arriving.open_chunk(
                caller=caller,
                file_id=file_id,
                index=file.fields["index"],
                declared_bytes=None,
                terms=self._terms,
            )

        async with Intake(self._threads) as intake:
            caller = await early_caller(scope, intake, admit)
            form = FormReader(header(scope, b"content-type"), file_field="chunk")
            require_length(scope, CHUNK_REQUEST_BYTES)
            pieces = self._pieces(receive, limit_bytes=CHUNK_REQUEST_BYTES)
            caller, chunk = await take_form(caller, scope, pieces, form, intake, begin)
            keep = partial(keeping.keep_form_chunk, caller, chunk, intake.take_rest(), form.fields)
            return await intake.lane.run(keep)

    async def _post_file(self, scope: Scope, receive: Receive) -> Answer:
        limit_bytes = self._terms.limits.file_bytes + FORM_BYTES
        declared_bytes = max(0, (content_length(scope) or 0) - FORM_BYTES)

        def begin(caller: Caller, file: FileBegins) -> ArrivingFile:
            return arriving.open_file(
                owner=caller.user,
                filename=file.filename,
                declared_bytes=declared_bytes,
                terms=self._terms,
            )

        async with Intake(self._threads) as intake:
            caller = await early_caller(scope, intake, partial(uploading_caller, scope))
            form = FormReader(header(scope, b"content-type"), file_field="file")
            require_length(scope, limit_bytes)
            pieces = self._pieces(receive, limit_bytes=limit_bytes)
            caller, file = await take_form(caller, scope, pieces, form, intake, begin)
            keep = partial(keeping.keep_file, caller, scope, file, intake.take_rest())
            return await intake.lane.run(keep)

    def _pieces(self, receive: Receive, *, limit_bytes: int) -> AsyncIterator[bytes]:
        return body_pieces(receive, idle_s=self._idle_s, limit_bytes=limit_bytes)


async def take_form(
    caller: Caller | None,
    scope: Scope,
    pieces: AsyncIterator[bytes],
    form: FormReader,
    intake: Intake,
    begin: OpenFile[Opened],
) -> tuple[Caller, Opened]:
    """Read a whole form, its file through `intake` to what `begin` opens.

    Who is not known yet becomes known before a byte of the file is stored.  Raises NoFile,
    TooManyFiles, BadForm, and what `begin` raises.
    """
    opened = None
    async for piece in pieces:
        for event in form.feed(piece):
            if not isinstance(event, FileBegins):
                await intake.add(event)
                continue
            if opened:
                raise TooManyFiles(field=form.file_field)
            caller = caller or await late_caller(scope, event.fields, intake)
            opened = await intake.open(partial(begin, caller, event))
    form.end()
    caller = caller or await late_caller(scope, form.fields, intake)
    if opened is None:
        raise NoFile(field=form.file_field)
    return caller, opened


async def early_caller(scope: Scope, intake: Intake, admit: Callable[[], Caller]) -> Caller | None:
    """The caller, before the body is read; None: the form may bring the token of a session."""
    shown = header(scope, b"authorization") or header(scope, b"x-csrftoken")
    if header(scope, b"cookie") and not shown:
        return None
    return await intake.lane.run(admit)


async def late_caller(scope: Scope, fields: dict[str, str], intake: Intake) -> Caller:
    """The caller by session, with the token that came as a field."""
    token = fields.get(TOKEN_FIELD)
    return await intake.lane.run(partial(uploading_caller, scope, token))


def uploading_caller(scope: Scope, csrf_token: str | None = None) -> Caller:
    """The caller, who may upload.

    Raises what caller_from_scope and require_scope raise, and TooManyRequests: also for one who
    is not known, as guessing has a limit.
    """
    caller = None
    try:
        caller = caller_from_scope(scope, csrf_token=csrf_token)
    finally:
        address = (scope.get("client") or ("", 0))[0]
        told = rate_limits.count(caller=caller, remote_address=address, policy=None, is_safe=False)
        headers_besides(scope).update(told)
    require_scope(caller, scopes.UPLOADS)
    return caller


def with_own_connection(work: Callable[[], Result]) -> Result:
    """Do `work` in a thread of the pool, and leave its connection as the settings want it left."""
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()


def is_cut_short(error: Exception) -> bool:
    """Whether the rest of the body is not to be waited for."""
    return isinstance(error, BodyStalled | BodyTooLarge)
