"""Who is calling on a WebSocket, and from which page; and who looks at pictures over HTTP.  Async."""

import asyncio
import re
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from django.http.request import split_domain_port, validate_host
from rest_framework.exceptions import APIException

from apiapp.keys.asgi_callers import caller_from_scope
from apiapp.keys.callers import Caller
from apiapp.keys.services import PREFIX_BYTES
from streaming.shown import name_and_password, shows_token

POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1
API_KEY = re.compile(rf"[0-9a-f]{{{2 * PREFIX_BYTES}}}\.[\w-]{{20,}}")

Headers = dict[bytes, bytes]


class CallerMiddleware:
    """Puts the Caller, or None, into `scope["caller"]`.

    On a socket a cookie is believed only from a page of this server or of CSRF_TRUSTED_ORIGINS:
    browsers send cookies whichever page opens the socket.  Whoever shows a key, a password or a
    link's token needs no Origin, nor does a program that shows nothing at all.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            headers = dict(scope["headers"])
            is_own_page = is_allowed_origin(headers)
            if not is_own_page and is_browser(headers) and not shows_credentials(scope, headers):
                await receive()
                await send({"type": "websocket.close", "code": POLICY_VIOLATION})
                return
            if not is_own_page:
                scope = {**scope, "headers": without(b"cookie", scope["headers"])}
        caller = await asyncio.to_thread(find_caller, scope)
        await self._application({**scope, "caller": caller}, receive, send)


def find_caller(scope: dict[str, Any]) -> Caller | None:
    if shows_token(scope):
        return None  # a link's token: not a login that failed
    try:
        return caller_from_scope(with_key_as_bearer(scope))
    except APIException:
        return None
    finally:
        close_old_connections()


def with_key_as_bearer(scope: dict[str, Any]) -> dict[str, Any]:
    """An API key in place of a password is meant as a key: players take an address alone."""
    scheme, _, written = dict(scope["headers"]).get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"basic":
        return scope
    _, password = name_and_password(written.decode("latin-1").strip())
    if not API_KEY.fullmatch(password):
        return scope
    bearer = (b"authorization", f"Bearer {password}".encode())
    return {**scope, "headers": [*without(b"authorization", scope["headers"]), bearer]}


def is_browser(headers: Headers) -> bool:
    """Whether it sends what browsers send by themselves."""
    return b"origin" in headers or b"cookie" in headers


def shows_credentials(scope: dict[str, Any], headers: Headers) -> bool:
    """Whether the caller knows something, beyond what browsers send by themselves.

    They do send a name and a password once typed, so from another page these do not count.
    """
    if shows_token(scope):
        return True
    scheme = headers.get(b"authorization", b"").partition(b" ")[0].lower()
    return bool(scheme) and (b"origin" not in headers or scheme != b"basic")


def without(name: bytes, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(each, value) for each, value in headers if each != name]


def is_allowed_origin(headers: Headers) -> bool:
    """True for a page of this very host, or of an origin that settings trust."""
    origin = headers.get(b"origin", b"").decode("latin1")
    host = headers.get(b"host", b"").decode("latin1")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    domain, _ = split_domain_port(host.lower())
    is_own = origin in (f"http://{host}", f"https://{host}")
    return is_own and validate_host(domain, settings.ALLOWED_HOSTS)
