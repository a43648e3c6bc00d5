"""OpenTelemetry, where its packages are installed: nothing here needs them."""

from collections.abc import Callable
from contextvars import copy_context
from typing import Any

trace: Any
try:
    from opentelemetry import trace
except ImportError:  # as usual
    trace = None


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
