"""/api/tus/, as the OpenAPI document shows it; it is received by tus_receive.py."""

from typing import Any, Never

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from apiapp.http.promises import refuses
from apiapp.http.views import ApiView
from apiapp.keys import scopes
from apiapp.uploads import tus
from apiapp.uploads.errors import (
    BadChecksum,
    BadHeader,
    BadParts,
    BodiesNotServedHere,
    BodyMismatch,
    BodyTooLarge,
    DiskFull,
    FileTooLarge,
    LengthMismatch,
    NotAppendable,
    NotReceiving,
    OffsetMismatch,
    QuotaExceeded,
    StoredFileMissing,
    TakenOver,
    TooManyUploads,
    UnknownUpload,
    UploadGone,
    UploadLocked,
    WrongBodyType,
    WrongTusVersion,
)

DIGITS = {"type": "string", "pattern": "^[0-9]{1,18}$"}
BYTES = {(tus.BODY_TYPE): OpenApiTypes.BINARY}
VERSION = {"type": "string", "enum": [tus.VERSION]}


def request_header(
    name: str, words: str, schema: dict[str, Any], *, required: bool = False
) -> OpenApiParameter:
    return OpenApiParameter(
        name, schema, OpenApiParameter.HEADER, required=required, description=words
    )


TUS = request_header("Tus-Resumable", "The version of the protocol.", VERSION, required=True)
CHECKSUM = request_header(
    "Upload-Checksum",
    "An algorithm (sha1, sha256, md5, crc32) and the digest of this body in base64.",
    {"type": "string"},
)
REFUSALS = (
    WrongTusVersion,
    WrongBodyType,
    BadHeader,
    BodyMismatch,
    BodyTooLarge,
    FileTooLarge,
    QuotaExceeded,
    NotAppendable,
    NotReceiving,
    TakenOver,
    UploadLocked,
    UnknownUpload,
    UploadGone,
    StoredFileMissing,
    DiskFull,
    BodiesNotServedHere,
)


class TusList(ApiView):
    """POST: begin an upload by tus 1.0.0."""

    scope = scopes.UPLOADS
    is_received_elsewhere = True

    @extend_schema(
        parameters=[
            TUS,
            request_header("Upload-Length", "Bytes; or Upload-Defer-Length.", DIGITS),
            request_header("Upload-Defer-Length", "1: the length comes later.", {"type": "string"}),
            request_header(
                "Upload-Metadata",
                "Keys with base64 of their values. filename, md5 and sha256 (hexadecimal, of the "
                "whole file) are heeded.",
                {"type": "string"},
            ),
            request_header(
                "Upload-Concat", "partial, or final; and URLs of parts.", {"type": "string"}
            ),
            CHECKSUM,
        ],
        request=None,
        responses={201: OpenApiResponse(description="Location is where the bytes go.")},
        description="tus 1.0.0 with creation, creation-with-upload, creation-defer-length, "
        "expiration, checksum, termination and concatenation; OPTIONS tells the same. The body "
        "may hold the first bytes.",
    )
    @refuses(*REFUSALS, BadChecksum, BadParts, TooManyUploads)
    def post(self, request: Request) -> Never:
        raise BodiesNotServedHere


class TusUpload(ApiView):
    """PATCH: append to an upload.  DELETE: remove it, finished or not."""

    scope = scopes.UPLOADS
    is_received_elsewhere = True

    @extend_schema(
        parameters=[
            TUS,
            request_header("Upload-Offset", "Where these bytes go.", DIGITS, required=True),
            request_header("Upload-Length", "If it was to come later.", DIGITS),
            CHECKSUM,
        ],
        request=BYTES,
        responses={204: OpenApiResponse(description="Upload-Offset says where to go on.")},
        description="HEAD tells in Upload-Offset where to go on. What came of a body that breaks "
        "off is kept, unless it has an Upload-Checksum.",
    )
    @refuses(*REFUSALS, OffsetMismatch, LengthMismatch)
    def patch(self, request: Request, file_id: str) -> Never:
        raise BodiesNotServedHere

    @extend_schema(parameters=[TUS], responses={204: None})
    @refuses(WrongTusVersion, UnknownUpload, UploadGone)
    def delete(self, request: Request, file_id: str) -> Never:
        raise BodiesNotServedHere
