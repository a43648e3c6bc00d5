"""Clients that stop taking what is sent, on a server of this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from apiapp.management.connections import UNSENT_BYTES, Requests, Sockets
from apiapp.management.server import Server
from tests.serving import free_port

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
LOTS = b"x" * 2**20
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Hasty(Sockets):
    close_s = 0.2


@asynccontextmanager
async def served(app: App) -> AsyncIterator[tuple[int, uvicorn.Server]]:
    port = free_port()
    config = uvicorn.Config(
        app, port=port, http=Requests, ws=Hasty, log_config=None, lifespan="off"
    )
    server = uvicorn.Server(config)
    running = asyncio.ensure_future(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    try:
        yield port, server
    finally:
        server.should_exit = True
        await running


async def fill(send: Any, message: dict[str, Any]) -> None:
    """Send until the client takes no more."""
    with pytest.raises(TimeoutError):
        while True:
            async with asyncio.timeout(0.2):
                await send(message)


async def nothing_is_left(server: uvicorn.Server) -> bool:
    """Whether all connections of the server are gone before long."""
    async with asyncio.timeout(5):
        while server.server_state.connections:  # noqa: ASYNC110 - nor this
            await asyncio.sleep(0.01)
    return True


async def test_a_socket_whose_client_takes_nothing_is_closed_all_the_same():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await fill(send, {"type": "websocket.send", "bytes": LOTS})
        await send({"type": "websocket.close", "code": 4408})

    async with served(app) as (port, server):
        _reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(HANDSHAKE)
        while not server.server_state.connections:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

        assert await nothing_is_left(server)
        writer.close()


async def test_a_client_that_goes_on_in_time_learns_why_it_is_let_go():
    is_closing = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await fill(send, {"type": "websocket.send", "bytes": LOTS})
        await send({"type": "websocket.close", "code": 4408})
        is_closing.set()

    async with served(app) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(HANDSHAKE)
        await is_closing.wait()
        last = b""
        while piece := await reader.read(2**20):
            last = (last + piece)[-4:]
        writer.close()

    assert last == b"\x88\x02" + (4408).to_bytes(2, "big")


async def test_an_app_may_cut_off_an_answer_that_nobody_takes():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await fill(send, {"type": "http.response.body", "body": LOTS, "more_body": True})
        scope["connection"].abort()

    async with served(app) as (port, server):
        _reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while not server.server_state.connections:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

        assert await nothing_is_left(server)
        writer.close()


async def test_what_is_kept_fresh_does_not_wait_in_the_kernel():
    taken: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        if scope["path"] == "/fresh":
            scope["connection"].keep_fresh()
        taken.append(0)
        with pytest.raises(TimeoutError):
            while True:
                async with asyncio.timeout(0.2):
                    await send({"type": "websocket.send", "bytes": b"x" * 8192})
                    taken[-1] += 8192
        await send({"type": "websocket.close"})

    async with served(app) as (port, server):
        for path in (b"/fresh", b"/"):
            _reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.write(HANDSHAKE.replace(b"/", path, 1))
            while not server.server_state.connections:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await nothing_is_left(server)
            writer.close()

    fresh, usual = taken
    assert fresh < usual - UNSENT_BYTES


@pytest.mark.parametrize("length", [[], [(b"content-length", b"6")]])
async def test_a_client_of_http_1_0_gets_no_chunks_but_the_end_of_its_connection(
    length: list[tuple[bytes, bytes]],
):
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": b"abc", "more_body": True})
        await send({"type": "http.response.body", "body": b"def"})

    async with served(app) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()

    assert b"\r\nconnection: close" in head.lower()
    assert b"transfer-encoding" not in head.lower()
    assert body == b"abcdef"


async def test_a_server_that_stops_cuts_off_who_is_there_after_its_time():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await asyncio.Event().wait()

    port = free_port()
    config = uvicorn.Config(
        app, port=port, http=Requests, log_config=None, timeout_graceful_shutdown=3600
    )
    server = Server(config)
    server.stop_s = 0.2
    running = asyncio.ensure_future(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await reader.readuntil(b"x")

    server.should_exit = True

    async with asyncio.timeout(40):
        await running
    writer.close()
