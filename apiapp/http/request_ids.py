"""Request ids: in the answer, in the log and in every problem, to find one by the other."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from random import getrandbits
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from apiapp.http.known import KEY, Known

HEADER = "X-Request-Id"
# What a proxy or a client may name its request: harmless in a log line, a header and a URI.
SANE = re.compile(r"[A-Za-z0-9._~-]{1,128}")
NONE = "-"

_current: ContextVar[str] = ContextVar("request_id", default=NONE)
_known: ContextVar[Known | None] = ContextVar("known", default=None)


def request_id_for(sent: str) -> str:
    """The id that a client sent if it is sane, else a new one."""
    # Told apart they must be, guessed they may be: no need to ask the system for each.
    return sent if SANE.fullmatch(sent) else f"{getrandbits(128):032x}"  # nosec B311


def current() -> str:
    """The id of the request that is being answered here; `-` outside of any."""
    return _current.get()


@contextmanager
def named(request_id: str, known: Known | None = None) -> Iterator[None]:
    """What is logged within belongs to the request of this id; its lines tell what is `known`."""
    token = _current.set(request_id)
    if known is not None:
        known.request_id = request_id
    outer = _known.set(known)
    try:
        yield
    finally:
        _known.reset(outer)
        _current.reset(token)


class RequestIdMiddleware:
    """Names each request; the outermost, so that every answer tells the name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request_id_for(request.META.get("HTTP_X_REQUEST_ID", ""))
        request.request_id = request_id  # type: ignore[attr-defined]
        with named(request_id, request.META.get(KEY)):
            response = self._get_response(request)
        response[HEADER] = request_id
        return response


class RequestIdFilter(logging.Filter):
    """Gives every record the `request_id` it belongs to, and what is `known` of its request.

    Django logs some answers after the middleware is through, and names the request then.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        request: Any = getattr(record, "request", None)
        record.request_id = getattr(request, "request_id", None) or current()
        known = _known.get() or getattr(request, "META", {}).get(KEY)
        within = request if isinstance(request, HttpRequest) else known and known.request
        if known and within:
            known.look(within)
        record.known = known
        return True
