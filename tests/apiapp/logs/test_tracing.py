"""Traces, where OpenTelemetry is installed, and nothing of them where it is not."""

import json
import logging
import subprocess
import sys
import threading

from django.conf import settings
from opentelemetry.sdk.trace import TracerProvider

from apiapp.logs import tracing
from apiapp.logs.ecs import ecs_formatter
from apiapp.logs.redacting import redacted


def line() -> dict[str, object]:
    record = logging.LogRecord("a", logging.INFO, "", 0, "hello", (), None)
    return dict(json.loads(ecs_formatter(redacted).format(record)))


def test_lines_within_a_trace_tell_which():
    tracer = TracerProvider().get_tracer("tests")

    with tracer.start_as_current_span("asked") as span:
        within = line()

    context = span.get_span_context()
    assert within["trace.id"] == f"{context.trace_id:032x}"
    assert within["span.id"] == f"{context.span_id:016x}"
    assert "trace.id" not in line()


def test_nothing_of_it_is_needed():
    program = """
import sys
import threading
sys.modules["opentelemetry"] = None
from apiapp.logs import tracing
assert not tracing.is_installed()
assert tracing.ids() == {}
assert tracing.carried(len) is len
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=settings.BASE_DIR, capture_output=True, text=True
    )

    assert ended.returncode == 0, ended.stderr


def test_a_trace_goes_on_in_another_thread():
    tracer = TracerProvider().get_tracer("tests")
    found: list[dict[str, str]] = []
    with tracer.start_as_current_span("asked"):
        work = tracing.carried(lambda: found.append(tracing.ids()))
        expected = tracing.ids()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert found == [expected]
