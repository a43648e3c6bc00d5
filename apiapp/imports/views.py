"""/api/import and /api/imports/: start imports, follow them, see what was refused, undo."""

import re
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http.errors import BadParameter
from apiapp.http.negotiation import OneForm, known_type
from apiapp.http.parsers import JsonParser
from apiapp.http.promises import refuses
from apiapp.http.views import ApiView
from apiapp.idempotency.decorators import idempotent_by_work_id
from apiapp.imports import configured as reading
from apiapp.imports import planning, services, undoing
from apiapp.imports.errors import (
    BadColumns,
    BadDialect,
    DatasetBusy,
    FileGone,
    HistoryGone,
    ImportFailed,
    NotPermitted,
    NotUndoable,
    TableInUse,
    UndoBlocked,
    UnreadableFile,
)
from apiapp.imports.models import Import, RefusedCell
from apiapp.imports.pipeline.check import KINDS
from apiapp.imports.planning import Wanted
from apiapp.imports.refused_rows import Part
from apiapp.imports.serializers import (
    ImportDetail,
    ImportedRows,
    InlineImport,
    NewImport,
    NotJson,
    Preview,
    PreviewWish,
    RefusedCellDetail,
    RefusedCounts,
    StartedImport,
)
from apiapp.jobs.errors import JobHasEnded, JobNotRetryable
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of
from apiapp.keys.errors import UnknownUser
from apiapp.pagination import KeysetPagination
from apiapp.uploads import configured
from apiapp.uploads import services as uploads
from apiapp.uploads.errors import StoreUnavailable, UnknownUpload, UploadNotFinished

# As they are sent, and as planning.Wanted has them.
WISHES = {
    "mode": "mode",
    "dataset": "dataset",
    "columns": "columns",
    "dialect": "dialect",
    "key": "key",
    "insert_new": "inserts_new",
    "update_existing": "updates_existing",
    "delete_missing": "deletes_missing",
    "dry_run": "is_dry_run",
    "again": "is_again",
    "extra": "extra",
}
NUMBER = re.compile("[0-9]{1,12}")
NOT_JSON = {"error": "Invalid content type"}


class ImportStart(ApiView):
    """POST: import an uploaded file in the background, or the rows in the body at once."""

    scope = scopes.IMPORTS
    parser_classes = [JsonParser]

    @extend_schema(
        request=NewImport, responses={202: StartedImport, 200: ImportedRows, 400: NotJson}
    )
    @refuses(ImportFailed, UploadNotFinished, UnknownUser, StoreUnavailable)
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
    first = values["continues"] and services.get_import(caller, values["continues"])
    upload = uploads.finished_upload(caller, values["file_id"])
    with uploads.local_file(upload, configured.store()) as path:
        row = services.start_import(
            caller=caller,
            owner=services.owner_for(caller, values["user_id"]),
            upload=upload,
            path=path,
            wanted=Wanted(
                work_id=work_id,
                limits=reading.limits(),
                continues=first,
                **{own: values[sent] for sent, own in WISHES.items()},
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

    @extend_schema(request=PreviewWish, responses=Preview)
    @refuses(
        UploadNotFinished,
        UnreadableFile,
        BadDialect,
        BadColumns,
        FileGone,
        UnknownUpload,
        StoreUnavailable,
    )
    def post(self, request: Request) -> Response:
        asked = PreviewWish(data=request.data)
        asked.is_valid(raise_exception=True)
        wish, caller = asked.validated_data, caller_of(request)
        upload = uploads.finished_upload(caller, wish["file_id"])
        with uploads.local_file(upload, configured.store()) as path:
            proposal = planning.preview(
                caller,
                path,
                dialect=wish["dialect"],
                columns=wish["columns"],
                limits=reading.limits(),
            )
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

    def row_to_change(self, import_id: int) -> Import:
        return services.import_to_change(caller_of(self.request), import_id)

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
    @refuses(NotUndoable, UndoBlocked, HistoryGone, DatasetBusy, TableInUse, NotPermitted)
    def post(self, request: Request, import_id: int) -> Response:
        row, by = self.row_to_change(import_id), caller_of(request).user
        return self.answer(undoing.undo(row=row, by=by, now=timezone.now()))


class ImportCancel(OneImport):
    """POST: stop an import that has not ended; nothing is left of it."""

    @extend_schema(request=None, responses=ImportDetail)
    @refuses(JobHasEnded, NotPermitted)
    def post(self, request: Request, import_id: int) -> Response:
        return self.answer(services.cancel(row=self.row_to_change(import_id), now=timezone.now()))


class ImportRetry(OneImport):
    """POST: queue a failed or cancelled import again."""

    @extend_schema(request=None, responses=ImportDetail)
    @refuses(JobNotRetryable, FileGone, NotPermitted)
    def post(self, request: Request, import_id: int) -> Response:
        return self.answer(services.retry(row=self.row_to_change(import_id), now=timezone.now()))


REFUSALS = [
    OpenApiParameter("column", str, description="Only what was refused in this one."),
    OpenApiParameter("kind", str, enum=list(KINDS), description="Only what was refused for this."),
]
REFUSED_ROWS = [
    *REFUSALS,
    OpenApiParameter(
        "after",
        {"type": "integer", "minimum": 0, "maximum": 10**12 - 1},
        description="Only rows behind the one of this number.",
    ),
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 10**12 - 1},
        description="Rows at most; all if left out.",
    ),
]


