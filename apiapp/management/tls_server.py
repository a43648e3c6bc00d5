"""Async: uvicorn's server, with TLS and plain HTTP on one port, and a certificate that is renewed.

The first byte of a connection tells which it is (RFC 8446, section 5.1); it is looked at and left
where it is.
"""

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn

from apiapp.management.server import Server

TLS_HANDSHAKE = b"\x16"
FIRST_BYTE_S = 30.0  # as long as the head of a request may take
HANDSHAKE_S = 15.0
RENEWED_EVERY_S = 6 * 3600.0
OUT_OF_FILES_PAUSE_S = 0.5
CAN_LOOK = sys.platform != "win32"  # its event loop cannot tell that a socket has something


def tls_context(chain: Path) -> ssl.SSLContext:
    """Server side, TLS 1.2 and later.  chain: a file with key and certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(chain)
    return context


class TlsServer(Server):
    """ensure_chain: makes a new certificate where one is due, and says where it is."""

    renewed_every_s = RENEWED_EVERY_S

    def __init__(self, config: uvicorn.Config, *, ensure_chain: Callable[[], Path]) -> None:
        super().__init__(config)
        self._ensure_chain = ensure_chain
        self._context = tls_context(ensure_chain())
        self._renewing: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        sockets = sockets or [self.config.bind_socket()]
        if CAN_LOOK:
            await super().startup(sockets=[])
            for listener in sockets:
                listener.listen(self.config.backlog)
                door = Door(listener, context=self._context, make_protocol=self._make_protocol)
                self.servers.append(door)  # type: ignore[arg-type]
        else:
            self.config.ssl = self._context
            await super().startup(sockets=sockets)
        self._renewing = asyncio.create_task(self._renew())

    def _make_protocol(self) -> asyncio.Protocol:
        protocol_class: Any = self.config.http_protocol_class
        made: asyncio.Protocol = protocol_class(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self.renewed_every_s)
            chain = await asyncio.to_thread(self._ensure_chain)
            self._context.load_cert_chain(chain)  # for connections from now on

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._renewing:
            self._renewing.cancel()
        await super().shutdown(sockets)


class Door:
    """Lets connections in: what uvicorn needs of an asyncio server."""

    def __init__(
        self,
        listener: socket.socket,
        *,
        context: ssl.SSLContext,
        make_protocol: Callable[[], asyncio.Protocol],
    ) -> None:
        self._listener = listener
        self._context = context
        self._make_protocol = make_protocol
        self._entering: set[asyncio.Task[None]] = set()
        listener.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._accepting = self._loop.create_task(self._accept())

    async def _accept(self) -> None:
        while True:
            try:
                connection, _ = await self._loop.sock_accept(self._listener)
            except OSError:  # too many open files, or a client that left before it was let in
                await asyncio.sleep(OUT_OF_FILES_PAUSE_S)
                continue
            entering = self._loop.create_task(self._let_in(connection))
            self._entering.add(entering)
            entering.add_done_callback(self._entering.discard)

    async def _let_in(self, connection: socket.socket) -> None:
        is_in = False
        try:
            async with asyncio.timeout(FIRST_BYTE_S):
                first = await first_byte(connection)
            if not first:
                return
            is_tls = first == TLS_HANDSHAKE
            await self._loop.connect_accepted_socket(
                self._make_protocol,
                connection,
                ssl=self._context if is_tls else None,
                ssl_handshake_timeout=HANDSHAKE_S if is_tls else None,
            )
            is_in = True
        except OSError:  # left, was too slow, or does not trust us: TimeoutError and SSLError too
            pass
        finally:
            if not is_in:
                connection.close()

    def close(self) -> None:
        for task in (self._accepting, *self._entering):
            task.cancel()

    async def wait_closed(self) -> None:
        for task in (self._accepting, *self._entering):
            with suppress(asyncio.CancelledError):
                await task


async def first_byte(connection: socket.socket) -> bytes:
    """Wait for it and leave it there; empty: the other side left.  Raises OSError."""
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    loop.add_reader(connection, arrived.set)
    try:
        await arrived.wait()
    finally:
        loop.remove_reader(connection)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection.recv(1, socket.MSG_PEEK)
