"""The base of every API view."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.status import HTTP_201_CREATED
from rest_framework.views import APIView

from apiapp.http.errors import BodyTooLarge, require_plain
from apiapp.http.lifecycle import Deprecation


class ApiView(APIView):
    """rate_policy: a name in settings.RATE_LIMITS, where the caller's own limit is not meant.

    deprecation: said in every answer, once the endpoint is to go.
    is_received_elsewhere: an ASGI app answers before this view does, with JSON alone.
    tells_problems: False where DRF's own errors are answered as DRF does it.
    """

    rate_policy: str | None = None
    deprecation: Deprecation | None = None
    is_received_elsewhere = False
    tells_problems = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """As DRF's, but a caller is counted before being refused: guessing has a limit too."""
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(
            request
        )
        request.version, request.versioning_scheme = None, None
        require_plain(request.META.get("HTTP_CONTENT_ENCODING", ""))
        refuse_large_body(request)
        try:
            self.perform_authentication(request)
        finally:
            self.check_throttles(request)
        self.check_permissions(request)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        add_headers(answer, getattr(request._request, "rate_limit_headers", {}))
        if self.deprecation:
            add_headers(answer, self.deprecation.headers(self.kwargs))
        return answer


def located(
    request: Request, data: Any, *, route: str, key: Any, status: int = HTTP_201_CREATED
) -> Response:
    """The answer that tells of what was made, and where it is: at `route`, by its `key`."""
    location = reverse(route, args=[key], request=request)
    return Response(data, status=status, headers={"Location": location})


def add_headers(response: HttpResponseBase, headers: Mapping[str, str]) -> None:
    """Lists (RFC 9110, section 5.6.1) that are there already grow."""
    for name, value in headers.items():
        response[name] = f"{response[name]}, {value}" if response.has_header(name) else value


def refuse_large_body(request: Request) -> None:
    """Raises BodyTooLarge: the body is going to be in memory."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    size_bytes = int(declared) if declared.isdecimal() else 0
    if size_bytes > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise BodyTooLarge(size_bytes=size_bytes, limit_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
