"""Async: the ASGI app that takes the chunks of resumable.js and flow.js (see resumablejs.py)."""

import re
from functools import partial
from urllib.parse import parse_qsl

from apiapp.http.errors import BadParameter, require_plain
from apiapp.keys.callers import Caller
from apiapp.uploads import identified, resumablejs
from apiapp.uploads.admitting import uploading_caller
from apiapp.uploads.arriving import ArrivingChunk
from apiapp.uploads.bodies import Intake, Receive
from apiapp.uploads.body_receiver import BodyReceiver
from apiapp.uploads.errors import BadForm, ClientGone
from apiapp.uploads.exchange import (
    Answer,
    Scope,
    Send,
    content_length,
    header,
    headers_besides,
    require_length,
    send_json,
    send_problem,
)
from apiapp.uploads.form_bodies import early_caller, is_cut_short, take_form
from apiapp.uploads.identified import RepeatedChunk
from apiapp.uploads.multipart import FORM_BYTES, FileBegins, FormReader

PATH = re.compile(r"/api/uploads/resumablejs/?")
METHODS = ("POST", "PUT")
FORM = "multipart/form-data"
QUERY_FIELDS = 100

Opened = ArrivingChunk | RepeatedChunk


class ResumableJsReceiver(BodyReceiver):
    """POST (or PUT) of a chunk, as a form or, with `method: "octet"`, as it is."""

    @property
    def _limit_bytes(self) -> int:
        return self._terms.limits.file_bytes + FORM_BYTES

    def matches(self, scope: Scope) -> bool:
        """Whether the request is one for here."""
        is_http = scope["type"] == "http" and scope["method"] in METHODS
        return is_http and PATH.fullmatch(scope["path"]) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            require_plain(header(scope, b"content-encoding"))
            require_length(scope, self._limit_bytes)
            is_form = header(scope, b"content-type").lower().startswith(FORM)
            answer = await (self._take_form if is_form else self._take_bytes)(scope, receive)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - answered, and logged if it is a bug
            await send_problem(send, self._problem_for(error), ends_connection=is_cut_short(error))
        else:
            told = identified.headers_of(answer["file_id"])
            await send_json(send, 200, answer, headers_besides(scope) | told)

    async def _take_bytes(self, scope: Scope, receive: Receive) -> Answer:
        def begin() -> Opened:
            return identified.open_chunk(
                caller=uploading_caller(scope),
                told=resumablejs.parse_chunk(query_of(scope)),
                declared_bytes=content_length(scope),
                terms=self._terms,
            )

        async with Intake(self._threads) as intake:
            chunk = await intake.open(begin)
            async for piece in self._pieces(receive, limit_bytes=self._limit_bytes):
                await intake.add(piece)
            return await intake.lane.run(partial(identified.keep_chunk, chunk, intake.take_rest()))

    async def _take_form(self, scope: Scope, receive: Receive) -> Answer:
        def begin(caller: Caller, file: FileBegins) -> Opened:
            if not file.filename:
                raise BadForm("the chunk has to be sent as a file: chunkFormat 'blob'")
            return identified.open_chunk(
                caller=caller,
                told=resumablejs.parse_chunk(query_of(scope) | file.fields),
                declared_bytes=None,
                terms=self._terms,
            )

        async with Intake(self._threads) as intake:
            caller = await early_caller(scope, intake, partial(uploading_caller, scope))
            form = FormReader(header(scope, b"content-type"), file_field=resumablejs.FILE_FIELD)
            pieces = self._pieces(receive, limit_bytes=self._limit_bytes)
            _, chunk = await take_form(caller, scope, pieces, form, intake, begin)
            return await intake.lane.run(partial(identified.keep_chunk, chunk, intake.take_rest()))


def query_of(scope: Scope) -> dict[str, str]:
    """Of repeated names the last counts.  Raises BadParameter."""
    try:
        return dict(
            parse_qsl(
                scope["query_string"].decode("utf-8", "replace"),
                keep_blank_values=True,
                max_num_fields=QUERY_FIELDS,
            )
        )
    except ValueError as error:
        reason = f"it has more than {QUERY_FIELDS} parameters"
        raise BadParameter(parameter="query", reason=reason) from error
