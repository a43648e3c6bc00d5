"""/api/resumable/, as the OpenAPI document shows it; it is received by resumable_receive.py."""

from typing import Any, Never

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from apiapp.http.promises import bodiless, refuses
from apiapp.http.views import ApiView
from apiapp.keys import scopes
from apiapp.uploads import resumable
from apiapp.uploads.errors import (
    BadHeader,
    BodiesNotServedHere,
    DiskFull,
    FileTooLarge,
    NotReceiving,
    QuotaExceeded,
    StoredFileMissing,
    TakenOver,
    TooManyUploads,
    UnknownUpload,
    UploadGone,
    UploadLocked,
    WrongBodyType,
)
from apiapp.uploads.resumable_errors import (
    InconsistentUploadLength,
    InvalidDigest,
    MismatchedDigest,
    MismatchingUploadOffset,
    UnsupportedDigests,
)
from apiapp.uploads.serializers import CompletedUpload

TEXT = {"type": "string"}
NUMBER = {"type": "string", "pattern": "^[0-9]{1,15}$"}
BOOLEAN = {"type": "string", "enum": ["?0", "?1"]}
BYTES = {"application/octet-stream": OpenApiTypes.BINARY}
PATCHES = {(resumable.BODY_TYPE): OpenApiTypes.BINARY}
ANSWERS = {
    200: CompletedUpload,
    202: OpenApiResponse(CompletedUpload, description="The file has ended and is being verified."),
}


def request_header(
    name: str, words: str, schema: dict[str, Any], *, required: bool = False
) -> OpenApiParameter:
    return OpenApiParameter(
        name, schema, OpenApiParameter.HEADER, required=required, description=words
    )


COMPLETE = request_header(
    "Upload-Complete", "?1 if the file ends with this body, else ?0.", BOOLEAN, required=True
)
LENGTH = request_header(
    "Upload-Length", "Bytes of the whole file; what is no whole number is passed over.", TEXT
)
BODY_DIGEST = request_header(
    "Content-Digest", "Of this body: sha-512, sha-256 or md5 (RFC 9530).", TEXT
)
VERSION = request_header(
    "Upload-Draft-Interop-Version", "8, to be sent interim answers (104).", TEXT
)
REFUSALS = (
    BadHeader,
    InconsistentUploadLength,
    UnsupportedDigests,
    InvalidDigest,
    MismatchedDigest,
    FileTooLarge,
    QuotaExceeded,
    TakenOver,
    UploadLocked,
    UnknownUpload,
    UploadGone,
    StoredFileMissing,
    DiskFull,
    BodiesNotServedHere,
)


class ResumableList(ApiView):
    """POST: send a file, or begin to, by IETF's resumable uploads."""

    scope = scopes.UPLOADS
    is_received_elsewhere = True

    @extend_schema(
        parameters=[
            COMPLETE,
            LENGTH,
            request_header("Content-Disposition", 'The name: inline; filename="a.csv"', TEXT),
            request_header("Repr-Digest", "Of the whole file: sha-256 or md5 (RFC 9530).", TEXT),
            BODY_DIGEST,
            VERSION,
        ],
        request=BYTES,
        responses={
            **ANSWERS,
            201: OpenApiResponse(description="Location is where the rest of the bytes goes."),
        },
        description="draft-ietf-httpbis-resumable-upload-12, interop version 8. The body holds the "
        "whole file, its beginning, or nothing. OPTIONS tells the limits.",
    )
    @refuses(*REFUSALS, TooManyUploads)
    @bodiless
    def post(self, request: Request) -> Never:
        raise BodiesNotServedHere


class ResumableUpload(ApiView):
    """GET: how far an upload is.  PATCH: append to it.  DELETE: remove it, finished or not."""

    scope = scopes.UPLOADS
    is_received_elsewhere = True

    @extend_schema(
        responses={204: OpenApiResponse(description="Upload-Offset says where to go on.")},
        description="Upload-Offset, Upload-Complete, Upload-Length and Upload-Limit tell it; "
        "Repr-Digest does once the file is verified. HEAD tells the same.",
    )
    @refuses(UnknownUpload, UploadGone, BodiesNotServedHere)
    def get(self, request: Request, file_id: str) -> Never:
        raise BodiesNotServedHere

    @extend_schema(
        parameters=[
            request_header("Upload-Offset", "Where these bytes go.", NUMBER, required=True),
            COMPLETE,
            LENGTH,
            BODY_DIGEST,
            VERSION,
        ],
        request=PATCHES,
        responses={
            **ANSWERS,
            204: OpenApiResponse(description="Upload-Offset says where to go on."),
        },
        description="What came of a body that breaks off is kept, unless it has a Content-Digest.",
    )
    @refuses(*REFUSALS, MismatchingUploadOffset, NotReceiving, WrongBodyType)
    def patch(self, request: Request, file_id: str) -> Never:
        raise BodiesNotServedHere

    @extend_schema(responses={204: None})
    @refuses(UnknownUpload, UploadGone)
    def delete(self, request: Request, file_id: str) -> Never:
        raise BodiesNotServedHere
