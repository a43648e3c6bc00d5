"""/api/datasets/: datasets and their rows over REST."""

from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.settings import api_settings
from rest_framework.utils.urls import replace_query_param

from apiapp.http.conditional import described, etag_of, is_conditional, require_match
from apiapp.http.promises import conditional, paged, refuses
from apiapp.http.views import ApiView
from apiapp.idempotency.decorators import idempotent
from apiapp.imports import datasets, row_json, row_query
from apiapp.imports.dataset_serializers import DatasetDetail
from apiapp.imports.errors import BadRowQuery, DatasetBusy, RowConflict
from apiapp.imports.models import Dataset
from apiapp.imports.routers import DATASETS
from apiapp.imports.rows import ROW_ID
from apiapp.imports.selection import Page
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of

ROW = {"type": "object", "additionalProperties": {}, "description": "Column name to value."}
ROWS = {
    "type": "object",
    "properties": {
        "results": {"type": "array", "items": ROW},
        "next": {"type": "string", "format": "uri", "nullable": True},
        "previous": {"type": "string", "format": "uri", "nullable": True},
    },
}
JSON, XML = "application/json", "application/xml"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
ROW_SENT = dict.fromkeys((JSON, *FORMS, XML), ROW)


def answers(status_code: int, shape: dict[str, Any]) -> dict[tuple[int, str], dict[str, Any]]:
    return {(status_code, media_type): shape for media_type in (JSON, XML)}


ROW_PARAMETERS = [
    OpenApiParameter("order", str, description="`price.desc,name`; empty cells come last."),
    OpenApiParameter("select", str, description="Columns wanted, `_id,name`; all if left out."),
    OpenApiParameter("search", str, description="Text that any text column contains."),
    OpenApiParameter("limit", int, description="Rows of a page, 1 to 1000; 50 if left out."),
    OpenApiParameter("cursor", str, description="Of another page: follow `next` and `previous`."),
    OpenApiParameter(
        "filters",
        OpenApiTypes.OBJECT,
        style="form",
        explode=True,
        examples=[
            OpenApiExample("no filter", value={}),
            OpenApiExample("at least five", value={"price": "gte.5"}),
        ],
        description="Any column: `price=gte.5`, `name=in.(a,b)`, `note=not.is.null`. Operators: "
        + ", ".join(row_query.ALL_OPERATORS)
        + "; `not.` before any of them.",
    ),
]


class DatasetScopes:
    read_scope = scopes.DATASETS_READ
    write_scope = scopes.DATASETS_WRITE


class DatasetList(DatasetScopes, ApiView, generics.ListAPIView[Dataset]):
    """GET: the caller's datasets, newest first."""

    serializer_class = DatasetDetail

    def get_queryset(self) -> QuerySet[Dataset]:
        return datasets.visible_to(caller_of(self.request))


class DatasetView(DatasetScopes, ApiView):
    @extend_schema(responses=DatasetDetail)
    def get(self, request: Request, slug: str) -> Response:
        """One dataset with its columns."""
        return answer(request, self.dataset(slug))

    @extend_schema(request=DatasetDetail, responses=DatasetDetail)
    @conditional
    def patch(self, request: Request, slug: str) -> Response:
        """Change the title."""
        dataset = self.dataset(slug)
        wanted = DatasetDetail(dataset, data=request.data, partial=True)
        wanted.is_valid(raise_exception=True)
        title = wanted.validated_data.get("title", dataset.title)
        agree = partial(require_unchanged, request)
        return answer(request, datasets.rename(dataset=dataset, title=title, agree=agree))

    @extend_schema(responses={204: None})
    @conditional
    @refuses(DatasetBusy)
    def delete(self, request: Request, slug: str) -> Response:
        """Delete the dataset and its table, for good."""
        dataset = self.dataset(slug)
        require_unchanged(request, dataset)
        datasets.delete(dataset=dataset)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def dataset(self, slug: str) -> Dataset:
        return datasets.dataset_of(caller=caller_of(self.request), slug=slug)


class RowList(DatasetScopes, ApiView):
    @extend_schema(
        operation_id="datasets_rows_list",
        parameters=ROW_PARAMETERS,
        responses=answers(200, ROWS),
    )
    @paged
    @refuses(BadRowQuery)
    def get(self, request: Request, slug: str) -> Response:
        """A page of rows, filtered and ordered."""
        dataset = datasets.dataset_of(caller=caller_of(request), slug=slug)
        types = datasets.types_of(dataset)
        query = row_query.parse(parameters_of(request), types)
        page = datasets.page_of(dataset=dataset, query=query)
        names = query.select or row_names(types)
        return page_answer(request, page, row_json.write_rows(page.rows, names, types))

    @extend_schema(request=ROW_SENT, responses=answers(201, ROW))
    @refuses(DatasetBusy, RowConflict)
    @idempotent(using=DATASETS)
    def post(self, request: Request, slug: str) -> Response:
        """Add a row; columns that are left out are empty."""
        dataset = datasets.dataset_of(caller=caller_of(request), slug=slug)
        values = row_json.read_row(request.data, dataset.columns.all())
        row = datasets.add_row(dataset=dataset, values=values, now=timezone.now())
        answer = answer_row(dataset, row)
        answer.status_code = status.HTTP_201_CREATED
        answer["Location"] = reverse("api-dataset-row", [slug, row[ROW_ID]], request=request)
        return answer


