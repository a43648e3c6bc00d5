"""What is decided of every answer of Django's: whether it may be kept, and whether it is packed."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

MIN_GZIP_BYTES = 1024  # below, packing costs more time than the network saves
PACKED = ("text/", "application/json", "application/problem+json", "application/xml")
STREAMS_PACKED = ("text/csv", "application/json", "application/x-ndjson")
REVALIDATED, NEVER_KEPT = "private, no-cache", "no-store"


class CacheControlMiddleware:
    """Says of every answer what caches may do with it (RFC 9111), unless its view has.

    What was read may be kept by its reader, and is asked about before it is used again; nothing
    else is kept anywhere.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if not response.has_header("Cache-Control"):
            is_read = request.method in ("GET", "HEAD") and response.status_code == 200
            response["Cache-Control"] = REVALIDATED if is_read else NEVER_KEPT
        return response


class PackingMiddleware(GZipMiddleware):
    """gzip, where it pays.  A page that comes bit by bit is not held back to be packed."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        content_type = response.get("Content-Type", "")
        if response.streaming:
            pays = content_type.startswith(STREAMS_PACKED)
        else:
            size_bytes = int(response.get("Content-Length") or 0)
            pays = content_type.startswith(PACKED) and size_bytes >= MIN_GZIP_BYTES
        return super().process_response(request, response) if pays else response
