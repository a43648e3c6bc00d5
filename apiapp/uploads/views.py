"""/api/uploads/: everything about uploads but the bytes themselves, which receive.py takes."""

from typing import Never

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from apiapp.http.promises import refuses, replayable
from apiapp.http.views import ApiView
from apiapp.idempotency.decorators import idempotent
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of
from apiapp.pagination import KeysetPagination
from apiapp.uploads import configured, services
from apiapp.uploads.errors import (
    BadChecksum,
    BadChunkIndex,
    BadForm,
    BodiesNotServedHere,
    BytesMissing,
    ChecksumMismatch,
    ChunksMissing,
    DiskFull,
    EmptyFile,
    FileTooLarge,
    NoFile,
    NotAForm,
    NotReceiving,
    QuotaExceeded,
    StoreUnavailable,
    TooManyChunks,
    TooManyFiles,
    TooManyUploads,
    WriterStopped,
    WrongChunkLength,
    WrongTotalChunks,
)
from apiapp.uploads.models import Upload
from apiapp.uploads.serializers import (
    ChunkForm,
    CompletedUpload,
    Completion,
    FileForm,
    NewUpload,
    StoredChunk,
    StoredFile,
    UploadDetail,
    UploadSummary,
)

CHUNK_MD5 = [
    OpenApiParameter("md5", str, description="MD5 of the chunk in hexadecimal."),
    OpenApiParameter(
        "Content-MD5", str, OpenApiParameter.HEADER, description="The same in base64 (RFC 1864)."
    ),
]


CHUNK_REFUSALS = (
    NotReceiving,
    WriterStopped,
    BadChunkIndex,
    WrongChunkLength,
    BadChecksum,
    ChecksumMismatch,
    QuotaExceeded,
    DiskFull,
    BodiesNotServedHere,
)
FILE_REFUSALS = (
    EmptyFile,
    FileTooLarge,
    TooManyUploads,
    QuotaExceeded,
    DiskFull,
    StoreUnavailable,
    BodiesNotServedHere,
)
FORM_REFUSALS = (NotAForm, BadForm, NoFile, TooManyFiles)


class UploadPages(KeysetPagination):
    ordering = "-created_at"


class UploadList(ApiView, generics.ListAPIView[Upload]):
    """GET: the caller's uploads, newest first.  POST: begin one in chunks."""

    scope = scopes.UPLOADS
    serializer_class = UploadSummary
    pagination_class = UploadPages

    def get_queryset(self) -> QuerySet[Upload]:
        return services.uploads_of(caller_of(self.request)).select_related("owner")

    @extend_schema(request=NewUpload, responses={201: UploadDetail})
    @refuses(FileTooLarge, TooManyChunks, TooManyUploads, QuotaExceeded, DiskFull)
    @idempotent()
    def post(self, request: Request) -> Response:
        wanted = NewUpload(data=request.data)
        wanted.is_valid(raise_exception=True)
        upload = services.create(
            owner=caller_of(request).user,
            announced=services.AnnouncedFile(**wanted.validated_data),
            limits=configured.limits(),
            store=configured.store(),
            now=timezone.now(),
        )
        location = reverse("api-upload", args=[upload.file_id], request=request)
        return Response(
            UploadDetail(upload).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": location},
        )


class UploadView(ApiView):
    """GET: how far an upload is.  DELETE: remove it, finished or not."""

    scope = scopes.UPLOADS

    @extend_schema(responses=UploadDetail)
    def get(self, request: Request, file_id: str) -> Response:
        return Response(UploadDetail(services.get_upload(caller_of(request), file_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, file_id: str) -> Response:
        services.delete(
            caller=caller_of(request),
            file_id=file_id,
            store=configured.store(),
            now=timezone.now(),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class UploadCompletion(ApiView):
    """POST: all chunks were sent; have the file put together and verified."""

    scope = scopes.UPLOADS

    @extend_schema(
        request=Completion,
        responses={202: CompletedUpload, 200: CompletedUpload},
        description="202 with the job that verifies the file; asked again, with the same job. "
        "200 if the upload is finished already. 409 `chunks-missing` names what is missing.",
    )
    @refuses(WrongTotalChunks, ChunksMissing, BytesMissing, ChecksumMismatch)
    @idempotent()
    def post(self, request: Request, file_id: str) -> Response:
        wanted = Completion(data=request.data)
        wanted.is_valid(raise_exception=True)
        upload = services.complete(
            caller=caller_of(request),
            file_id=file_id,
            now=timezone.now(),
            **wanted.validated_data,
        )
        is_finished = upload.state == Upload.State.FINISHED
        return Response(
            CompletedUpload(upload).data,
            status=status.HTTP_200_OK if is_finished else status.HTTP_202_ACCEPTED,
        )


class ChunkList(ApiView):
    """POST: one chunk, as a form."""

    # The ASGI server receives it; see receive.py.
    scope = scopes.UPLOADS
    is_received_elsewhere = True
    parser_classes = (MultiPartParser,)

    @extend_schema(request=ChunkForm, responses=StoredChunk)
    @refuses(*FORM_REFUSALS, *CHUNK_REFUSALS)
    def post(self, request: Request, file_id: str) -> Never:
        services.get_upload(caller_of(request), file_id)
        raise BodiesNotServedHere


class ChunkView(ApiView):
    """PUT: the bytes of one chunk."""

    # The ASGI server receives them; see receive.py.
    scope = scopes.UPLOADS
    is_received_elsewhere = True

    @extend_schema(
        parameters=CHUNK_MD5,
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses=StoredChunk,
        description="Any order, in parallel, as often as needed: the answer is the same. "
        "With an MD5, bytes that do not match are refused (422) and not counted.",
    )
    @refuses(*CHUNK_REFUSALS)
    def put(self, request: Request, file_id: str, index: str) -> Never:
        services.get_upload(caller_of(request), file_id)
        raise BodiesNotServedHere


class OneShotUpload(ApiView):
    """POST: a whole file, as a form."""

    # The ASGI server receives it; see receive.py.
    scope = scopes.UPLOADS
    is_received_elsewhere = True
    parser_classes = (MultiPartParser,)

    @extend_schema(request=FileForm, responses=StoredFile)
    @refuses(*FORM_REFUSALS, *FILE_REFUSALS)
    @replayable
    def post(self, request: Request) -> Never:
        raise BodiesNotServedHere
