"""What is counted of requests to the application that servers run, whoever answers them."""

import asyncio
import json
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.test import override_settings

from apiapp.monitoring.measuring import Counted
from apiapp.monitoring.tally import Figures, Kind, Tally
from myproject.asgi import answer, application
from tests.conftest import KeyFor

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

Counts = dict[Kind, Figures]


def counted_of(tally: Tally) -> Counts:
    return {kind: figures for (_, kind), figures in tally.take()[1].items()}


def around(app: Any, tally: Tally, *, endless: tuple[str, ...] = ()) -> Counted:
    return Counted(app, tally=tally, route_of=application._route_of, endless=endless)


async def ask(
    app: Any, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    coming = [{"type": "http.request", "body": body, "more_body": False}]
    said = {"host": "localhost", "content-length": str(len(body)), **(headers or {})}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in said.items()],
        "scheme": "http",
        "client": ("192.0.2.7", 4711),
        "server": ("localhost", 80),
    }

    async def receive() -> dict[str, Any]:
        if coming:
            return coming.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def content_of(sent: list[dict[str, Any]]) -> bytes:
    return b"".join(message.get("body", b"") for message in sent)


JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "route", "status"),
    [
        ("GET", "/api/data", {}, b"", "/api/data", 2),  # on the event loop
        ("GET", "/api/data", {"accept-language": "zh-hans"}, b"", "/api/data", 2),  # in a thread
        ("POST", "/post_example/", JSON, b'{"title": "a"}', "/post_example", 2),
        ("POST", "/post_example", JSON, b"{", "/post_example", 4),
        ("GET", "/api/jobs/17", {}, b"", "/api/jobs/{job_id}", 4),
        ("POST", "/api/tus/", {"tus-resumable": "0.1"}, b"", "/api/tus", 4),  # beside Django
        ("GET", "/screens/none/mjpeg", {}, b"", "/screens/{name}/mjpeg", 4),
        ("GET", "/no/such/path", {}, b"", "(unknown)", 4),
        ("GET", "/static/none.js", {}, b"", "/static/*", 4),
        ("GET", "/api/data", {"host": "elsewhere.example"}, b"", "/api/data", 4),
    ],
)
def test_every_way_to_an_answer_is_counted_once(
    method: str, path: str, headers: dict[str, str], body: bytes, route: str, status: int
):
    tally = Tally()

    sent = asyncio.run(ask(around(answer, tally), method, path, headers, body))

    counted = counted_of(tally)
    assert list(counted) == [Kind(route, method, status)]
    figures = counted[Kind(route, method, status)]
    assert figures.count == sum(figures.buckets.values()) == 1
    assert figures.sent_bytes == len(content_of(sent))
    assert figures.received_bytes == len(body)
    assert sent[0]["status"] // 100 == status


def test_a_chunk_of_an_upload_is_counted_with_its_bytes(user: User, key_for: KeyFor):
    tally = Tally()
    key = {"authorization": f"Bearer {key_for(user)}"}
    begun = b'{"filename": "a.csv", "size": 5}'

    async def scenario() -> None:
        app = around(answer, tally)
        made = await ask(app, "POST", "/api/uploads/", {**key, **JSON}, begun)
        assert made[0]["status"] == 201, made
        file_id = json.loads(content_of(made))["file_id"]
        octets = {"content-type": "application/octet-stream"}
        path = f"/api/uploads/{file_id}/chunks/0/"
        put = await ask(app, "PUT", path, {**key, **octets}, b"a,b\n1")
        assert put[0]["status"] < 300, put

    asyncio.run(scenario())

    put = counted_of(tally)[Kind("/api/uploads/{file_id}/chunks/{index}", "PUT", 2)]
    assert (put.count, put.received_bytes) == (1, 5)


def test_methods_that_anybody_makes_up_are_one():
    tally = Tally()

    asyncio.run(ask(around(answer, tally), "BREW", "/api/data"))

    assert [kind.method for kind in counted_of(tally)] == ["OTHER"]


def test_a_socket_is_counted_when_it_opens_and_its_bytes_when_it_ends(user: User, key_for: KeyFor):
    tally = Tally()
    bearer = (b"authorization", f"Bearer {key_for(user)}".encode())

    async def scenario() -> Counts:
        app = around(answer, tally)
        socket = WebsocketCommunicator(app, "/ws/jobs/", [(b"host", b"localhost"), bearer])
        is_open, _ = await socket.connect(timeout=30)
        assert is_open
        opened = counted_of(tally)
        await socket.send_to(text_data="no JSON, and é")
        await socket.disconnect(timeout=30)
        return opened

    kind = Kind("/ws/jobs", "WEBSOCKET", 1)
    assert asyncio.run(scenario())[kind].count == 1
    ended = counted_of(tally)[kind]
    assert (ended.count, ended.received_bytes) == (0, len("no JSON, and é".encode()))


def test_a_socket_that_is_refused_is_counted_as_refused():
    tally = Tally()
    elsewhere = [(b"host", b"localhost"), (b"origin", b"http://evil.example")]

    async def scenario() -> None:
        socket = WebsocketCommunicator(around(answer, tally), "/ws/jobs/", elsewhere)
        is_open, _ = await socket.connect(timeout=30)
        assert not is_open

    asyncio.run(scenario())

    assert {kind: each.count for kind, each in counted_of(tally).items()} == {
        Kind("/ws/jobs", "WEBSOCKET", 4): 1
    }


def test_an_answer_without_end_is_counted_when_it_begins():
    tally = Tally()
    seen: list[int] = []

    async def pictures(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        seen.append(sum(each.count for each in counted_of(tally).values()))
        await send({"type": "http.response.body", "body": b"picture", "more_body": True})

    asyncio.run(ask(around(pictures, tally, endless=("/video_feed",)), "GET", "/video_feed"))

    ended = counted_of(tally)[Kind("/video_feed", "GET", 2)]
    assert seen == [1]
    assert (ended.count, ended.sent_bytes) == (0, 7)


@pytest.mark.parametrize(("error", "status"), [(RuntimeError, 5), (asyncio.CancelledError, 0)])
def test_what_breaks_is_counted_as_broken_and_what_is_left_as_unanswered(
    error: type[BaseException], status: int
):
    tally = Tally()

    async def breaks(scope: Any, receive: Any, send: Any) -> None:
        raise error

    with pytest.raises(error):
        asyncio.run(ask(around(breaks, tally), "GET", "/api/data"))

    assert list(counted_of(tally)) == [Kind("/api/data", "GET", status)]


def test_who_else_is_told_learns_the_same():
    told: list[tuple[str, str, int, int]] = []
    app = Counted(
        answer,
        tally=Tally(),
        route_of=application._route_of,
        observers=[lambda scope, r: told.append((scope["path"], r.route, r.status, r.sent_bytes))],
    )

    with override_settings(RATE_LIMIT_ENABLED=False):
        sent = asyncio.run(ask(app, "GET", "/api/resource/7"))

    route = "/api/resource/{resource_id}"
    assert told == [("/api/resource/7", route, 200, len(content_of(sent)))]
