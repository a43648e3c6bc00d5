"""/api/datasets/{slug}/export.{csv,jsonl,xlsx,parquet}: a dataset as a file."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language_from_request
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.settings import api_settings

from apiapp.http.conditional import described, etag_of
from apiapp.http.negotiation import OneForm
from apiapp.http.promises import refuses
from apiapp.http.views import ApiView
from apiapp.imports import datasets
from apiapp.imports.altering.rereading import require_current, rereads
from apiapp.imports.errors import BadRowQuery
from apiapp.imports.exports import asking
from apiapp.imports.exports.errors import TooManyExports
from apiapp.imports.exports.files import Export
from apiapp.imports.exports.forms import CSV, EXCEL, JSON_LINES, PARQUET, Kind
from apiapp.imports.exports.places import Places
from apiapp.imports.models import Dataset
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of
from apiapp.uploads.content import disposition

places = Places()


def choice(name: str, words: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, description=words, enum=list(asking.ALLOWED[name]))


ROWS = [
    OpenApiParameter(
        "order", str, description="`price.desc,name`; in the order of `_id` if left out."
    ),
    OpenApiParameter(
        "select",
        str,
        description="Columns wanted, `name,shown_so:price`; the dataset's own if left out.",
    ),
    OpenApiParameter("search", str, description="Text that any text column contains."),
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": asking.LIMIT_MAX},
        description="Rows at most; all if left out.",
    ),
    OpenApiParameter(
        "filters",
        OpenApiTypes.OBJECT,
        style="form",
        explode=True,
        description="As of the list of rows: `price=gte.5`, `name=in.(a,b)`.",
    ),
]
HEADER = choice(asking.HEADER, "What columns are called in the first row: `labels` if left out.")
OF_CSV = [
    HEADER,
    choice(asking.DELIMITER, "`comma` if left out."),
    choice(asking.BOM, "With a byte order mark: Excel takes the file for UTF-8 only then."),
    choice(
        asking.GUARD,
        "Text that a spreadsheet would take for a formula gets a `'` before it (OWASP, CSV"
        " Injection). It changes the text, so do not import such a file again.",
    ),
]


def describes(kind: Kind, extra: list[OpenApiParameter]) -> Any:
    return extend_schema(
        operation_id=f"datasets_export_{kind.suffix}",
        parameters=[*ROWS, *extra],
        responses={
            (200, kind.media_type.partition(";")[0]): OpenApiTypes.BINARY,
            304: OpenApiResponse(description="Nothing has changed since."),
        },
    )


class DatasetExport(ApiView):
    """What the exports of all kinds have in common.

    speaks: whether the file has words of ours in it, which are in the caller's language then.
    """

    scope = scopes.DATASETS_READ
    content_negotiation_class = OneForm
    kind: Kind
    dataset_read: Dataset | None = None
    speaks = False

    @rereads
    def answer(self, request: Request, slug: str) -> HttpResponseBase:
        dataset = datasets.dataset_of(caller=caller_of(request), slug=slug)
        self.dataset_read = dataset
        types = datasets.types_of(dataset)
        asked = asking.parse(parameters_of(request), types, self.kind.suffix)
        if self.speaks:
            asked = asking.in_language(asked, get_language_from_request(request._request))
        export = Export(dataset, asked, self.kind, limit_s=settings.EXPORT_LIMIT_S)
        etag = etag_of(export.version())
        # Before the query, which would be for nothing.
        unchanged = get_conditional_response(
            request._request, etag=etag, last_modified=int(dataset.updated_at.timestamp())
        )
        said = {
            **described(etag, dataset.updated_at),
            "Content-Disposition": disposition(export.filename),
            "X-Content-Type-Options": "nosniff",
            "Accept-Ranges": "none",
            **({"Vary": "Accept-Language"} if self.speaks else {}),
        }
        if unchanged is not None:
            for name, value in said.items():
                unchanged[name] = value
            return unchanged
        user_id = caller_of(request).user.pk
        chunks: Iterable[bytes] = () if request.method == "HEAD" else begun(export, user_id)
        return StreamingHttpResponse(chunks, content_type=self.kind.media_type, headers=said)


def begun(export: Export, user_id: int) -> "Begun":
    """Raises TooManyExports, Outdated, and what fails at once."""
    with ExitStack() as stack:
        stack.enter_context(places.taken(user_id=user_id, most=settings.EXPORT_MAX_AT_ONCE))
        chunks = export.chunks()
        stack.callback(chunks.close)
        first = next(chunks)
        require_current(export.dataset)
        return Begun(chunks, first=first, end=stack.pop_all())


class Begun:
    """Chunks whose first is here: what fails at once is still answered as a problem."""

    def __init__(self, chunks: Iterator[bytes], *, first: bytes, end: ExitStack) -> None:
        self._chunks, self._first, self._end = chunks, first, end

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        yield from self._chunks

    def close(self) -> None:
        self._end.close()


class CsvExport(DatasetExport):
    kind = CSV

    @describes(CSV, OF_CSV)
    @refuses(BadRowQuery, TooManyExports)
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """The rows as CSV of RFC 4180 in UTF-8, as they are at one moment."""
        return self.answer(request, slug)


class JsonLinesExport(DatasetExport):
    kind = JSON_LINES

    @describes(JSON_LINES, [])
    @refuses(BadRowQuery, TooManyExports)
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """The rows as JSON Lines, each as it is over REST."""
        return self.answer(request, slug)


class ExcelExport(DatasetExport):
    kind = EXCEL
    speaks = True

    @describes(EXCEL, [HEADER])
    @refuses(BadRowQuery, TooManyExports)
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """The rows as an Excel workbook.

        Text never becomes a formula. What Excel would change is written as text: numbers of more
        than 15 digits, days before March 1900, parts of a millisecond. After 1,048,576 rows there
        is a further sheet; a sheet `Notes` tells, in the language of `Accept-Language`,
        which texts were longer than Excel holds.
        """
        return self.answer(request, slug)


class ParquetExport(DatasetExport):
    kind = PARQUET

    @describes(PARQUET, [])
    @refuses(BadRowQuery, TooManyExports)
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """The rows as Parquet with typed columns; those of UUIDs and JSON are strings."""
        return self.answer(request, slug)


def parameters_of(request: Request) -> list[tuple[str, str]]:
    """What the query says; the browsable API chooses its form by one more parameter."""
    return [
        (name, text)
        for name, texts in request.query_params.lists()
        if name != api_settings.URL_FORMAT_OVERRIDE
        for text in texts
    ]
