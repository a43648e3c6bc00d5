"""Async: the ASGI app that takes upload bodies, straight from the socket to their file.

Django would spool each body to a file of its own first, or hold it in memory.  Everything that
blocks (database, disk, checksums) is done in threads.
"""

import re
from collections.abc import Awaitable, Callable
from functools import cached_property, partial

from apiapp.http.errors import require_plain
from apiapp.keys.callers import Caller
from apiapp.uploads import arriving, keeping, services
from apiapp.uploads.admitting import uploading_caller
from apiapp.uploads.arriving import ArrivingChunk, ArrivingFile
from apiapp.uploads.bodies import Intake, Receive
from apiapp.uploads.body_receiver import BodyReceiver
from apiapp.uploads.errors import ClientGone
from apiapp.uploads.exchange import (
    Answer,
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
from apiapp.uploads.form_bodies import early_caller, is_cut_short, take_form
from apiapp.uploads.multipart import FORM_BYTES, FileBegins, FormReader
from apiapp.uploads.services import MAX_CHUNK_BYTES

CHUNK_REQUEST_BYTES = MAX_CHUNK_BYTES + FORM_BYTES


class UploadReceiver(BodyReceiver):
    """PUT and POST of chunks, POST of whole files."""

    @cached_property
    def _routes(self) -> list[tuple[str, re.Pattern[str], Callable[..., Awaitable[Answer]]]]:
        return [
            ("PUT", re.compile(r"/api/uploads/([^/]+)/chunks/([^/]+)/?"), self._put_chunk),
            ("POST", re.compile(r"/api/uploads/([^/]+)/chunks/?"), self._post_chunk),
            ("POST", re.compile(r"/api/upload/?"), self._post_file),
        ]

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
