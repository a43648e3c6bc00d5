"""Async: what Django's middleware does for its answers, for the plain ASGI apps beside it."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from apiapp.http import request_ids
from apiapp.http.known import known_of

ANY = b"*"

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Any, Send], Awaitable[None]]


class Around:
    """Names the request, and says which pages of other origins may read the answer.

    allowed_origins: `https://example.org`, ..., or `*`: any.  exposed: headers that such a page may see.
    headers: of every answer that does not say otherwise, in lower case.
    """

    def __init__(
        self,
        app: App,
        *,
        allowed_origins: Collection[str],
        exposed: Collection[str],
        headers: Mapping[str, str],
    ) -> None:
        self._app = app
        self._headers = {name.encode(): value.encode() for name, value in headers.items()}
        self._allowed_origins = frozenset(origin.encode() for origin in allowed_origins)
        self._exposed = ", ".join(exposed).encode()

    async def __call__(self, scope: Message, receive: Any, send: Send) -> None:
        sent = dict(scope["headers"])
        raw_id = sent.get(request_ids.HEADER.lower().encode(), b"")
        request_id = request_ids.request_id_for(raw_id.decode("latin-1"))
        added = [(request_ids.HEADER.lower().encode(), request_id.encode())]
        added += self._cross_origin(sent.get(b"origin", b""))

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {**self._headers, **dict(message["headers"])}
                message = {**message, "headers": [*said.items(), *added]}
            await send(message)

        with request_ids.named(request_id, known_of(scope)):
            await self._app(scope, receive, send_more)

    def _cross_origin(self, origin: bytes) -> list[tuple[bytes, bytes]]:
        """Fetch standard, section 3.3: the preflight was answered by Django."""
        exposed = (b"access-control-expose-headers", self._exposed)
        if origin and ANY in self._allowed_origins:
            return [(b"access-control-allow-origin", ANY), exposed]
        if origin not in self._allowed_origins:
            return []
        return [(b"access-control-allow-origin", origin), exposed, (b"vary", b"origin")]
