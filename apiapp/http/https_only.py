"""Async: what a server that speaks HTTPS answers to those who speak plain HTTP to it.

They see how to trust its certificate, which cannot be asked of them over HTTPS; what is asked for
beyond that they are sent to by its https address.
"""

import json
from collections.abc import Callable
from typing import Any

from django.http.request import split_domain_port, validate_host

OPEN = ("/https", "/static", "/healthz", "/readyz")  # each with what is below it
SECURE = {"https", "wss"}
POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1
FORBIDDEN = 403
TO_HTTPS = 307  # not 308: browsers would keep to it when the server speaks plain HTTP again


class HttpsOnly:
    """allowed_hosts: as ALLOWED_HOSTS; nobody is sent to another's address.  on_refusal: told the
    scope and the status of each request that the application does not hear of.
    """

    def __init__(
        self,
        application: Any,
        *,
        allowed_hosts: list[str],
        on_refusal: Callable[[dict[str, Any], int], None] = lambda scope, status: None,
    ) -> None:
        self._application = application
        self._allowed_hosts = allowed_hosts
        self._on_refusal = on_refusal

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        is_asked = scope["type"] in ("http", "websocket")
        if not is_asked or scope["scheme"] in SECURE or is_open(scope["path"]):
            await self._application(scope, receive, send)
        elif scope["type"] == "websocket":
            self._on_refusal(scope, FORBIDDEN)
            await receive()
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            status, headers, body = self._answer(scope)
            self._on_refusal(scope, status)
            await answer(send, status, headers, body)

    def _answer(self, scope: dict[str, Any]) -> tuple[int, dict[str, str], str]:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        domain, _ = split_domain_port(host.lower())
        is_ours = bool(domain) and validate_host(domain, self._allowed_hosts)
        if is_ours and scope["method"] in ("GET", "HEAD"):
            query = scope["query_string"].decode("latin-1")
            path = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
            return TO_HTTPS, {"location": f"https://{host}{path}"}, ""
        problem = {
            "type": "about:blank",
            "title": "Forbidden",
            "status": FORBIDDEN,
            "detail": "This server speaks HTTPS: use https:// in the address. What was sent over "
            "plain HTTP could be read on its way; replace a key or password that was in it.",
        }
        return FORBIDDEN, {"content-type": "application/problem+json"}, json.dumps(problem)


def is_open(path: str) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in OPEN)


async def answer(send: Any, status: int, headers: dict[str, str], body: str) -> None:
    content = body.encode()
    named = headers | {"content-length": str(len(content)), "cache-control": "no-store"}
    head = [(name.encode(), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": content})
