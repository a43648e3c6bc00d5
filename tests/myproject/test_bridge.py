"""The bridge answers what Django answers, whatever the size or the manner of body and answer."""

import asyncio
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import Client
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from apiapp.problems import problem_for
from myproject.bridge import SMALL_ANSWER_BYTES, Bridge
from myproject.request_bodies import IN_MEMORY_BYTES, BodyTerms
from myproject.turns import Turns

pytestmark = pytest.mark.urls(__name__)

TERMS = BodyTerms(limit_bytes=4_000_000, idle_s=5)

streaming = {"made": 0}
slow: dict[str, Any] = {}


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


def page(request: HttpRequest) -> FileResponse:
    return FileResponse(io.BytesIO(b"x" * SMALL_ANSWER_BYTES), filename="page.html")


def wait(request: HttpRequest) -> HttpResponse:
    slow["begun"].release()
    assert slow["may_end"].wait(20)
    return HttpResponse("at last")


def fail(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        yield b"a" * 100_000
        raise ValueError("half way")

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
    path("page", page),
    path("wait", wait),
    path("fail", fail),
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


@contextmanager
def open_bridge(terms: BodyTerms = TERMS, *, most: int = 2, stall_s: float = 5) -> Iterator[Bridge]:
    turns = Turns(most=most, streams=1)
    try:
        yield Bridge(
            WSGIHandler(), turns=turns, body_terms=terms, stall_s=stall_s, problem_for=problem_for
        )
    finally:
        turns.close()


async def converse(
    scope: Any, conversation: Conversation, terms: BodyTerms = TERMS
) -> Conversation:
    with open_bridge(terms) as bridge:
        await asyncio.wait_for(bridge(scope, conversation.receive, conversation.send), 20)
    return conversation


@pytest.mark.parametrize("size", [1, 65_536, IN_MEMORY_BYTES, IN_MEMORY_BYTES + 1, 3_000_000])
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


@pytest.mark.parametrize("part_bytes", [3, 1_000_000])
async def test_a_chunked_body_without_a_length_is_read(part_bytes: int):
    scope = scope_of(b"/echo/x", headers=[(b"transfer-encoding", b"chunked")])

    answer = await converse(scope, Conversation([b"x" * part_bytes] * 2))

    assert b'"length": %d' % (2 * part_bytes) in answer.content


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
    assert all(message["more_body"] for message in answer.sent[1:-1])
    assert not answer.sent[-1]["more_body"]


async def test_nothing_more_is_made_for_a_client_that_left():
    conversation = Conversation([])
    conversation.leaves_after = 3

    await converse(scope_of(b"/stream", method="GET"), conversation)

    assert streaming["made"] < 100


async def test_a_body_that_was_cut_is_never_taken_for_a_whole():
    scope = scope_of(b"/echo/x", headers=[(b"content-length", b"1000000")])

    for parts in ([b"x" * 10], [b"x" * 100_000] * 3):
        answer = await converse(scope, Conversation(parts, is_cut=True))
        assert answer.sent == []


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


# --- refusals
def trickle(conversation: Conversation, *, pause_s: float) -> Conversation:
    """The same, but `pause_s` before each message."""
    at_once = conversation.receive

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause_s)
        return await at_once()

    conversation.receive = receive  # type: ignore[method-assign]
    return conversation


def problem_of(answer: Conversation) -> dict[str, Any]:
    headers = dict(answer.sent[0]["headers"])
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"connection"] == b"close"
    assert headers[b"x-request-id"] == b"mine"
    problem: dict[str, Any] = json.loads(answer.content)
    assert problem["status"] == answer.status
    assert problem["instance"] == "mine"
    return problem


MINE = (b"x-request-id", b"mine")


@pytest.mark.parametrize("declared", [[(b"content-length", b"4000001")], []])
async def test_a_body_above_the_limit_is_refused(declared: Any):
    body = Conversation([b"x" * 1_000_000] * 4 + [b"x"])

    answer = await converse(scope_of(b"/echo/x", headers=[MINE, *declared]), body)

    assert answer.status == 413
    assert problem_of(answer)["type"] == "urn:sluice:problem:body-too-large"
    assert answer._incoming == []  # one who is still sending does not read the answer


@pytest.mark.parametrize("sent", [[], [b"x"], [b"x" * 2_000_000]])
async def test_a_body_that_stops_is_refused(sent: list[bytes]):
    body = trickle(Conversation(sent), pause_s=0)
    body._incoming.pop()

    answer = await converse(
        scope_of(b"/echo/x", headers=[MINE]), body, BodyTerms(limit_bytes=4_000_000, idle_s=0.05)
    )

    assert answer.status == 408
    assert problem_of(answer)["type"] == "urn:sluice:problem:body-stalled"


