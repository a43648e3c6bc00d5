"""One middleware in the place of sixteen, for programs that call the API.

A program is known by what it does not send: no cookie, no language it would rather have, no page
that it runs on, no condition.  It gets what every answer has, in the server's own language, for a
fraction of the time that the middleware for people takes; tests/myproject compares both, over
every route.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.response import ResponseHeaders
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.module_loading import import_string

from apiapp.http import request_ids
from apiapp.http.answers import MIN_GZIP_BYTES, NEVER_KEPT, REVALIDATED, PackingMiddleware
from apiapp.http.known import KEY

Answering = Callable[[HttpRequest], HttpResponseBase]

PATHS = ("/api/", "/get_example", "/post_example", "/put_example", "/delete_example")
OF_BROWSERS = frozenset(
    {
        "HTTP_COOKIE",
        "HTTP_ACCEPT_LANGUAGE",
        "HTTP_ORIGIN",
        "HTTP_IF_NONE_MATCH",
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_MATCH",
        "HTTP_IF_UNMODIFIED_SINCE",
    }
)


def is_program(request: HttpRequest) -> bool:
    is_api = request.path_info.startswith(PATHS)
    if not is_api or not OF_BROWSERS.isdisjoint(request.META):
        return False
    return not settings.SECURE_SSL_REDIRECT or request.is_secure()


class ProgramMiddleware:
    """Around Django's innermost handler, which finds the view."""

    def __init__(self, get_response: Answering) -> None:
        def answer(request: HttpRequest) -> HttpResponseBase:
            request.get_host()  # raises DisallowedHost
            return get_response(request)

        self._answer: Any = convert_exception_to_response(answer)
        self._packing = PackingMiddleware(answer)
        self._said = {is_secure: said_of_all(is_secure=is_secure) for is_secure in (False, True)}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request_ids.request_id_for(request.META.get("HTTP_X_REQUEST_ID", ""))
        request.request_id = request_id  # type: ignore[attr-defined]
        translation.deactivate()  # the language of the thread's last request
        with request_ids.named(request_id, request.META.get(KEY)):
            response: HttpResponseBase = self._answer(request)
        headers = response.headers
        # One by one, with a look whether it is text, would take longer than the view of an echo.
        said = self._said[request.is_secure()]
        headers._store = {**said._store, **headers._store}
        headers[request_ids.HEADER] = request_id
        patch_vary_headers(response, ("Accept-Language",))
        is_read = response.status_code == 200 and request.method in ("GET", "HEAD")
        headers.setdefault("Cache-Control", REVALIDATED if is_read else NEVER_KEPT)
        if response.streaming:
            return self._packing.process_response(request, response)
        return self._finished(request, response)

    def _finished(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """An answer that is there as a whole, told by its length and its hash."""
        content = response.content  # type: ignore[attr-defined]
        headers = response.headers
        headers.setdefault("Content-Length", str(len(content)))
        is_told = "ETag" in headers or headers["Cache-Control"] == NEVER_KEPT
        if request.method == "GET" and content and not is_told:
            headers["ETag"] = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
        if len(content) < MIN_GZIP_BYTES:
            return response
        return self._packing.process_response(request, response)


def said_of_all(*, is_secure: bool) -> ResponseHeaders:
    """The headers that are the same on every answer: found by asking those who set them, once."""
    answer: Answering = lambda _request: HttpResponse()  # noqa: E731
    for path in reversed(settings.SAME_OF_ALL_MIDDLEWARE):
        answer = import_string(path)(answer)
    request = HttpRequest()
    request._get_scheme = lambda: "https" if is_secure else "http"  # type: ignore[attr-defined]
    headers = answer(request).headers
    del headers["Content-Type"]
    headers["Content-Language"] = settings.LANGUAGE_CODE
    return headers
