"""/api/import and /api/imports/: start imports, follow them, see what was refused, undo."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http.negotiation import OneForm, known_type
from apiapp.http.parsers import JsonParser
from apiapp.http.promises import refuses
from apiapp.http.views import ApiView
from apiapp.idempotency.decorators import idempotent_by_work_id
from apiapp.imports import planning, services, undoing
from apiapp.imports.errors import (
    BadDialect,
    DatasetBusy,
    FileGone,
    ImportFailed,
    NotUndoable,
    UnreadableFile,
)
from apiapp.imports.models import Import, RefusedCell
from apiapp.imports.planning import Wanted
from apiapp.imports.serializers import (
    FileLook,
    ImportDetail,
    ImportedRows,
    InlineImport,
    NewImport,
    Preview,
    RefusedCellDetail,
    StartedImport,
)
from apiapp.jobs.errors import JobHasEnded, JobNotRetryable
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of
from apiapp.keys.errors import UnknownUser
from apiapp.pagination import KeysetPagination
from apiapp.uploads import configured
from apiapp.uploads import services as uploads
from apiapp.uploads.errors import UnknownUpload, UploadNotFinished

NOT_JSON = {"error": "Invalid content type"}


class ImportStart(ApiView):
    """POST: import an uploaded file in the background, or the rows in the body at once."""

    scope = scopes.IMPORTS
    parser_classes = [JsonParser]

    @extend_schema(request=NewImport, responses={202: StartedImport, 200: ImportedRows})
    @refuses(ImportFailed, UploadNotFinished, UnknownUser)
    @idempotent_by_work_id
    def post(self, request: Request, work_id: UUID | None = None) -> Response:
        if not is_json(request):
            return Response(NOT_JSON, status=status.HTTP_400_BAD_REQUEST)
        if isinstance(request.data, dict) and "rows" in request.data:
            return import_rows(request, work_id)
        return start_import(request, work_id)


def is_json(request: Request) -> bool:
    return known_type(request.content_type) == JsonParser.media_type


def start_import(request: Request, work_id: UUID | None) -> Response:
    asked = NewImport(data=request.data)
    asked.is_valid(raise_exception=True)
    values, caller = asked.validated_data, caller_of(request)
    upload = uploads.finished_upload(caller, values["file_id"])
    row = services.start_import(
        caller=caller,
        owner=services.owner_for(caller, values["user_id"]),
        upload=upload,
        path=uploads.path_of(upload, configured.store()),
        wanted=Wanted(
            work_id=work_id,
            **{name: values[name] for name in ("mode", "dataset", "columns", "dialect")},
        ),
        now=timezone.now(),
    )
    said = {
        "status": "success",
        "message": "Import started",
        "job_id": row.job_id,
        "import_id": row.pk,
        "dataset": row.dataset.slug if row.dataset else None,
    }
    return Response(said, status=status.HTTP_202_ACCEPTED)


def import_rows(request: Request, work_id: UUID | None) -> Response:
    asked = InlineImport(data=request.data)
    asked.is_valid(raise_exception=True)
    loaded = services.import_rows(
        caller=caller_of(request), **asked.validated_data, clock=timezone.now, work_id=work_id
    )
    said = {name: loaded[name] for name in ("rows_loaded", "rows_refused", "dataset")}
    return Response({"status": "success", "message": "Data imported", **said})


class ImportPreview(ApiView):
    """POST: what a file would become; nothing is stored."""

    scope = scopes.IMPORTS

    @extend_schema(request=FileLook, responses=Preview)
    @refuses(UploadNotFinished, UnreadableFile, BadDialect, FileGone, UnknownUpload)
    def post(self, request: Request) -> Response:
        asked = FileLook(data=request.data)
        asked.is_valid(raise_exception=True)
        upload = uploads.finished_upload(caller_of(request), asked.validated_data["file_id"])
        path = uploads.path_of(upload, configured.store())
        proposal = planning.look_at(path, dialect=asked.validated_data["dialect"])
        return Response(Preview(proposal).data)


class ImportList(ApiView, generics.ListAPIView[Import]):
    """GET: the caller's imports, newest first."""

    scope = scopes.IMPORTS
    serializer_class = ImportDetail

    def get_queryset(self) -> QuerySet[Import]:
        # PostgreSQL is not asked for a NUL; no slug has the other.
        dataset = self.request.query_params.get("dataset", "").replace("\0", "\ufffd")
        return services.imports_of(caller_of(self.request), dataset=dataset)

    @extend_schema(parameters=[OpenApiParameter("dataset", str, description="Only into this one.")])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class OneImport(ApiView):
    """What all views of one import have in common."""

    scope = scopes.IMPORTS

    def row(self, import_id: int) -> Import:
        return services.get_import(caller_of(self.request), import_id)

    def answer(self, row: Import) -> Response:
        return Response(ImportDetail(row, context={"request": self.request}).data)


class ImportView(OneImport):
    """GET: one import."""

    @extend_schema(responses=ImportDetail)
    def get(self, request: Request, import_id: int) -> Response:
        return self.answer(self.row(import_id))


class ImportUndo(OneImport):
    """POST: take its rows out again; a dataset with no other rows goes with them."""

    @extend_schema(request=None, responses=ImportDetail)
    @refuses(NotUndoable, DatasetBusy)
    def post(self, request: Request, import_id: int) -> Response:
        return self.answer(undoing.undo(row=self.row(import_id), now=timezone.now()))


class ImportCancel(OneImport):
    """POST: stop an import that has not ended; nothing is left of it."""

    @extend_schema(request=None, responses=ImportDetail)
    @refuses(JobHasEnded)
    def post(self, request: Request, import_id: int) -> Response:
        return self.answer(services.cancel(row=self.row(import_id), now=timezone.now()))


class ImportRetry(OneImport):
    """POST: queue a failed or cancelled import again."""

    @extend_schema(request=None, responses=ImportDetail)
    @refuses(JobNotRetryable, FileGone)
    def post(self, request: Request, import_id: int) -> Response:
        return self.answer(services.retry(row=self.row(import_id), now=timezone.now()))


class AsFound(KeysetPagination):
    """Oldest first: the order of the file, then what the database found to be there twice."""

    ordering = "pk"


class ImportErrors(ApiView, generics.ListAPIView[RefusedCell]):
    """GET: every refused cell."""

    scope = scopes.IMPORTS
    serializer_class = RefusedCellDetail
    pagination_class = AsFound

    def get_queryset(self) -> QuerySet[RefusedCell]:
        caller = caller_of(self.request)
        return services.refusals_of(services.get_import(caller, self.kwargs["import_id"]))


class ImportErrorsCsv(OneImport):
    """GET: the same as a CSV file.

    A cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or
    a carriage return) has `'` put before it.
    """

    content_negotiation_class = OneForm

    @extend_schema(responses={(HTTPStatus.OK, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, import_id: int) -> StreamingHttpResponse:
        row = self.row(import_id)
        return StreamingHttpResponse(
            services.refusals_csv(row),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="import-{row.pk}-refused.csv"',
                "X-Content-Type-Options": "nosniff",
            },
        )
