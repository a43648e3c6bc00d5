"""The page that comes bit by bit: on the loop, in a thread of a WSGI server, over the wire."""

import asyncio
import http.client
import time
from itertools import pairwise
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import Client

from apiapp.examples import slow_page
from apiapp.examples.slow_page import PIECES, SlowPage
from tests.serving import Server

Message = dict[str, Any]
SCOPE = {"type": "http", "method": "GET", "path": "/stream"}
START = {"type": "http.response.start", "status": 200, "headers": [(b"x-from", b"django")]}
REFUSAL = {"type": "http.response.start", "status": 429, "headers": []}
NOTHING = {"type": "http.response.body", "body": b""}
TOO_MANY = {"type": "http.response.body", "body": b"{}"}


def django_that(*messages: Message) -> Any:
    """What stands in for Django: it answers HEAD so."""

    async def app(scope: Message, receive: Any, send: Any) -> None:
        assert scope["method"] == "HEAD"
        assert await receive() == {"type": "http.request", "body": b"", "more_body": False}
        for message in messages:
            await send(message)

    return app


async def stays() -> Message:
    return await asyncio.Future()


async def sent_by(page: SlowPage, receive: Any = stays) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await page(SCOPE, receive, send)
    return sent


async def test_each_piece_is_sent_by_itself_under_the_head_that_django_gave() -> None:
    start, *bodies, end = await sent_by(SlowPage(django_that(START, NOTHING), pause_s=lambda: 0.0))

    assert start == START
    assert [message["body"] for message in bodies] == list(PIECES)
    assert all(message["more_body"] for message in bodies)
    assert end == NOTHING


async def test_what_django_refuses_is_refused() -> None:
    page = SlowPage(django_that(REFUSAL, TOO_MANY), pause_s=lambda: 0.0)

    assert await sent_by(page) == [REFUSAL, TOO_MANY]


async def test_who_leaves_is_sent_nothing_more() -> None:
    messages = [{"type": "http.request", "body": b""}, {"type": "http.disconnect"}]

    async def leaves() -> Message:
        return messages.pop(0)

    page = SlowPage(django_that(START, NOTHING), pause_s=lambda: 3600.0)

    async with asyncio.timeout(10):
        sent = await sent_by(page, leaves)

    assert [message.get("body") for message in sent] == [None, PIECES[0]]


def test_other_methods_paths_and_sockets_are_not_for_it() -> None:
    page = SlowPage(django_that())

    assert page.matches(SCOPE)
    assert page.matches({**SCOPE, "path": "/stream/"})
    assert not page.matches({**SCOPE, "method": "HEAD"})
    assert not page.matches({**SCOPE, "path": "/stream/1"})
    assert not page.matches({**SCOPE, "type": "websocket"})


def test_pauses_are_within_what_is_promised() -> None:
    assert all(1 < slow_page.pause_s() < 3 for _ in range(1000))


@pytest.mark.django_db
def test_under_wsgi_django_streams_it_from_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_page, "PAUSE_S", (0.0, 0.0))

    answer = Client().get("/stream")

    assert isinstance(answer, StreamingHttpResponse)
    assert list(answer.streaming_content) == list(PIECES)  # type: ignore[call-overload]
    assert answer["Content-Type"] == "text/html; charset=utf-8"


def test_over_the_wire_each_piece_arrives_1_to_3_s_after_the_one_before(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/stream", headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    arrived, pieces = [], []
    while piece := answer.read1():
        arrived.append(time.monotonic())
        pieces.append(piece)
    connection.close()

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Request-Id"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Length"] is None
    assert pieces == list(PIECES)
    assert all(1 <= later - earlier <= 3 for earlier, later in pairwise(arrived))


def test_its_head_comes_at_once(server: Server) -> None:
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("HEAD", "/stream/")
    answer = connection.getresponse()
    connection.close()

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert time.monotonic() - started < 1
