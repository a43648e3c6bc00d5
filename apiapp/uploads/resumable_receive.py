"""Async: the ASGI app that speaks IETF's resumable uploads (draft-ietf-httpbis-resumable-upload-12).

What its fields mean: resumable.py; what requests do: appending.py.
"""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from apiapp.keys.callers import Caller
from apiapp.uploads import beginning, resumable, structured
from apiapp.uploads.admitting import uploading_caller
from apiapp.uploads.append_bodies import CUT
from apiapp.uploads.append_receiver import AppendReceiver
from apiapp.uploads.appending import Wanted
from apiapp.uploads.beginning import AnnouncedAppend
from apiapp.uploads.bodies import Lane, Receive
from apiapp.uploads.digests import BodyDigest
from apiapp.uploads.errors import (
    BodyMismatch,
    BodyTooLarge,
    ClientGone,
    LengthMismatch,
    NotVerified,
    OffsetMismatch,
    OtherDigest,
    UnknownUpload,
)
from apiapp.uploads.exchange import (
    Answer,
    Scope,
    Send,
    body_bytes,
    header,
    headers_besides,
    send_empty,
    send_json,
    send_problem,
)
from apiapp.uploads.exchange import field as field_of
from apiapp.uploads.interim import Interim
from apiapp.uploads.locations import absolute_url
from apiapp.uploads.models import Upload
from apiapp.uploads.resumable_errors import (
    ContradictedDigest,
    InconsistentUploadLength,
    MismatchedDigest,
    MismatchingUploadOffset,
)
from apiapp.uploads.resumable_names import filename_in
from apiapp.uploads.serializers import CompletedUpload

BRINGS_BYTES = ("POST", "PATCH")
INCOMPLETE = {"upload-complete": structured.of_boolean(False)}
VERSION = {"upload-draft-interop-version": str(resumable.INTEROP_VERSION)}
ACCEPTED = {"accept-patch": resumable.BODY_TYPE}
WANTED = {
    "want-repr-digest": resumable.WANTED_OF_FILES,
    "want-content-digest": resumable.WANTED_OF_BODIES,
}
TOO_LARGE, UNSUPPORTED_TYPE = 413, 415

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """An answer; without a body where that is None."""

    status: int
    headers: Headers = field(default_factory=dict)
    body: Answer | None = None


@dataclass(frozen=True, slots=True)
class Creation:
    """A POST."""

    announced: AnnouncedAppend
    wanted: Wanted


