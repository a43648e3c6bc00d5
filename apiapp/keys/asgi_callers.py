"""Blocking: who calls a plain ASGI app, found the same three ways as DRF finds it.

What streams (upload bodies, sockets) never passes Django's middleware; it asks here, in a thread.
"""

import io
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.request import Request

from apiapp.http.known import known_of
from apiapp.keys.authentication import (
    CHALLENGE,
    BasicAuthentication,
    SessionAuthentication,
    caller_with_key,
)
from apiapp.keys.callers import Caller

AUTHENTICATORS = (BasicAuthentication, SessionAuthentication)
AUTHORIZATION = b"authorization"
# They describe the body, and the request made here has none.
BODY_HEADERS = (b"content-type", b"content-length", b"transfer-encoding")


def caller_from_scope(scope: dict[str, Any], *, csrf_token: str | None = None) -> Caller:
    """The caller behind an ASGI `http` or `websocket` scope; a socket counts as a GET.

    `csrf_token` stands in for a missing X-CSRFToken header: a form may carry it as a field.
    Raises NotAuthenticated, AuthenticationFailed (both with the `auth_header` to answer) and
    PermissionDenied (a session without its CSRF token).  Queries the database: the calling thread
    looks after its connection.
    """
    try:
        # To make a request for DRF takes longer than to know a key.
        caller = caller_with_key(authorization_in(scope)) or caller_of_person(scope, csrf_token)
    except (AuthenticationFailed, NotAuthenticated) as error:
        error.auth_header = CHALLENGE  # type: ignore[union-attr]
        raise
    known_of(scope).add_caller(caller)
    return caller


def authorization_in(scope: dict[str, Any]) -> str:
    """The header's value; what is sent twice is joined, as Django joins it."""
    sent = (value.decode("latin-1") for name, value in scope["headers"] if name == AUTHORIZATION)
    return ",".join(sent)


def caller_of_person(scope: dict[str, Any], csrf_token: str | None) -> Caller:
    """Who shows a password or a session.  Raises as caller_from_scope."""
    request = Request(
        request_without_body(scope, csrf_token), authenticators=[cls() for cls in AUTHENTICATORS]
    )
    caller = request.auth
    if not isinstance(caller, Caller):
        raise NotAuthenticated
    return caller


def require_scope(caller: Caller, scope: str) -> None:
    """Raises PermissionDenied if this way of calling lacks `scope` (see keys/scopes.py)."""
    if not caller.may(scope):
        raise PermissionDenied(f"this key lacks the scope {scope!r}")


def request_without_body(scope: dict[str, Any], csrf_token: str | None) -> HttpRequest:
    """A Django request with session and user, as the middleware would have made it."""
    headers = [(name, value) for name, value in scope["headers"] if name not in BODY_HEADERS]
    request = ASGIRequest(
        {"method": "GET", **scope, "type": "http", "headers": headers}, io.BytesIO()
    )
    if csrf_token is not None:
        request.META.setdefault(settings.CSRF_HEADER_NAME, csrf_token)
    SessionMiddleware(no_response).process_request(request)
    AuthenticationMiddleware(no_response).process_request(request)
    return request


def no_response(request: HttpRequest) -> HttpResponse:
    """The middleware is only asked about requests; what it wraps is never called."""
    raise NotImplementedError
