"""/api/datasets/{slug}/rows/: rows over REST."""

from functools import partial
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.settings import api_settings
from rest_framework.utils.urls import replace_query_param

from apiapp.http.conditional import described, etag_of, is_conditional, require_match
from apiapp.http.errors import BadParameter
from apiapp.http.promises import conditional, paged, refuses
from apiapp.idempotency.decorators import idempotent
from apiapp.imports import datasets, row_counts, row_json, row_query
from apiapp.imports.altering.rereading import rereads
from apiapp.imports.dataset_api import many_rows, row_bodies
from apiapp.imports.dataset_api.base import OneDataset
from apiapp.imports.dataset_api.many_rows import parameters_of, row_names
from apiapp.imports.dataset_api.preferences import Preferences
from apiapp.imports.errors import (
    BadKey,
    BadRowQuery,
    NotPermitted,
    RowConflict,
    RowRefused,
    RowsRefused,
    TooManyRows,
)
from apiapp.imports.models import Dataset, Role
from apiapp.imports.routers import DATASETS
from apiapp.imports.row_query import RowQuery
from apiapp.imports.rows import ROW_ID
from apiapp.imports.selection import Page
from apiapp.keys.authentication import caller_of

ROW = {"type": "object", "additionalProperties": {}, "description": "Column name to value."}
ROWS = {
    "type": "object",
    "properties": {
        "results": {"type": "array", "items": ROW},
        "next": {"type": "string", "format": "uri", "nullable": True},
        "previous": {"type": "string", "format": "uri", "nullable": True},
        "count": {"type": "integer", "minimum": 0, "description": "Where it is preferred."},
    },
}
JSON, XML = "application/json", "application/xml"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
ROW_SENT = dict.fromkeys((JSON, *FORMS, XML), ROW)
LINES = ("application/x-ndjson", "application/jsonl", "text/csv")
ROWS_SENT = {
    **ROW_SENT,
    JSON: {"oneOf": [ROW, {"type": "array", "items": ROW, "maxItems": row_bodies.ROWS_MAX}]},
    **dict.fromkeys(LINES, {"type": "string"}),
}
A_ROW = {"name": "volvo", "price": 12}
ROWS_EXAMPLES = [
    OpenApiExample("A row", A_ROW, media_type=JSON, request_only=True),
    OpenApiExample("Rows", [A_ROW, {"name": "saab"}], media_type=JSON, request_only=True),
]
ROW_ERRORS = (BadRowQuery, RowConflict, RowRefused, RowsRefused, TooManyRows)
COUNT = {"type": "integer", "minimum": 0}
ROW_LIST = {"type": "array", "items": ROW}
ADDED = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("inserted", "updated", "unchanged", "ignored"), COUNT),
        "results": ROW_LIST,
    },
    "required": ["inserted", "updated", "unchanged", "ignored"],
}
ROW_OR_COUNTS = {"anyOf": [ROW, ADDED]}
CHANGED = {"type": "object", "properties": {"updated": COUNT, "results": ROW_LIST}}
DELETED = {"type": "object", "properties": {"deleted": COUNT, "results": ROW_LIST}}


def answers(status_code: int, shape: dict[str, Any]) -> dict[tuple[int, str], dict[str, Any]]:
    return {(status_code, media_type): shape for media_type in (JSON, XML)}


ROW_PARAMETERS = [
    OpenApiParameter("order", str, description="`price.desc,name`; empty cells come last."),
    OpenApiParameter(
        "select", str, description="Columns wanted, `_id,shown_so:name`; all if left out."
    ),
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
        + "; `not.` before any of them.  Joined: `or=(price.lt.2,and(name.eq.a,note.is.null))`.",
    ),
]


SELECT, SEARCH, FILTERS = ROW_PARAMETERS[1], ROW_PARAMETERS[2], ROW_PARAMETERS[-1]
MATCHING_PARAMETERS = [SEARCH, FILTERS, SELECT]
ON_CONFLICT = OpenApiParameter(
    "on_conflict", str, description="The columns that tell rows apart; the key if left out."
)


def prefer_header(*values: str) -> OpenApiParameter:
    return OpenApiParameter(
        "Prefer",
        str,
        location=OpenApiParameter.HEADER,
        description=f"RFC 7240: {', '.join(f'`{each}`' for each in values)}; several with commas.",
    )


PREFER_COUNTING = prefer_header("count=exact", "count=planned", "count=estimated")
PREFER_CHANGING = prefer_header("return=minimal", "return=representation")
PREFER_WRITING = prefer_header(
    "resolution=merge-duplicates",
    "resolution=ignore-duplicates",
    "return=minimal",
    "return=representation",
)