async def test_a_body_that_trickles_is_refused_though_something_always_comes():
    terms = BodyTerms(limit_bytes=4_000_000, idle_s=5, start_s=0.05, least_bytes_per_s=1000)

    answer = await converse(
        scope_of(b"/echo/x", headers=[MINE]),
        trickle(Conversation([b"x"] * 500), pause_s=0.01),
        terms,
    )

    assert answer.status == 408
    assert problem_of(answer)["type"] == "urn:sluice:problem:body-stalled"
    assert len(answer._incoming) > 400


async def test_bodies_on_their_way_hold_no_thread():
    with open_bridge(most=1) as bridge:
        stopped = [Conversation([b"x" * 100_000]) for _ in range(5)]
        for conversation in stopped:
            conversation._incoming.pop()
        stuck = [
            asyncio.create_task(bridge(scope_of(b"/echo/x"), c.receive, c.send)) for c in stopped
        ]

        other = Conversation([])
        await asyncio.wait_for(bridge(scope_of(b"/echo/x"), other.receive, other.send), 10)

        assert other.status == 200
        for conversation in stopped:
            conversation.left.set()
        await asyncio.gather(*stuck)


# --- who waits, who leaves
@pytest.fixture
def waiting_view() -> Iterator[None]:
    slow.update(begun=threading.Semaphore(0), may_end=threading.Event())
    yield
    slow["may_end"].set()


@pytest.mark.usefixtures("waiting_view")
async def test_slow_requests_do_not_stop_short_ones():
    with open_bridge(most=4) as bridge:
        waits = [Conversation([]) for _ in range(3)]
        tasks = [
            asyncio.create_task(bridge(scope_of(b"/wait", method="GET"), c.receive, c.send))
            for c in waits
        ]

        short = Conversation([])
        await asyncio.wait_for(bridge(scope_of(b"/echo/x"), short.receive, short.send), 10)

        assert short.status == 200
        assert not any(task.done() for task in tasks)
        slow["may_end"].set()
        await asyncio.wait_for(asyncio.gather(*tasks), 10)
        assert [conversation.content for conversation in waits] == [b"at last"] * 3


@pytest.mark.usefixtures("waiting_view")
async def test_a_request_whose_client_left_in_the_queue_is_not_worked_on():
    with open_bridge(most=1) as bridge:
        first, second = Conversation([]), Conversation([])
        working = asyncio.create_task(
            bridge(scope_of(b"/wait", method="GET"), first.receive, first.send)
        )
        await asyncio.to_thread(slow["begun"].acquire, timeout=10)
        queued = asyncio.create_task(
            bridge(scope_of(b"/wait", method="GET"), second.receive, second.send)
        )

        second.left.set()
        await asyncio.wait_for(queued, 10)
        slow["may_end"].set()
        await asyncio.wait_for(working, 10)

        assert first.content == b"at last"
        assert second.sent == []
        assert not slow["begun"].acquire(blocking=False)


async def test_a_reader_that_stops_reading_gives_the_thread_free():
    unread = Conversation([])
    blocked = asyncio.Event()

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            await blocked.wait()

    with open_bridge(most=1, stall_s=0.05) as bridge:
        scope = scope_of(b"/stream", method="GET")
        await asyncio.wait_for(bridge(scope, unread.receive, send), 10)
        other = Conversation([])
        await asyncio.wait_for(bridge(scope_of(b"/echo/x"), other.receive, other.send), 10)

    assert streaming["made"] < 100
    assert other.status == 200


# --- answers in pieces
async def test_an_answer_in_pieces_that_is_short_leaves_in_one():
    answer = await converse(scope_of(b"/page", method="GET"), Conversation([]))

    assert len(answer.content) == SMALL_ANSWER_BYTES
    assert len(answer.sent) == 2


async def test_nothing_is_made_for_a_head_request():
    streaming["made"] = 0

    answer = await converse(scope_of(b"/stream", method="HEAD"), Conversation([]))

    assert (answer.status, answer.content, streaming["made"]) == (200, b"", 0)


async def test_an_answer_that_fails_half_way_is_not_taken_for_a_whole():
    failing = Conversation([])

    with pytest.raises(ValueError, match="half way"):
        await converse(scope_of(b"/fail", method="GET"), failing)

    assert all(message.get("more_body", True) for message in failing.sent)
