"""Who is calling on a WebSocket, and from which page.  Async."""

import asyncio
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from django.http.request import split_domain_port, validate_host
from rest_framework.exceptions import APIException

from apiapp.keys.asgi_callers import caller_from_scope
from apiapp.keys.callers import Caller

POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1


class CallerMiddleware:
    """Puts the Caller, or None, into `scope["caller"]`.

    A cookie is believed only from a page of this server or of CSRF_TRUSTED_ORIGINS: browsers send
    cookies whichever page opens the socket.  Whoever shows a key or a password needs no Origin.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        shows_credentials = b"authorization" in headers
        if not shows_credentials and not is_allowed_origin(headers):
            await receive()
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        caller = await asyncio.to_thread(find_caller, scope)
        await self._application({**scope, "caller": caller}, receive, send)


def find_caller(scope: dict[str, Any]) -> Caller | None:
    try:
        return caller_from_scope(scope)
    except APIException:
        return None
    finally:
        close_old_connections()


def is_allowed_origin(headers: dict[bytes, bytes]) -> bool:
    """True for a page of this very host, or of an origin that settings trust."""
    origin = headers.get(b"origin", b"").decode("latin1")
    host = headers.get(b"host", b"").decode("latin1")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    domain, _ = split_domain_port(host.lower())
    is_own = origin in (f"http://{host}", f"https://{host}")
    return is_own and validate_host(domain, settings.ALLOWED_HOSTS)
