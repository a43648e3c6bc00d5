"""OpenTelemetry, where its packages are installed: nothing here needs them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from importlib import import_module
from typing import Any

trace: Any
propagate: Any
try:
    from opentelemetry import propagate, trace
except ImportError:  # as usual
    propagate = trace = None

BAD = 400


def is_installed() -> bool:
    return trace is not None


def ids() -> dict[str, str]:
    """ECS fields by which a line is found from its trace; none outside of one."""
    if trace is None:
        return {}
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace.id": f"{context.trace_id:032x}", "span.id": f"{context.span_id:016x}"}


def carried(work: Callable[..., Any]) -> Callable[..., Any]:
    """`work` for another thread, within the trace that is current here."""
    if trace is None or not trace.get_current_span().get_span_context().is_valid:
        return work
    context = copy_context()
    return lambda *arguments: context.run(work, *arguments)


def spanned(app: Any, *, route_of: Callable[[str], str]) -> Any:
    """An ASGI application, each of whose requests is a span; the same without the packages."""
    if trace is None:
        return app
    return import_module("apiapp.logs.request_spans").RequestSpans(app, route_of=route_of)


def spanned_wsgi(app: Any, *, route_of: Callable[[str], str]) -> Any:
    """The same of a WSGI application."""
    if trace is None:
        return app
    return import_module("apiapp.logs.request_spans").RequestSpansWsgi(app, route_of=route_of)


def call_span(
    method: str, *, host: str, port: int, url: str, resent: int = 0
) -> AbstractContextManager[Any]:
    """The span of one request to somebody; None without the packages.

    url: as it may be shown.  resent: how many requests came before, of the same call.
    """
    if trace is None:
        return nullcontext()
    attributes = {
        "http.request.method": method,
        "server.address": host,
        "server.port": port,
        "url.full": url,
        **({"http.request.resend_count": resent} if resent else {}),
    }
    return _call_span(method, attributes)


@contextmanager
def _call_span(method: str, attributes: dict[str, Any]) -> Iterator[Any]:
    tracer, kind = trace.get_tracer("sluice"), trace.SpanKind.CLIENT
    with tracer.start_as_current_span(method, kind=kind, attributes=attributes) as span:
        try:
            yield span
        except Exception as error:
            span.set_attribute("error.type", type(error).__qualname__)
            raise


def note_answer(span: Any, status: int) -> None:
    """What a call was answered with."""
    if span is None:
        return
    span.set_attribute("http.response.status_code", status)
    if status >= BAD:
        span.set_attribute("error.type", str(status))
        span.set_status(trace.Status(trace.StatusCode.ERROR))


def propagated(headers: dict[str, str]) -> dict[str, str]:
    """The headers of a call, and in which trace it is made (W3C Trace Context: traceparent)."""
    if trace is None:
        return headers
    told: dict[str, str] = {}
    propagate.inject(told)
    present = {name.lower() for name in headers}
    return {**headers, **{name: told[name] for name in told if name.lower() not in present}}
