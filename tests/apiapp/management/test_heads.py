"""Slow heads, on a server of this process with little patience."""

import asyncio
from functools import partial
from typing import Any, ClassVar

import pytest

from apiapp.management.heads import HEAD_BYTES, HeadsWithinBounds
from tests.apiapp.management.talking import connected

HEAD_S = 0.3
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


class Impatient(HeadsWithinBounds):
    head_s = HEAD_S
    refused: ClassVar[list[int]] = []
    on_refusal = staticmethod(refused.append)


@pytest.fixture(autouse=True)
def refused() -> list[int]:
    """The statuses of what was refused in a test."""
    Impatient.refused.clear()
    return Impatient.refused


async def echo(scope: Any, receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    )
    await asyncio.sleep(HEAD_S * 2 if scope["path"] == "/slow" else 0)
    await send({"type": "http.response.body", "body": b"ok"})


connected_here = partial(connected, echo, Impatient, timeout_keep_alive=30)


async def answer_of(reader: asyncio.StreamReader) -> bytes:
    """The first line of the next answer; its rest is read as well."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    if b"content-length: 2" in head:
        await reader.readexactly(2)
    return head.split(b"\r\n")[0]


async def test_who_says_nothing_is_cut_off():
    async with connected_here() as (reader, _):
        assert await answer_of(reader) == b"HTTP/1.1 408 Request Timeout"
        assert await reader.read() == b""


async def test_who_sends_a_head_byte_by_byte_is_cut_off():
    async with connected_here() as (reader, writer):

        async def trickle() -> None:
            for byte in REQUEST * 50:
                writer.write(bytes([byte]))
                await asyncio.sleep(HEAD_S / 10)

        sending = asyncio.ensure_future(trickle())
        assert await answer_of(reader) == b"HTTP/1.1 408 Request Timeout"
        sending.cancel()


async def test_so_is_the_second_request_of_a_connection():
    async with connected_here() as (reader, writer):
        writer.write(REQUEST + b"\r\n")
        assert await answer_of(reader) == b"HTTP/1.1 200 OK"
        writer.write(REQUEST)

        assert await answer_of(reader) == b"HTTP/1.1 408 Request Timeout"


async def test_a_pause_between_requests_or_within_a_body_is_none_in_a_head():
    async with connected_here() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab")
        await asyncio.sleep(HEAD_S * 1.5)
        writer.write(b"cd")
        assert await answer_of(reader) == b"HTTP/1.1 200 OK"
        await asyncio.sleep(HEAD_S * 1.5)
        writer.write(REQUEST + b"\r\n")

        assert await answer_of(reader) == b"HTTP/1.1 200 OK"


async def test_half_a_head_does_not_cut_off_the_answer_before_it():
    async with connected_here() as (reader, writer):
        writer.write(REQUEST.replace(b" / ", b" /slow ") + b"\r\n" + REQUEST)

        assert await answer_of(reader) == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"no HTTP at all\r\n\r\n", [400]),
        (REQUEST + b"X: " + b"x" * HEAD_BYTES, [431]),
        (REQUEST, [408]),
        (b"", []),  # browsers connect before they know what for
        (REQUEST + b"\r\n", []),
    ],
)
async def test_what_no_application_hears_of_is_told_and_nothing_else(
    sent: bytes, told: list[int], refused: list[int]
):
    async with connected_here() as (reader, writer):
        writer.write(sent)
        await answer_of(reader)

    assert refused == told
