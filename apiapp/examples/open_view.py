"""The base of the open examples: nobody is asked who they are, and texts are always the same."""

from collections.abc import Callable
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler as plain_exception_handler

from apiapp.examples.readers import values_of
from apiapp.examples.serializers import Broken, Refused
from apiapp.http.renderers import XmlRenderer
from apiapp.http.views import ApiView

INTERNAL_ERROR = {"error": "Internal Server Error"}
LONGEST_INT = 4300  # digits that Python reads and writes as a number

# How these refuse, by status; what is told as a problem is added by the schema itself.
ANY_REFUSAL: dict[int, Any] = {
    406: OpenApiResponse(Refused, description="No form of answer that is accepted"),
    500: OpenApiResponse(Broken, description="Something went wrong here"),
}
BODY_REFUSAL: dict[int, Any] = {
    **ANY_REFUSAL,
    400: OpenApiResponse(
        {"type": "object", "additionalProperties": {}},
        description="A body that cannot be read (`detail` has the position), or fields that are "
        "not right (by name; `non_field_errors` of the body as a whole)",
    ),
    415: OpenApiResponse(Refused, description="A media type that is not read here"),
}
NO_SUCH_ID: dict[int, Any] = {
    404: OpenApiResponse(Refused, description="An id that is not made of digits")
}


ENGLISH = "en"


class OpenView(ApiView):
    """An example endpoint.  Errors are DRF's own, in English whatever the client speaks."""

    authentication_classes = []
    permission_classes = [AllowAny]
    rate_policy = "open"
    tells_problems = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if translation.get_language() == ENGLISH:
            return super().dispatch(request, *args, **kwargs)
        with translation.override(ENGLISH):
            return super().dispatch(request, *args, **kwargs)

    def get_exception_handler(self) -> Callable[..., Response | None]:
        problem_handler = super().get_exception_handler()

        def handle(error: Exception, context: dict[str, Any]) -> Response | None:
            plain = plain_exception_handler(error, context)
            if plain is not None:
                return plain
            problem = problem_handler(error, context)  # logs what is a bug
            if problem.status_code >= status.HTTP_500_INTERNAL_SERVER_ERROR:
                return Response(INTERNAL_ERROR, status=status.HTTP_500_INTERNAL_SERVER_ERROR)
            return problem

        return handle


def read(request: Request, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """The fields of the body.  Raises ValidationError, and what its parser raises."""
    values: dict[str, Any] = values_of(request.data, kind)
    return values


def digits_of(text: str) -> str:
    """An id as it is written, `7` for `007`.  Raises NotFound if it is not made of digits."""
    if not (text.isascii() and text.isdigit()):
        raise NotFound
    return text.lstrip("0") or "0"


def number_of(digits: str, request: Request) -> Any:
    """An id of any length, to be answered as a number."""
    if len(digits) <= LONGEST_INT:
        return int(digits)
    is_xml = request.accepted_renderer.format == XmlRenderer.format
    return digits if is_xml else orjson.Fragment(digits)


def is_confirmed(request: Request) -> bool:
    return request.query_params.get("confirm", "").lower() == "true"
