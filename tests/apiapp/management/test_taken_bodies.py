"""Bodies that an app takes from their socket, on a server of this process."""

import asyncio
from functools import partial
from typing import Any

import pytest

from apiapp.management.connections import Requests
from tests.apiapp.management.talking import connected

PATIENCE_S = 30
LARGE = bytes(range(256)) * 8192  # 2 MiB: more than comes with the head


def head(path: str, size_bytes: int, more: str = "") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {size_bytes}\r\n{more}\r\n".encode()


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with what it read: /all of the body, at least so much for /1000, or nothing."""
    body = scope["connection"].take_body()
    got = bytearray()
    if body:
        got += await read(body, scope["path"].lstrip("/"))
        body.give_back()
        if body.is_gone:
            return
    elif scope["path"] == "/all":
        got += (await receive())["body"]
    length = [(b"content-length", str(len(got)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": bytes(got)})


async def read(body: Any, wanted: str) -> bytes:
    """Of the rest of a body so many bytes, or "all", or "nothing"."""
    if wanted == "nothing":
        return b""
    got, buffer = bytearray(body.arrived), memoryview(bytearray(100_000))
    body.invite()
    while body.left_bytes and (wanted == "all" or len(got) < int(wanted)):
        await body.readable()
        try:
            count = body.read_into(buffer)
        except ConnectionError:
            break
        got += buffer[:count]
    return bytes(got)


connected_here = partial(connected, app, Requests, timeout_graceful_shutdown=2)


async def answer_of(reader: asyncio.StreamReader) -> bytes:
    said = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
    assert said.startswith(b"HTTP/1.1 200")
    length = int(said.partition(b"content-length: ")[2].split(b"\r\n")[0])
    return await asyncio.wait_for(reader.readexactly(length), PATIENCE_S)


@pytest.mark.parametrize("with_head_bytes", [0, 1, 300_000, len(LARGE)])
async def test_all_of_a_body_is_there_however_much_came_with_its_head(with_head_bytes: int):
    async with connected_here() as (reader, writer):
        for _ in range(3):  # over the same connection
            writer.write(head("/all", len(LARGE)) + LARGE[:with_head_bytes])
            await writer.drain()
            writer.write(LARGE[with_head_bytes:])

            assert await answer_of(reader) == LARGE


@pytest.mark.parametrize("read_bytes", ["nothing", "1000", "1000000"])
async def test_what_nobody_read_of_a_body_is_no_part_of_the_next_request(read_bytes: str):
    async with connected_here() as (reader, writer):
        writer.write(head(f"/{read_bytes}", len(LARGE)) + LARGE + head("/all", 3) + b"abc")

        assert LARGE.startswith(await answer_of(reader))
        assert await answer_of(reader) == b"abc"


async def test_a_request_right_behind_a_taken_body_is_answered():
    async with connected_here() as (reader, writer):
        writer.write(head("/all", len(LARGE)) + LARGE + head("/all", 2) + b"ok")

        assert await answer_of(reader) == LARGE
        assert await answer_of(reader) == b"ok"


async def test_the_last_bytes_are_read_though_they_are_few():
    async with connected_here() as (reader, writer):
        writer.write(head("/all", 100_000))
        for start in range(0, 100_000, 33_333):
            writer.write(LARGE[start : min(start + 33_333, 100_000)])
            await writer.drain()
            await asyncio.sleep(0.01)

        assert await answer_of(reader) == LARGE[:100_000]


async def test_a_client_that_waits_to_be_invited_is():
    async with connected_here() as (reader, writer):
        writer.write(head("/all", len(LARGE), "Expect: 100-continue\r\n"))
        invited = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        writer.write(LARGE)

        assert invited.startswith(b"HTTP/1.1 100")
        assert await answer_of(reader) == LARGE


async def test_a_client_that_leaves_is_noticed():
    async with connected_here() as (reader, writer):
        writer.write(head("/all", len(LARGE)) + LARGE[:1_000_000])
        writer.write_eof()

        assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
