"""TLS and plain HTTP on one port: a real uvicorn in the test's own event loop."""

import asyncio
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from apiapp.http.certificates import Issued, ensure_certificate
from apiapp.management import tls_server
from apiapp.management.tls_server import TlsServer

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
pytestmark = pytest.mark.skipif(not tls_server.CAN_LOOK, reason="Windows has TLS alone")


async def scheme_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    body = scope["scheme"].encode()
    head = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def issued(tmp_path: Path) -> Issued:
    return issue(tmp_path)


def issue(home: Path, *names: str) -> Issued:
    return ensure_certificate(
        secrets=home / "secrets", public=home, names=names, machine="desk", now=datetime.now(UTC)
    )


@asynccontextmanager
async def running(ensure_chain: Callable[[], Path]) -> AsyncIterator[int]:
    """A server, and its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(scheme_app, lifespan="off", log_config=None, access_log=False)
    server = TlsServer(config, ensure_chain=ensure_chain)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 # uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, 10)


@asynccontextmanager
async def connected(
    port: int, context: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    name = "localhost" if context else None
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname=name
    )
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def trusting(authority: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority)


async def answer(port: int, context: ssl.SSLContext | None = None) -> bytes:
    """The scheme that the application was asked by."""
    async with connected(port, context) as (reader, writer):
        writer.write(REQUEST)
        return (await reader.read()).rpartition(b"\r\n\r\n")[2]


async def test_one_port_speaks_both(issued: Issued) -> None:
    async with running(lambda: issued.chain) as port:
        assert await answer(port, trusting(issued.authority)) == b"https"
        assert await answer(port) == b"http"


async def test_tls_is_1_2_or_later(issued: Issued) -> None:
    async with running(lambda: issued.chain) as port:
        async with connected(port, trusting(issued.authority)) as (_, writer):
            assert writer.get_extra_info("ssl_object").version() in ("TLSv1.2", "TLSv1.3")

        old = trusting(issued.authority)
        with warnings.catch_warnings(action="ignore"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await answer(port, old)


async def test_who_does_not_trust_it_or_sends_nonsense_harms_nobody(
    issued: Issued, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(lambda: issued.chain) as port:
        with pytest.raises(ssl.SSLError):
            await answer(port, ssl.create_default_context())
        for nonsense in (
            b"",
            b"\x16",
            b"\x16\x03\x01\xff\xff" + bytes(100),
            b"\x00",
            b"\xff" * 5000,
        ):
            async with connected(port) as (reader, writer):
                writer.write(nonsense)
                writer.write_eof()
                with suppress(ConnectionError):
                    await reader.read()

        assert await answer(port, trusting(issued.authority)) == b"https"
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_who_says_nothing_waits_alone_and_not_for_ever(
    issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(lambda: issued.chain) as port, connected(port) as (silent, _):
        assert await answer(port, trusting(issued.authority)) == b"https"
        monkeypatch.setattr(tls_server, "FIRST_BYTE_S", 0.01)

        async with connected(port) as (later, _):
            assert await later.read() == b""

        assert not silent.at_eof()


async def test_it_stops_while_connections_wait(issued: Issued) -> None:
    async with AsyncExitStack() as left_open:
        async with running(lambda: issued.chain) as port:
            silent, _ = await left_open.enter_async_context(connected(port))
            half, writer = await left_open.enter_async_context(connected(port))
            writer.write(b"\x16\x03\x01")
            await writer.drain()

        assert await silent.read() == b""
        assert await half.read() == b""


async def test_a_renewed_certificate_is_shown_to_who_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TlsServer, "renewed_every_s", 0.01)
    chains = [issue(tmp_path, "10.0.0.1").chain]
    async with running(lambda: chains[-1]) as port:
        first = await certificate_of(port, tmp_path / "ca.crt")
        chains.append(issue(tmp_path, "10.0.0.2").chain)

        async with asyncio.timeout(10):
            while await certificate_of(port, tmp_path / "ca.crt") == first:
                pass


async def certificate_of(port: int, authority: Path) -> bytes:
    async with connected(port, trusting(authority)) as (_, writer):
        shown: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return shown


async def test_running_out_of_files_is_got_over(
    issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_server, "OUT_OF_FILES_PAUSE_S", 0.01)
    loop = asyncio.get_running_loop()
    accept, failures = loop.sock_accept, iter([OSError(24, "Too many open files")] * 3)

    async def out_of_files(listener: socket.socket) -> Any:
        for failure in failures:
            raise failure
        return await accept(listener)

    monkeypatch.setattr(loop, "sock_accept", out_of_files)
    async with running(lambda: issued.chain) as port:
        assert await answer(port, trusting(issued.authority)) == b"https"