class RowList(OneDataset):
    parser_classes: Any = [
        *api_settings.DEFAULT_PARSER_CLASSES,
        row_bodies.JsonLinesParser,
        row_bodies.JsonLinesParser2,
        row_bodies.CsvParser,
    ]

    @extend_schema(
        operation_id="datasets_rows_list",
        parameters=[*ROW_PARAMETERS, PREFER_COUNTING],
        responses=answers(200, ROWS),
    )
    @paged
    @refuses(BadRowQuery, BadParameter)
    @rereads
    def get(self, request: Request, slug: str) -> Response:
        """A page of rows, filtered and ordered."""
        dataset = self.dataset(slug)
        types = datasets.types_of(dataset)
        query = row_query.parse(parameters_of(request), types)
        page = datasets.page_of(dataset=dataset, query=query)
        names = query.select or row_names(types)
        results = row_json.write_rows(page.rows, names, types, shown=query.shown)
        return counted(request, dataset, query, page_answer(request, page, results))

    @extend_schema(
        request=ROWS_SENT,
        examples=ROWS_EXAMPLES,
        parameters=[PREFER_WRITING, ON_CONFLICT, SELECT],
        responses={**answers(201, ROW_OR_COUNTS), **answers(200, ADDED)},
    )
    @refuses(NotPermitted, *ROW_ERRORS, BadKey, BadParameter)
    @idempotent(using=DATASETS)
    def post(self, request: Request, slug: str) -> Response:
        """Add a row, or a list of rows: all of them or none; columns that are left out are empty.

        A list is JSON, JSON Lines or CSV.  With `Prefer: resolution=...` rows whose key is there
        already are merged or passed over.
        """
        dataset = self.dataset(slug, needs=Role.EDITOR)
        prefer = Preferences(request)
        if isinstance(request.data, list) or prefer.has("resolution"):
            return many_rows.add(request, dataset, prefer)
        values = row_json.read_row(request.data, dataset.columns.all())
        by = caller_of(request).user
        row = datasets.add_row(dataset=dataset, values=values, by=by, now=timezone.now())
        answer = answer_row(dataset, row)
        answer.status_code = status.HTTP_201_CREATED
        answer["Location"] = reverse("api-dataset-row", [slug, row[ROW_ID]], request=request)
        return answer

    @extend_schema(
        operation_id="datasets_rows_change",
        request=ROW_SENT,
        parameters=[PREFER_CHANGING, *MATCHING_PARAMETERS],
        responses=answers(200, CHANGED),
    )
    @conditional
    @refuses(NotPermitted, *ROW_ERRORS, BadParameter)
    @idempotent(using=DATASETS)
    def patch(self, request: Request, slug: str) -> Response:
        """Change the columns that are named in every row that the filters find; one is needed.

        `If-Match` takes the dataset's `ETag`, which changes with its rows.
        """
        dataset = self.dataset(slug, needs=Role.EDITOR)
        return many_rows.change(request, dataset, Preferences(request))

    @extend_schema(
        operation_id="datasets_rows_delete",
        parameters=[PREFER_CHANGING, *MATCHING_PARAMETERS],
        responses=answers(200, DELETED),
    )
    @conditional
    @refuses(NotPermitted, BadRowQuery, TooManyRows, BadParameter)
    @idempotent(using=DATASETS)
    def delete(self, request: Request, slug: str) -> Response:
        """Delete every row that the filters find; one is needed.

        `If-Match` takes the dataset's `ETag`, which changes with its rows.
        """
        dataset = self.dataset(slug, needs=Role.EDITOR)
        return many_rows.delete(request, dataset, Preferences(request))


class RowView(OneDataset):
    @extend_schema(responses=answers(200, ROW))
    @rereads
    def get(self, request: Request, slug: str, row_id: int) -> Response:
        """One row by its number, `_id`."""
        dataset = self.dataset(slug)
        return answer_row(dataset, datasets.row_of(dataset=dataset, row_id=row_id))

    @extend_schema(request=ROW_SENT, responses=answers(200, ROW))
    @conditional
    @refuses(NotPermitted, RowConflict, RowRefused)
    def put(self, request: Request, slug: str, row_id: int) -> Response:
        """Replace a row; columns that are left out become empty."""
        dataset = self.dataset(slug, needs=Role.EDITOR)
        values = row_json.read_row(request.data, dataset.columns.all())
        return changed(request, dataset, row_id, values)

    @extend_schema(request=ROW_SENT, responses=answers(200, ROW))
    @conditional
    @refuses(NotPermitted, RowConflict, RowRefused)
    def patch(self, request: Request, slug: str, row_id: int) -> Response:
        """Change the columns that are named."""
        dataset = self.dataset(slug, needs=Role.EDITOR)
        values = row_json.read_changes(request.data, dataset.columns.all())
        return changed(request, dataset, row_id, values)

    @extend_schema(responses={204: None})
    @conditional
    @refuses(NotPermitted)
    def delete(self, request: Request, slug: str, row_id: int) -> Response:
        """Delete a row."""
        dataset = self.dataset(slug, needs=Role.EDITOR)
        agree = partial(require_row_unchanged, request, dataset)
        by = caller_of(request).user
        datasets.delete_row(dataset=dataset, row_id=row_id, by=by, now=timezone.now(), agree=agree)
        return Response(status=status.HTTP_204_NO_CONTENT)


def require_row_unchanged(request: Request, dataset: Dataset, row: dict[str, Any]) -> None:
    """Raises PreconditionFailed."""
    if is_conditional(request):
        require_match(request, etag=etag_of(row_as_json(dataset, row)))


def changed(request: Request, dataset: Dataset, row_id: int, values: dict[str, Any]) -> Response:
    change = datasets.change_row(
        dataset=dataset,
        row_id=row_id,
        values=values,
        by=caller_of(request).user,
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


def counted(request: Request, dataset: Dataset, query: RowQuery, answer: Response) -> Response:
    """`answer` with how many rows match, if that is preferred.  Raises BadParameter."""
    prefer = Preferences(request)
    if kind := prefer.get("count"):
        found = row_counts.count(dataset, query, kind=kind)
        answer.data["count"] = found.rows
        prefer.apply("count", found.kind)
    return prefer.tell(answer)


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
