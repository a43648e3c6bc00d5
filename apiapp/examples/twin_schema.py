"""What OpenAPI says of the views behind `/api/v1/`."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework.views import APIView

from apiapp.examples.twin_serializers import Filters, RowDetail

View = TypeVar("View", bound=type[APIView])
Responses = dict[Any, Any]

PROBLEM_TYPES = ("application/problem+json", "application/problem+xml")
MEANINGS = {
    400: "A parameter, a header or a body that cannot be read",
    401: "Who calls is not known",
    403: "The key lacks the scope `examples`, or the row is open and the caller is not staff",
    404: "Not there, or another user's; or a `_format` that there is not",
    406: "No form of answer that is accepted",
    409: "The id is taken, or the first request with this Idempotency-Key is still under way",
    412: "It has changed since it was read",
    413: "A body that is too large",
    415: "A media type that is not read here",
    422: "Fields that are not right: `errors` by name",
    429: "Too many requests",
}
ANY = (401, 403, 404, 406, 429)
BODY = (400, 413, 415, 422)
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": r'^(\*|(W/)?"[!#-~]*"(, (W/)?"[!#-~]*")*)$'},
    "header",
    description="The ETag that was read: 412 if it has another one by now.",
)


def problems(*statuses: int) -> Responses:
    return {
        (code, kind): OpenApiResponse(OpenApiTypes.OBJECT, description=MEANINGS[code])
        for code in sorted({*ANY, *statuses})
        for kind in PROBLEM_TYPES
    }


def described_list(
    detail: type[RowDetail], *, filters: type[Filters], new: type[RowDetail] | None = None
) -> Callable[[View], View]:
    """Describe GET and POST of a list."""
    return extend_schema_view(
        get=extend_schema(
            parameters=[filters], responses={200: detail(many=True), **problems(400)}
        ),
        post=extend_schema(request=new or detail, responses={201: detail, **problems(*BODY, 409)}),
    )


def described_row(detail: type[RowDetail]) -> Callable[[View], View]:
    """Describe GET, PUT, PATCH and DELETE of one row."""
    changes = problems(*BODY, 412)
    return extend_schema_view(
        get=extend_schema(responses={200: detail, **problems()}),
        put=extend_schema(
            request=detail, parameters=[IF_MATCH], responses={200: detail, **changes}
        ),
        patch=extend_schema(
            request=detail(partial=True),
            parameters=[IF_MATCH],
            responses={200: detail, **changes},
        ),
        delete=extend_schema(parameters=[IF_MATCH], responses={204: None, **problems(400, 412)}),
    )