class ResumableReceiver(AppendReceiver):
    """/api/resumable/ and all uploads below it."""

    path = re.compile(r"/api/resumable(?:/([^/]+))?/?")
    of_collection = ("OPTIONS", "POST")
    of_upload = ("OPTIONS", "HEAD", "GET", "PATCH", "DELETE")

    @cached_property
    def _answers(self) -> dict[str, Callable[..., Awaitable[Told]]]:
        return {
            "OPTIONS": self._options,
            "POST": self._post,
            "HEAD": self._offset,
            "GET": self._offset,
            "PATCH": self._patch,
            "DELETE": self._delete,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            told = await self._answer(scope, receive)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - answered, and logged if it is a bug
            await self._refuse(scope, send, error)
            return
        headers = {**VERSION, **headers_besides(scope), **told.headers}
        if told.body is None:
            await send_empty(send, told.status, headers)
        else:
            await send_json(send, told.status, told.body, headers)

    async def _refuse(self, scope: Scope, send: Send, error: Exception) -> None:
        problem = self._problem_for(error)
        headers = {**VERSION, **headers_besides(scope), **problem.headers}
        if scope["method"] in BRINGS_BYTES:
            # All came and was refused: that would have been the answer to the whole file.
            has_ended = isinstance(error, NotVerified)
            headers["upload-complete"] = structured.of_boolean(has_ended)
        if problem.status == TOO_LARGE:
            headers["upload-limit"] = self._limits()
        if problem.status == UNSUPPORTED_TYPE and scope["method"] == "PATCH":
            headers |= ACCEPTED
        if scope["method"] == "HEAD":
            await send_empty(send, problem.status, headers)
        else:
            is_cut = isinstance(error, CUT)
            await send_problem(send, problem, ends_connection=is_cut, headers=headers)

    async def _answer(self, scope: Scope, receive: Receive) -> Told:
        """Raises WrongMethod, EncodedBody, and what the method raises."""
        method, file_id = self._asked(scope)
        return await self._answers[method](scope, receive, file_id)

    async def _options(self, scope: Scope, receive: Receive, file_id: str) -> Told:
        """What this server takes."""
        await self._count_stranger(scope)
        allowed = self._allowed(file_id)
        limits = {"upload-limit": self._limits(age_s=self._terms.limits.expires_s)}
        return Told(204, {"allow": ", ".join(allowed), **limits, **ACCEPTED, **WANTED})

    # --- creation

    async def _post(self, scope: Scope, receive: Receive, _file_id: str) -> Told:
        creation, uploads_url = creation_in(scope), absolute_url(scope, "api-resumable")

        def create() -> tuple[Caller, Upload]:
            caller = uploading_caller(scope)
            return caller, beginning.create(
                caller=caller, announced=creation.announced, terms=self._terms
            )

        caller, upload = await Lane(self._threads).run(create)
        interim = Interim(scope)
        headers = {
            "location": f"{uploads_url}{upload.file_id}/",
            "upload-limit": self._limits_of(upload),
        }
        headers_besides(scope).update(headers)  # told too if the body breaks off
        interim.tell(*resumable.SUPPORTED, {**VERSION, **headers})
        try:
            upload = await self._append(
                scope, receive, lambda: caller, upload.file_id, creation.wanted
            )
        except CUT:
            raise
        except Exception:
            if not interim.is_possible:  # nobody knows of it
                with suppress(UnknownUpload):
                    await Lane(self._threads).run(partial(self._remove, upload))
                headers_besides(scope).pop("location")
            raise
        if upload.state == Upload.State.RECEIVING:
            return Told(201, {**INCOMPLETE, **state_of(upload), **WANTED})
        return await self._completed(scope, upload)

    # --- what is appended

    async def _patch(self, scope: Scope, receive: Receive, file_id: str) -> Told:
        resumable.require_body_type(header(scope, b"content-type"))
        body = resumable.parse_body(
            complete=field_of(scope, b"upload-complete"),
            offset=field_of(scope, b"upload-offset"),
            length=field_of(scope, b"upload-length"),
            size_bytes=body_bytes(scope),
        )
        wanted = wanted_of(body, resumable.parse_body_digest(field_of(scope, b"content-digest")))
        md5, sha256 = resumable.parse_file_digests(field_of(scope, b"repr-digest"))
        wanted = replace(wanted, md5=md5, sha256=sha256)
        admit = partial(uploading_caller, scope)
        upload = await self._append(scope, receive, admit, file_id, wanted)
        if upload.state != Upload.State.RECEIVING:
            return await self._completed(scope, upload)
        limits = {"upload-limit": self._limits_of(upload)}
        return Told(204, {**INCOMPLETE, **state_of(upload), **limits})

    async def _append(
        self,
        scope: Scope,
        receive: Receive,
        admit: Callable[[], Caller],
        file_id: str,
        wanted: Wanted,
    ) -> Upload:
        """Raises what AppendBodies.append raises, as the draft has it told."""
        interim = Interim(scope)

        def tell(received_bytes: int) -> None:
            told = {**VERSION, "upload-offset": str(received_bytes)}
            interim.tell(*resumable.SUPPORTED, told)

        try:
            return await self._bodies.append(
                receive,
                admit=admit,
                file_id=file_id,
                wanted=wanted,
                connection=scope.get("connection"),
                tell=tell,
            )
        except OffsetMismatch as error:
            raise MismatchingUploadOffset(
                expected_offset=error.expected_bytes, provided_offset=error.got_bytes
            ) from error
        except LengthMismatch as error:
            raise InconsistentUploadLength from error
        except BodyTooLarge as error:
            await Lane(self._threads).run(partial(self._end_what_is_too_long, file_id, wanted))
            raise error
        except OtherDigest as error:
            raise ContradictedDigest(
                algorithm=error.algorithm,
                provided_digest=structured.of_bytes(bytes.fromhex(error.told)),
            ) from error
        except BodyMismatch as error:
            assert wanted.digest
            raise MismatchedDigest(
                algorithm=error.algorithm,
                header="Content-Digest",
                provided_digest=structured.of_bytes(wanted.digest.expected),
            ) from error

    def _end_what_is_too_long(self, file_id: str, wanted: Wanted) -> None:
        """Raises InconsistentUploadLength where more came than was told.

        If that was seen only when it came, the upload cannot be gone on with (section 4.4.2).
        """
        upload = Upload.objects.filter(pk=file_id).first()
        if upload is None or upload.size is None:
            return
        if wanted.body_bytes is None and upload.state == Upload.State.RECEIVING:
            self._remove(upload)
        raise InconsistentUploadLength

    async def _completed(self, scope: Scope, upload: Upload) -> Told:
        """What the creation would have answered, had all come with it."""
        body = await Lane(self._threads).run(lambda: dict(CompletedUpload(upload).data))
        headers = {"upload-limit": self._limits_of(upload), **state_of(upload)}
        status = 200 if upload.state == Upload.State.FINISHED else 202
        return Told(status, {**headers, **digest_of(scope, upload)}, body)

    # --- the rest

    async def _offset(self, scope: Scope, receive: Receive, file_id: str) -> Told:
        upload = await self._bodies.settled(
            Lane(self._threads), admit=partial(uploading_caller, scope), file_id=file_id
        )
        if upload.concat:
            raise UnknownUpload  # only tus knows of parts
        headers = {"upload-limit": self._limits_of(upload), **state_of(upload)}
        return Told(204, {**headers, **digest_of(scope, upload)})

    async def _delete(self, scope: Scope, receive: Receive, file_id: str) -> Told:
        await self._delete_upload(scope, file_id)
        return Told(204)

    def _limits(self, *, age_s: float | None = None) -> str:
        return resumable.limits(file_bytes=self._terms.limits.file_bytes, age_s=age_s)

    def _limits_of(self, upload: Upload) -> str:
        if upload.expires_at is None:
            return self._limits()
        age_s = (upload.expires_at - self._terms.clock()).total_seconds()
        return self._limits(age_s=age_s)


def creation_in(scope: Scope) -> Creation:
    """What a POST says.

    Raises BadHeader, InconsistentUploadLength, UnsupportedDigests, InvalidDigest.
    """
    body = resumable.parse_first_body(
        complete=field_of(scope, b"upload-complete"),
        length=field_of(scope, b"upload-length"),
        size_bytes=body_bytes(scope),
    )
    filename = filename_in(field_of(scope, b"content-disposition"))
    md5, sha256 = resumable.parse_file_digests(field_of(scope, b"repr-digest"))
    facts = {"filename": filename, "filetype": header(scope, b"content-type")}
    announced = AnnouncedAppend(
        protocol=Upload.Protocol.RESUMABLE,
        filename=filename,
        size=body.length_bytes,
        metadata=resumable.metadata(facts),
        md5=md5,
        sha256=sha256,
    )
    digest = resumable.parse_body_digest(field_of(scope, b"content-digest"))
    return Creation(announced, wanted_of(body, digest))


def wanted_of(body: resumable.Body, digest: BodyDigest | None) -> Wanted:
    return Wanted(
        offset_bytes=body.offset_bytes,
        length_bytes=body.length_bytes,
        body_bytes=body.size_bytes,
        digest=digest,
        ends=body.ends,
    )


def state_of(upload: Upload) -> Headers:
    """How far it is."""
    is_complete = upload.state != Upload.State.RECEIVING
    headers = {
        "upload-offset": str(upload.received),
        "upload-complete": structured.of_boolean(is_complete),
    }
    if upload.size is not None:
        headers["upload-length"] = str(upload.size)
    return headers


def digest_of(scope: Scope, upload: Upload) -> Headers:
    """Of the whole file, once it is known."""
    if not upload.sha256:
        return {}
    wanted = field_of(scope, b"want-repr-digest")
    digest = resumable.file_digest(md5=upload.md5, sha256=upload.sha256, wanted=wanted)
    return {"repr-digest": digest}