class RowView(DatasetScopes, ApiView):
    @extend_schema(responses=answers(200, ROW))
    def get(self, request: Request, slug: str, row_id: int) -> Response:
        """One row by its number, `_id`."""
        dataset = datasets.dataset_of(caller=caller_of(request), slug=slug)
        return answer_row(dataset, datasets.row_of(dataset=dataset, row_id=row_id))

    @extend_schema(request=ROW_SENT, responses=answers(200, ROW))
    @conditional
    @refuses(DatasetBusy, RowConflict)
    def put(self, request: Request, slug: str, row_id: int) -> Response:
        """Replace a row; columns that are left out become empty."""
        dataset = datasets.dataset_of(caller=caller_of(request), slug=slug)
        values = row_json.read_row(request.data, dataset.columns.all())
        return changed(request, dataset, row_id, values)

    @extend_schema(request=ROW_SENT, responses=answers(200, ROW))
    @conditional
    @refuses(DatasetBusy, RowConflict)
    def patch(self, request: Request, slug: str, row_id: int) -> Response:
        """Change the columns that are named."""
        dataset = datasets.dataset_of(caller=caller_of(request), slug=slug)
        values = row_json.read_changes(request.data, dataset.columns.all())
        return changed(request, dataset, row_id, values)

    @extend_schema(responses={204: None})
    @conditional
    @refuses(DatasetBusy)
    def delete(self, request: Request, slug: str, row_id: int) -> Response:
        """Delete a row."""
        dataset = datasets.dataset_of(caller=caller_of(request), slug=slug)
        agree = partial(require_row_unchanged, request, dataset)
        datasets.delete_row(dataset=dataset, row_id=row_id, now=timezone.now(), agree=agree)
        return Response(status=status.HTTP_204_NO_CONTENT)


def answer(request: Request, dataset: Dataset) -> Response:
    data = DatasetDetail(dataset, context={"request": request}).data
    return Response(data, headers=described(etag_of(data), dataset.updated_at))


def require_unchanged(request: Request, dataset: Dataset) -> None:
    """Raises PreconditionFailed."""
    if is_conditional(request):
        data = DatasetDetail(dataset, context={"request": request}).data
        require_match(request, etag=etag_of(data), modified_at=dataset.updated_at)


def require_row_unchanged(request: Request, dataset: Dataset, row: dict[str, Any]) -> None:
    """Raises PreconditionFailed."""
    if is_conditional(request):
        require_match(request, etag=etag_of(row_as_json(dataset, row)))


def changed(request: Request, dataset: Dataset, row_id: int, values: dict[str, Any]) -> Response:
    change = datasets.change_row(
        dataset=dataset,
        row_id=row_id,
        values=values,
        now=timezone.now(),
        agree=partial(require_row_unchanged, request, dataset),
    )
    return answer_row(dataset, change.after)


def answer_row(dataset: Dataset, row: dict[str, Any]) -> Response:
    written = row_as_json(dataset, row)
    return Response(written, headers=described(etag_of(written)))


def row_as_json(dataset: Dataset, row: dict[str, Any]) -> dict[str, Any]:
    types = datasets.types_of(dataset)
    (written,) = row_json.write_rows([row], row_names(types), types)
    return written


def row_names(types: dict[str, str]) -> list[str]:
    """What a row shows unasked: all but the import that brought it."""
    return [name for name in types if name != "_import"]


def parameters_of(request: Request) -> list[tuple[str, str]]:
    """What the query says of rows; the browsable API chooses its form by one more parameter."""
    lists = request.query_params.lists()
    return [
        (name, text)
        for name, texts in lists
        if name != api_settings.URL_FORMAT_OVERRIDE
        for text in texts
    ]


def page_answer(request: Request, page: Page, results: list[dict[str, Any]]) -> Response:
    here = request.build_absolute_uri()
    links = {
        relation: replace_query_param(here, "cursor", cursor) if cursor else None
        for relation, cursor in (("next", page.next), ("prev", page.previous))
    }
    response = Response({"results": results, "next": links["next"], "previous": links["prev"]})
    header = ", ".join(f'<{url}>; rel="{relation}"' for relation, url in links.items() if url)
    if header:
        response["Link"] = header
    return response
