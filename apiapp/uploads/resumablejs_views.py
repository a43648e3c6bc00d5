"""/api/uploads/resumablejs/: whether a chunk is here; resumablejs_receive.py takes the chunks."""

from typing import Any, Never

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http.errors import BadParameter
from apiapp.http.negotiation import OneForm
from apiapp.http.promises import refuses
from apiapp.http.views import ApiView
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of
from apiapp.uploads import identified
from apiapp.uploads.errors import (
    BadChecksum,
    BadForm,
    BodiesNotServedHere,
    DiskFull,
    FileTooLarge,
    IdentifierUsed,
    NoFile,
    NotReceiving,
    QuotaExceeded,
    StoredFileMissing,
    StoreUnavailable,
    TooManyChunks,
    TooManyFiles,
    TooManyUploads,
    WriterStopped,
    WrongChunkLength,
)
from apiapp.uploads.resumablejs import parse_chunk
from apiapp.uploads.serializers import IdentifiedChunk, IdentifiedUpload

NUMBER = {"type": "string", "pattern": "^[0-9]{1,15}$"}
TEXT = {"type": "string", "minLength": 1, "maxLength": 4096}


def told(name: str, words: str, schema: dict, *, required: bool = True) -> OpenApiParameter:
    words = f"{words} `flow{name}` of flow.js."
    return OpenApiParameter(f"resumable{name}", schema, required=required, description=words)


def hex_digits(count: int) -> dict:
    return {"type": "string", "pattern": f"^[0-9a-fA-F]{{{count}}}$"}


TOLD = [
    told("Identifier", "What the client calls the file.", TEXT),
    told("Filename", "Its name.", TEXT),
    told("RelativePath", "Its path in the folder that was chosen.", TEXT, required=False),
    told("TotalSize", "Bytes of the file.", NUMBER),
    told("ChunkSize", "Bytes of every chunk but the last.", NUMBER),
    told("TotalChunks", "How many there are.", NUMBER, required=False),
    told("ChunkNumber", "This one, from 1.", NUMBER),
    told("CurrentChunkSize", "Bytes of this one.", NUMBER, required=False),
    OpenApiParameter("md5", hex_digits(32), description="MD5 of the whole file."),
    OpenApiParameter("sha256", hex_digits(64), description="SHA-256 of the whole file."),
]


CHUNK_REFUSALS = (
    BadParameter, BadChecksum, BadForm, NoFile, TooManyFiles, WrongChunkLength, NotReceiving,
    WriterStopped, IdentifierUsed, StoredFileMissing, StoreUnavailable, FileTooLarge, TooManyChunks,
    TooManyUploads, QuotaExceeded, DiskFull, BodiesNotServedHere,
)  # fmt: skip
CHUNK: dict[str, Any] = {
    "parameters": TOLD,
    "request": {"application/octet-stream": OpenApiTypes.BINARY},
    "responses": IdentifiedChunk,
    "description": "The bytes as they are (`method: 'octet'`), or as `file` in a form, which may "
    "hold the parameters instead, before the file. Any order, in parallel, as often as needed. "
    "The chunk that comes last completes the upload.",
}


class ResumableJs(ApiView):
    """GET: whether a chunk is here.  POST: one chunk, by resumable.js or flow.js.  PUT: the same."""

    scope = scopes.UPLOADS
    is_received_elsewhere = True  # all but GET
    content_negotiation_class = OneForm

    @extend_schema(
        parameters=TOLD,
        responses={
            200: IdentifiedUpload,
            204: OpenApiResponse(description="It is not, and is to be sent."),
        },
        description="204 and not 404, which flow.js takes for the end of the upload.",
    )
    @refuses(BadParameter, BadChecksum)
    def get(self, request: Request) -> Response:
        chunk = parse_chunk(request.GET.dict())
        upload = identified.look_for(caller_of(request), chunk, now=timezone.now())
        if upload is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        headers = identified.headers_of(upload.file_id)
        if not identified.has_chunk(upload, chunk):
            return Response(status=status.HTTP_204_NO_CONTENT, headers=headers)
        return Response(identified.answer_of(upload), headers=headers)

    @extend_schema(**CHUNK)
    @refuses(*CHUNK_REFUSALS)
    def post(self, request: Request) -> Never:
        raise BodiesNotServedHere

    @extend_schema(**CHUNK)
    @refuses(*CHUNK_REFUSALS)
    def put(self, request: Request) -> Never:
        raise BodiesNotServedHere
