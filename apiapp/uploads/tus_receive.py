"""Async: the ASGI app that speaks tus 1.0.0 (headers: tus.py; what they do: appending.py)."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from weakref import WeakValueDictionary

from django.utils.http import http_date

from apiapp.keys.callers import Caller
from apiapp.uploads import beginning, tus
from apiapp.uploads.admitting import uploading_caller
from apiapp.uploads.append_bodies import CUT
from apiapp.uploads.append_receiver import AppendReceiver
from apiapp.uploads.appending import Wanted
from apiapp.uploads.beginning import AnnouncedAppend
from apiapp.uploads.bodies import Lane, Receive
from apiapp.uploads.digests import BODY_DIGESTS
from apiapp.uploads.errors import (
    BadHeader,
    BodyTooLarge,
    ClientGone,
    NotAppendable,
    WrongBodyType,
)
from apiapp.uploads.exchange import (
    Scope,
    Send,
    body_bytes,
    header,
    headers_besides,
    send_empty,
    send_problem,
)
from apiapp.uploads.locations import absolute_url
from apiapp.uploads.models import Upload

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Creation:
    """A POST.  has_body: the first bytes of the file come with it."""

    announced: AnnouncedAppend
    concat: tus.Concat
    wanted: Wanted
    has_body: bool


class TusReceiver(AppendReceiver):
    """/api/tus/ and all uploads below it."""

    path = re.compile(r"/api/tus(?:/([^/]+))?/?")
    of_collection = ("OPTIONS", "POST")
    of_upload = ("OPTIONS", "HEAD", "PATCH", "DELETE")

    @cached_property
    def _answers(self) -> dict[str, Callable[..., Awaitable[tuple[int, Headers]]]]:
        return {
            "OPTIONS": self._options,
            "POST": self._post,
            "HEAD": self._head,
            "PATCH": self._patch,
            "DELETE": self._delete,
        }

    @cached_property
    def _in_turn(self) -> WeakValueDictionary[str, asyncio.Lock]:
        """Of each caller who is beginning parts."""
        return WeakValueDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = header(scope, b"x-http-method-override") or scope["method"]
        scope = {**scope, "method": method}
        told: Headers = {"tus-resumable": tus.VERSION}
        try:
            status, headers = await self._answer(scope, receive)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - answered, and logged if it is a bug
            problem = self._problem_for(error)
            told |= problem.headers
            if method == "HEAD":
                await send_empty(send, problem.status, told)
            else:
                is_cut = isinstance(error, CUT)
                await send_problem(send, problem, ends_connection=is_cut, headers=told)
        else:
            await send_empty(send, status, {**told, **headers_besides(scope), **headers})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, Headers]:
        """Raises WrongMethod, WrongTusVersion, EncodedBody, and what the method raises."""
        if scope["method"] != "OPTIONS":
            tus.require_version(header(scope, b"tus-resumable"))
        method, file_id = self._asked(scope)
        return await self._answers[method](scope, receive, file_id)

    async def _options(self, scope: Scope, receive: Receive, file_id: str) -> tuple[int, Headers]:
        """What this server can do."""
        await self._count_stranger(scope)
        return 204, {
            "tus-version": tus.VERSION,
            "tus-extension": ",".join(tus.EXTENSIONS),
            "tus-max-size": str(self._terms.limits.file_bytes),
            "tus-checksum-algorithm": ",".join(BODY_DIGESTS),
            "allow": ", ".join(self._allowed(file_id)),
        }

    async def _post(self, scope: Scope, receive: Receive, _file_id: str) -> tuple[int, Headers]:
        creation, uploads_url = creation_in(scope), absolute_url(scope, "api-tus")
        caller, upload = await self._create(scope, creation)
        headers = {"location": f"{uploads_url}{upload.file_id}/"}
        if creation.has_body:
            upload = await self._first_bytes(scope, receive, caller, upload, creation.wanted)
            headers["upload-offset"] = str(upload.received)
        return 201, headers | expiry_of(upload)

    async def _create(self, scope: Scope, creation: Creation) -> tuple[Caller, Upload]:
        def create() -> tuple[Caller, Upload]:
            caller = uploading_caller(scope)
            return caller, beginning.create(
                caller=caller, announced=creation.announced, terms=self._terms
            )

        if not creation.concat.is_partial:
            return await Lane(self._threads).run(create)
        # The parts of one file lie in it as they were begun, so they have to be begun in turn.
        who = header(scope, b"authorization") or header(scope, b"cookie")
        in_turn = self._in_turn.setdefault(who, asyncio.Lock())
        async with in_turn:
            return await Lane(self._threads).run(create)

    async def _first_bytes(
        self, scope: Scope, receive: Receive, caller: Caller, upload: Upload, wanted: Wanted
    ) -> Upload:
        """What comes with the creation; if that is refused, nothing was created."""
        try:
            return await self._bodies.append(
                receive,
                admit=lambda: caller,
                file_id=upload.file_id,
                wanted=wanted,
                connection=scope.get("connection"),
            )
        except CUT:
            raise
        except Exception:
            await Lane(self._threads).run(partial(self._remove, upload))
            raise

    async def _head(self, scope: Scope, receive: Receive, file_id: str) -> tuple[int, Headers]:
        upload = await self._bodies.settled(
            Lane(self._threads), admit=partial(uploading_caller, scope), file_id=file_id
        )
        return 200, state_of(upload) | expiry_of(upload)

    async def _patch(self, scope: Scope, receive: Receive, file_id: str) -> tuple[int, Headers]:
        tus.require_body_type(header(scope, b"content-type"))
        length = header(scope, b"upload-length")
        wanted = Wanted(
            offset_bytes=tus.parse_number("Upload-Offset", header(scope, b"upload-offset")),
            length_bytes=tus.parse_number("Upload-Length", length) if length else None,
            body_bytes=body_bytes(scope),
            digest=tus.parse_checksum(header(scope, b"upload-checksum")),
        )
        upload = await self._bodies.append(
            receive,
            admit=partial(uploading_caller, scope),
            file_id=file_id,
            wanted=wanted,
            connection=scope.get("connection"),
        )
        return 204, {"upload-offset": str(upload.received)} | expiry_of(upload)

    async def _delete(self, scope: Scope, receive: Receive, file_id: str) -> tuple[int, Headers]:
        await self._delete_upload(scope, file_id)
        return 204, {}


def creation_in(scope: Scope) -> Creation:
    """What a POST says.  Raises BadHeader, BadChecksum, BodyTooLarge, WrongBodyType, NotAppendable."""
    concat = tus.parse_concat(header(scope, b"upload-concat"))
    length = length_in(scope, concat)
    metadata = header(scope, b"upload-metadata")
    told = tus.parse_metadata(metadata)
    md5, sha256 = tus.digests_in(told)
    announced = AnnouncedAppend(
        protocol=Upload.Protocol.TUS,
        filename=tus.filename_in(told),
        size=length,
        metadata=metadata,
        concat=concat.text,
        part_ids=concat.part_ids,
        md5=md5,
        sha256=sha256,
    )
    size_bytes, has_body = body_bytes(scope), tus.is_body_type(header(scope, b"content-type"))
    if size_bytes != 0 and not has_body:
        raise WrongBodyType(wanted=tus.BODY_TYPE)
    if size_bytes != 0 and concat.is_final:
        raise NotAppendable
    if length is not None and (size_bytes or 0) > length:
        raise BodyTooLarge(limit_bytes=length)
    digest = tus.parse_checksum(header(scope, b"upload-checksum"))
    wanted = Wanted(offset_bytes=0, body_bytes=size_bytes, digest=digest)
    return Creation(announced, concat, wanted, has_body and not concat.is_final)


def length_in(scope: Scope, concat: tus.Concat) -> int | None:
    """Raises BadHeader."""
    length = header(scope, b"upload-length")
    defer_length = header(scope, b"upload-defer-length")
    if not concat.is_final:
        return tus.parse_length(length, defer_length)
    if length or defer_length:
        raise BadHeader("a final upload is as long as its parts: send no length with it")
    return None


def expiry_of(upload: Upload) -> Headers:
    if upload.state != Upload.State.RECEIVING or upload.expires_at is None:
        return {}
    return {"upload-expires": date_at(int(upload.expires_at.timestamp()))}


@lru_cache(maxsize=64)
def date_at(epoch_s: int) -> str:
    """As HTTP writes it; requests that come close together are told the same second."""
    return http_date(epoch_s)


def state_of(upload: Upload) -> Headers:
    """What HEAD tells."""
    headers = {}
    if not upload.is_final or upload.state == Upload.State.FINISHED:
        headers["upload-offset"] = str(upload.received)
    if upload.size is not None:
        headers["upload-length"] = str(upload.size)
    elif not upload.is_final:
        headers["upload-defer-length"] = "1"
    if upload.metadata:
        headers["upload-metadata"] = upload.metadata
    if upload.concat:
        headers["upload-concat"] = upload.concat
    return headers