def part_of(request: Request) -> Part:
    """Which refused cells are asked for.  Raises BadParameter."""
    asked = request.query_params
    kind = asked.get("kind", "")
    if kind and kind not in KINDS:
        raise BadParameter(parameter="kind", reason=f"it is one of {', '.join(KINDS)}")
    # PostgreSQL is not asked for a NUL; no column's label has the other.
    return Part(column=asked.get("column", "").replace("\0", "\ufffd"), kind=kind)


def rows_of(request: Request) -> Part:
    """Which refused rows are asked for.  Raises BadParameter."""
    after, limit = (number_of(request, name) for name in ("after", "limit"))
    if limit == 0:
        raise BadParameter(parameter="limit", reason="it is 1 at least")
    return replace(part_of(request), after=after or 0, limit=limit)


def number_of(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    if text and not NUMBER.fullmatch(text):
        raise BadParameter(parameter=name, reason="it is a whole number")
    return int(text) if text else None


class AsFound(KeysetPagination):
    """Oldest first: the order of the file, then what the database found to be there twice."""

    ordering = "pk"


@extend_schema_view(get=extend_schema(parameters=REFUSALS))
class ImportErrors(ApiView, generics.ListAPIView[RefusedCell]):
    """GET: every refused cell, or those of a column or a kind."""

    scope = scopes.IMPORTS
    serializer_class = RefusedCellDetail
    pagination_class = AsFound

    def get_queryset(self) -> QuerySet[RefusedCell]:
        caller = caller_of(self.request)
        row = services.get_import(caller, self.kwargs["import_id"])
        return services.refusals_of(row, part_of(self.request))


class ImportErrorsSummary(OneImport):
    """GET: how many cells were refused, by column and kind."""

    @extend_schema(responses=RefusedCounts)
    def get(self, request: Request, import_id: int) -> Response:
        row = self.row(import_id)
        cells = services.refusals_counted(row)
        return Response(RefusedCounts({"rows_refused": row.rows_refused, "cells": cells}).data)


class ImportRejected(OneImport):
    """GET: the refused rows as they stand in the file, with the reasons, as a CSV file.

    Mended, it is imported with `continues`.  A part of them is asked for by column, kind, and the
    number of the row before.
    """

    content_negotiation_class = OneForm

    @extend_schema(
        parameters=REFUSED_ROWS, responses={(HTTPStatus.OK, "text/csv"): OpenApiTypes.STR}
    )
    @refuses(FileGone, StoreUnavailable, BadParameter)
    def get(self, request: Request, import_id: int) -> StreamingHttpResponse:
        row = self.row(import_id)
        part = rows_of(request)
        lines = services.rejected_csv(row, configured.store(), reading.limits(), part)
        return csv_answer(lines, f"import-{row.pk}-rejected.csv")


class ImportErrorsCsv(OneImport):
    """GET: the same as a CSV file.

    A cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or
    a carriage return) has `'` put before it.
    """

    content_negotiation_class = OneForm

    @extend_schema(responses={(HTTPStatus.OK, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, import_id: int) -> StreamingHttpResponse:
        row = self.row(import_id)
        return csv_answer(services.refusals_csv(row), f"import-{row.pk}-refused.csv")


def csv_answer(lines: Iterator[str], filename: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{filename}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
