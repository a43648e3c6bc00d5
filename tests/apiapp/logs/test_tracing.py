"""Traces, where OpenTelemetry is installed, and nothing of them where it is not."""

import json
import logging
import subprocess
import sys
import threading
from typing import Any

import pytest
from django.conf import settings
from opentelemetry.sdk.trace import TracerProvider

from apiapp.logs import tracing
from apiapp.logs.ecs import ecs_formatter
from apiapp.logs.redacting import redacted

RUN_S = 300


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


def said_by(program: str) -> Any:
    """What a process of its own prints: a provider of traces is for all of a process, for good."""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_nothing_of_it_is_needed_and_nothing_of_it_is_paid_for():
    said = said_by("""
import json
import sys
sys.modules["opentelemetry"] = None
from myproject.asgi import answer, application
from apiapp.logs import tracing
headers = {"A": "b"}
with tracing.call_span("GET", host="a", port=1, url="http://a/") as span:
    tracing.note_answer(span, 500)
print(json.dumps({
    "installed": tracing.is_installed(),
    "ids": tracing.ids(),
    "same": [
        tracing.carried(len) is len,
        tracing.propagated(headers) is headers,
        tracing.spanned(answer, route_of=str) is answer,
        tracing.spanned_wsgi(answer, route_of=str) is answer,
        application._app is answer,
    ],
    "loaded": [name for name in sys.modules if name.startswith(("opentelemetry.", "apiapp.logs.request_sp"))],
}))
""")

    assert said == {"installed": False, "ids": {}, "same": [True] * 5, "loaded": []}


SPANS = """
import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

kept = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(kept))
trace.set_tracer_provider(provider)
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SENT = {"traceparent": f"00-{TRACE}-{PARENT}-01", "x-request-id": "find-me"}


def told(**more):
    print(json.dumps({
        "spans": [
            {
                "name": span.name,
                "kind": span.kind.name,
                "trace": f"{span.context.trace_id:032x}",
                "id": f"{span.context.span_id:016x}",
                "parent": f"{span.parent.span_id:016x}" if span.parent else None,
                "status": span.status.status_code.name,
                **span.attributes,
            }
            for span in kept.get_finished_spans()
        ],
        **more,
    }))
"""
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    "asked",
    [
        """
from myproject.asgi import application
scope = {
    "type": "http", "method": "GET", "path": "/healthz", "raw_path": b"/healthz",
    "query_string": b"", "scheme": "http", "http_version": "1.1", "root_path": "",
    "client": ("127.0.0.1", 1), "server": ("localhost", 80), "asgi": {"version": "3.0"},
    "headers": [(b"host", b"localhost")] + [(k.encode(), v.encode()) for k, v in SENT.items()],
}
async def ask():
    came = iter([{"type": "http.request", "body": b"", "more_body": False}])
    async def receive():
        for message in came:
            return message
        await asyncio.Event().wait()
    async def send(message):
        pass
    await application(scope, receive, send)
asyncio.run(ask())
told()
""",
        """
import io
from myproject.wsgi import application
environ = {
    "REQUEST_METHOD": "GET", "PATH_INFO": "/healthz", "QUERY_STRING": "", "wsgi.url_scheme": "http",
    "SERVER_NAME": "localhost", "SERVER_PORT": "80", "HTTP_HOST": "localhost",
    "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(), "SERVER_PROTOCOL": "HTTP/1.1",
    **{"HTTP_" + k.upper().replace("-", "_"): v for k, v in SENT.items()},
}
answer = application(environ, lambda *_: None)
list(answer)
answer.close()
told()
""",
    ],
    ids=["asgi", "wsgi"],
)
def test_a_request_is_a_span_below_the_one_that_its_caller_tells(asked: str):
    (span,) = said_by(SPANS + asked)["spans"]

    assert (span["trace"], span["parent"]) == (TRACE, PARENT)
    assert (span["name"], span["kind"], span["status"]) == ("GET /healthz", "SERVER", "UNSET")
    assert span["http.request.method"] == "GET"
    assert span["http.route"] == span["url.path"] == "/healthz"
    assert span["http.response.status_code"] == 200
    assert span["http.request.id"] == "find-me"


def test_each_request_of_a_call_is_a_span_that_the_other_side_is_told_of():
    said = said_by(
        SPANS
        + """
from apiapp.outbound.client.calls import Call
from apiapp.outbound.client.client import Client
from apiapp.outbound.client.guard import Policy

heard, statuses = [], iter([503, 200])

class There(BaseHTTPRequestHandler):
    def do_GET(self):
        heard.append(self.headers["traceparent"])
        self.send_response(next(statuses))
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), There)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/orders?token=secret"
with Client(sleep=lambda _s: None) as client, trace.get_tracer("t").start_as_current_span("ours"):
    client.send(Call("GET", url), policy=Policy(allow_private=True))
server.shutdown()
told(heard=heard)
"""
    )

    first, second, ours = said["spans"]
    for span, traceparent in zip((first, second), said["heard"], strict=True):
        assert traceparent.startswith(f"00-{ours['trace']}-{span['id']}-")
        assert (span["name"], span["kind"], span["parent"]) == ("GET", "CLIENT", ours["id"])
        assert span["url.full"].endswith("/orders?token=[redacted]")
        assert span["server.address"] == "127.0.0.1"
    assert (first["http.response.status_code"], first["status"]) == (503, "ERROR")
    assert (second["http.response.status_code"], second["status"]) == (200, "UNSET")
    assert second["http.request.resend_count"] == 1


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
