import asyncio
from base64 import b64encode
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.test import Client

from apiapp.keys.callers import Caller
from myproject.sockets import CallerMiddleware, is_allowed_origin

HOST = (b"host", b"localhost:8000")
OWN_PAGE = (b"origin", b"http://localhost:8000")


async def says_who_calls(scope: dict[str, Any], receive: Any, send: Any) -> None:
    caller: Caller | None = scope["caller"]
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": caller.user.username if caller else "nobody"})


async def connect(*headers: tuple[bytes, bytes], path: str = "/ws/") -> str | int:
    """Who calls, as the socket's application saw it; or the code it was closed with."""
    communicator = WebsocketCommunicator(CallerMiddleware(says_who_calls), path, [*headers])
    is_open, code = await communicator.connect()
    if not is_open:
        return code
    return await communicator.receive_from()


def cookie_of(user: User) -> tuple[bytes, bytes]:
    client = Client()
    client.force_login(user)
    return b"cookie", "; ".join(f"{m.key}={m.value}" for m in client.cookies.values()).encode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("origin", "answer"),
    [
        (OWN_PAGE, "alice"),
        ((b"origin", b"http://evil.example"), 1008),
        ((b"origin", b"http://localhost:8001"), 1008),
        ((b"origin", b"null"), 1008),
        ((b"origin", b"http://["), 1008),
        ((b"origin", b"ftp://localhost:8000"), 1008),
        ((b"x-none", b""), 1008),
    ],
)
def test_a_cookie_counts_only_on_a_socket_that_our_own_page_opens(
    user: User, origin: tuple[bytes, bytes], answer: str | int
):
    cookie = cookie_of(user)

    async def scenario() -> str | int:
        return await connect(HOST, cookie, origin)

    assert asyncio.run(scenario()) == answer


@pytest.mark.django_db(transaction=True)
def test_a_key_needs_no_origin(user: User, key_for: Any):
    key = key_for(user)

    async def scenario() -> str | int:
        return await connect(HOST, (b"authorization", f"Bearer {key}".encode()))

    assert asyncio.run(scenario()) == "alice"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("shown", [b"Bearer wrong.key", b"Basic !!!", b"Bearer", b"\xff\xfe"])
def test_whoever_shows_something_wrong_is_nobody(shown: bytes):
    async def scenario() -> str | int:
        return await connect(HOST, (b"authorization", shown))

    assert asyncio.run(scenario()) == "nobody"


@pytest.mark.django_db(transaction=True)
def test_a_token_in_the_address_lets_a_foreign_page_in_and_not_the_cookie_it_brings(user: User):
    cookie, foreign = cookie_of(user), (b"origin", b"http://evil.example")

    async def scenario() -> str | int:
        return await connect(HOST, cookie, foreign, path="/ws/?token=anything")

    assert asyncio.run(scenario()) == "nobody"


def test_a_program_that_shows_nothing_is_nobody():
    async def scenario() -> str | int:
        return await connect(HOST)

    assert asyncio.run(scenario()) == "nobody"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("page", "answer"), [((b"origin", b"http://evil.example"), 1008), ((b"x-none", b""), "alice")]
)
def test_a_password_that_a_browser_may_have_remembered_does_not_count_on_another_page(
    user: User, page: tuple[bytes, bytes], answer: str | int
):
    basic = b"Basic " + b64encode(b"alice:alices-passphrase")

    async def scenario() -> str | int:
        return await connect(HOST, page, (b"authorization", basic))

    assert asyncio.run(scenario()) == answer


@pytest.mark.django_db(transaction=True)
def test_a_key_may_stand_in_the_place_of_a_password(user: User, key_for: Any):
    shown = b64encode(f"player:{key_for(user)}".encode())

    async def scenario() -> str | int:
        return await connect(HOST, (b"authorization", b"Basic " + shown))

    assert asyncio.run(scenario()) == "alice"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "shown",
    [b"Bearer slk_x", b"Basic " + b64encode(b"alice:slk_x"), b"Basic " + b64encode(b"\xff")],
)
def test_the_token_of_a_link_is_no_login_that_failed(user: User, shown: bytes, settings: Any):
    settings.AXES_FAILURE_LIMIT = 1

    async def scenario() -> list[str | int]:
        basic = b"Basic " + b64encode(b"alice:alices-passphrase")
        asked = [shown, shown, basic]
        return [await connect(HOST, (b"authorization", each)) for each in asked]

    assert asyncio.run(scenario()) == ["nobody", "nobody", "alice"]


@pytest.mark.django_db(transaction=True)
def test_over_http_a_cookie_counts_without_an_origin(user: User):
    found: list[Caller | None] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        found.append(scope["caller"])

    scope = {"type": "http", "method": "GET", "path": "/video_feed", "query_string": b""}
    headers = [HOST, cookie_of(user)]

    asyncio.run(CallerMiddleware(app)({**scope, "headers": headers}, None, None))

    assert found[0]
    assert found[0].user == user


def test_an_own_page_under_a_host_that_is_not_ours_is_not_believed():
    rebound = {b"host": b"evil.example", b"origin": b"http://evil.example"}

    assert not is_allowed_origin(rebound)


def test_a_trusted_origin_is_believed(settings: Any):
    settings.CSRF_TRUSTED_ORIGINS = ["https://sluice.example.org"]

    assert is_allowed_origin({b"host": b"web1", b"origin": b"https://sluice.example.org"})
