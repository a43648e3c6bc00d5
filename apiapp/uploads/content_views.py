"""/api/uploads/{file_id}/content/, for servers of plain requests; content_send.py is ASGI's."""

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from apiapp.http.errors import PreconditionFailed
from apiapp.http.negotiation import OneForm
from apiapp.http.promises import refuses
from apiapp.http.views import ApiView
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of
from apiapp.uploads import configured, content
from apiapp.uploads.errors import (
    RangeNotSatisfiable,
    StoredFileMissing,
    StoreUnavailable,
    UploadNotFinished,
)


def condition(name: str, words: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=words)


CONDITIONS = [
    condition("Range", "`bytes=0-99`, `bytes=-100`, several of them; nonsense counts for nothing."),
    condition("If-Range", "An ETag: the range is wanted of this file alone, or else all of it."),
    condition("If-Match", "ETags: the file is wanted if it has one of them."),
    condition("If-None-Match", "ETags: the file is wanted if it has none of them."),
]


class UploadContent(ApiView):
    """GET: the bytes of a finished upload, as a download."""

    scope = scopes.UPLOADS
    is_received_elsewhere = True
    content_negotiation_class = OneForm  # whatever is accepted: the bytes are what they are

    @extend_schema(
        parameters=CONDITIONS,
        responses={
            (200, content.OCTETS): OpenApiTypes.BINARY,
            (206, content.OCTETS): OpenApiTypes.BINARY,
            (206, "multipart/byteranges"): OpenApiTypes.BINARY,
            304: OpenApiResponse(description="It is what the caller has."),
        },
        description="The ETag is strong, and stays for as long as the upload does. At most 16 "
        "ranges that do not overlap are sent by themselves; for others the answer is the file.",
    )
    @refuses(
        UploadNotFinished,
        StoredFileMissing,
        StoreUnavailable,
        PreconditionFailed,
        RangeNotSatisfiable,
    )
    def get(self, request: Request, file_id: str) -> HttpResponseBase:
        answer = content.open_answer(
            caller=caller_of(request),
            file_id=file_id,
            method=request.method or "",
            asked={name.lower(): value for name, value in request.headers.items()},
            store=configured.store(),
        )
        plan = answer.plan
        return StreamingHttpResponse(answer, status=plan.status, headers=plan.headers)
