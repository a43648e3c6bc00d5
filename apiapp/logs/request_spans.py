"""Each request as a span of OpenTelemetry, where its packages are installed; see tracing.py.

Names and attributes are those of its semantic conventions for HTTP (stable since 1.23).
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, use_span

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
RouteOf = Callable[[str], str]

KNOWN = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"})
REQUEST_ID = b"x-request-id"
BROKEN = 500


def begun(method: str, path: str, scheme: str, route: str, sent: dict[str, str]) -> Span:
    """A span below the one that the request's headers tell of, if they do."""
    known = method if method in KNOWN else "_OTHER"
    return trace.get_tracer("sluice").start_span(
        f"{method if method in KNOWN else 'HTTP'} {route}",
        context=propagate.extract(sent),
        kind=SpanKind.SERVER,
        attributes={
            "http.request.method": known,
            "http.route": route,
            "url.path": path,
            "url.scheme": scheme,
        },
    )


def answered(span: Span, status: int, request_id: str) -> None:
    span.set_attribute("http.response.status_code", status)
    if request_id:
        span.set_attribute("http.request.id", request_id)
    if status >= BROKEN:
        span.set_attribute("error.type", str(status))
        span.set_status(Status(StatusCode.ERROR))


class RequestSpans:
    """An ASGI application around another.  route_of: what a path is counted under."""

    def __init__(self, app: App, *, route_of: RouteOf) -> None:
        self._app, self._route_of = app, route_of

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, scheme = scope["path"], scope.get("scheme", "http")
        sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        span = begun(scope["method"], path, scheme, self._route_of(path), sent)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = {bytes(name).lower(): value for name, value in message["headers"]}
                answered(span, message["status"], headers.get(REQUEST_ID, b"").decode("latin-1"))
            await send(message)

        with use_span(span, end_on_exit=True):
            await self._app(scope, receive, told)


class RequestSpansWsgi:
    """A WSGI application around another.  route_of: what a path is counted under."""

    def __init__(self, app: Callable[..., Iterable[bytes]], *, route_of: RouteOf) -> None:
        self._app, self._route_of = app, route_of

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "").encode("latin-1").decode(errors="replace")
        sent = {
            name[5:].replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        route, scheme = self._route_of(path), environ.get("wsgi.url_scheme", "http")
        span = begun(environ["REQUEST_METHOD"], path, scheme, route, sent)

        def told(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            found = {name.lower().encode(): value for name, value in headers}
            answered(span, int(status[:3]), found.get(REQUEST_ID, ""))
            return start_response(status, headers, *more)

        try:
            with use_span(span):
                return Spanned(self._app(environ, told), span)
        except BaseException:
            span.end()
            raise


class Spanned:
    """An answer on its way, whose span ends when the server closes it (PEP 3333)."""

    def __init__(self, answer: Iterable[bytes], span: Span) -> None:
        self._answer, self._span = answer, span

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        try:
            close = getattr(self._answer, "close", None)
            if close:
                close()
        finally:
            self._span.end()
