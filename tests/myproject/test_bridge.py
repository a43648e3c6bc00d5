"""The bridge answers what Django answers, whatever the size or the manner of body and answer."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import Client
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from myproject.bridge import SMALL_BODY_BYTES, Bridge

pytestmark = pytest.mark.urls(__name__)

streaming = {"made": 0}


@csrf_exempt
def echo(request: HttpRequest, rest: str) -> HttpResponse:
    return JsonResponse(
        {
            "method": request.method,
            "path": request.path,
            "query": request.GET.dict(),
            "length": len(request.body),
            "sum": sum(request.body),
            "type": request.content_type,
            "cookie": request.COOKIES.get("b"),
            "x": request.headers.get("X-Thing"),
            "smuggled": request.META.get("HTTP_X_SMUGGLED"),
        }
    )


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        for number in range(1000):
            streaming["made"] = number + 1
            yield b"%d\n" % number

    return StreamingHttpResponse(parts())


def thread_names(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(iter([threading.current_thread().name.encode(), b"\n", b"x"]))


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("nothing", status=404)


def handler500(request: HttpRequest) -> HttpResponse:
    return HttpResponse("unreadable", status=500)


urlpatterns = [
    path("echo/<path:rest>", echo),
    path("stream", stream),
    path("threads", thread_names),
]


class Conversation:
    """One request through the bridge, by hand; a client that leaves is `leaves_after` chunks."""

    def __init__(self, body: list[bytes], *, is_cut: bool = False) -> None:
        self._incoming = [
            {"type": "http.request", "body": part, "more_body": True} for part in body
        ]
        if is_cut:
            self._incoming.append({"type": "http.disconnect"})
        else:
            self._incoming.append({"type": "http.request", "body": b"", "more_body": False})
        self.sent: list[dict[str, Any]] = []
        self.left = asyncio.Event()
        self.leaves_after = 0

    async def receive(self) -> dict[str, Any]:
        if self._incoming:
            return self._incoming.pop(0)
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        if self.leaves_after and len(self.sent) > self.leaves_after:
            self.left.set()

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def content(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


def scope_of(
    raw_path: bytes, *, query: bytes = b"", headers: Any = (), method: str = "POST"
) -> Any:
    return {
        "type": "http",
        "method": method,
        "raw_path": raw_path,
        "query_string": query,
        "http_version": "1.1",
        "scheme": "http",
        "server": ("localhost", 8000),
        "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"localhost"), *headers],
    }


async def converse(scope: Any, conversation: Conversation) -> Conversation:
    bridge = Bridge(WSGIHandler(), threads=2)
    await asyncio.wait_for(bridge(scope, conversation.receive, conversation.send), 20)
    return conversation


@pytest.mark.parametrize("size", [1, SMALL_BODY_BYTES - 1, SMALL_BODY_BYTES, 3_000_000])
@pytest.mark.parametrize("part_bytes", [1000, 1_000_000])
async def test_bodies_of_any_size_arrive_whole(size: int, part_bytes: int):
    body = bytes(range(256)) * (size // 256 + 1)
    parts = [body[:size][at : at + part_bytes] for at in range(0, size, part_bytes)]
    scope = scope_of(
        b"/echo/x",
        headers=[(b"content-length", b"%d" % size), (b"content-type", b"application/x-thing")],
    )

    answer = await converse(scope, Conversation(parts))

    expected = Client().post("/echo/x", body[:size], content_type="application/x-thing")
    assert answer.content == expected.content
    assert len(answer.sent) == 2


@pytest.mark.parametrize(
    ("raw_path", "query"),
    [
        (b"/echo/a%20b", b"a=1&a=2&b=%E8%B5%84"),
        ("/echo/资源".encode(), "名=源".encode()),
        (b"/echo/%E8%B5%84%E6%BA%90", b""),
        (b"/echo/%2F..%2f", b"&&=;"),
        (b"/echo/%ff", b"x=%ff"),
        (b"/missing", b""),
    ],
)
async def test_paths_and_queries_mean_what_they_mean_to_django(raw_path: bytes, query: bytes):
    answer = await converse(scope_of(raw_path, query=query, method="GET"), Conversation([]))

    escaped = "".join(chr(b) if b < 128 else f"%{b:02X}" for b in raw_path + b"?" + query)
    expected = Client().get(escaped)
    assert (answer.status, answer.content) == (expected.status_code, expected.content)


async def test_a_chunked_body_without_a_length_is_read():
    answer = await converse(scope_of(b"/echo/x"), Conversation([b"abc", b"def"]))

    assert b'"length": 6' in answer.content


async def test_repeated_headers_are_joined_and_those_with_an_underscore_dropped():
    headers = [
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"x-thing", b"one"),
        (b"x-thing", b"two"),
        (b"x_smuggled", b"yes"),
    ]

    answer = await converse(scope_of(b"/echo/x", headers=headers), Conversation([]))

    assert b'"cookie": "2"' in answer.content
    assert b'"x": "one,two"' in answer.content
    assert b'"smuggled": null' in answer.content


async def test_a_long_answer_is_streamed_in_order():
    answer = await converse(scope_of(b"/stream", method="GET"), Conversation([]))

    assert answer.content == b"".join(b"%d\n" % number for number in range(1000))
    assert answer.sent[-1] == {"type": "http.response.body", "body": b""}


async def test_nothing_more_is_made_for_a_client_that_left():
    conversation = Conversation([])
    conversation.leaves_after = 3

    await converse(scope_of(b"/stream", method="GET"), conversation)

    assert streaming["made"] < 100


async def test_a_body_that_was_cut_is_never_taken_for_a_whole():
    scope = scope_of(b"/echo/x", headers=[(b"content-length", b"1000000")])

    small = await converse(scope, Conversation([b"x" * 10], is_cut=True))
    large = await converse(scope, Conversation([b"x" * 100_000] * 3, is_cut=True))

    assert small.sent == []
    assert large.status == 500


async def test_a_request_begins_and_ends_in_one_thread():
    seen: list[str] = []

    def note(**_: Any) -> None:
        seen.append(threading.current_thread().name)

    request_started.connect(note)
    request_finished.connect(note)
    try:
        answer = await converse(scope_of(b"/threads", method="GET"), Conversation([]))
    finally:
        request_started.disconnect(note)
        request_finished.disconnect(note)

    assert len(seen) == 2
    assert set(seen) == {answer.content.split(b"\n")[0].decode()}
