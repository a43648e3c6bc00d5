"""A relay between processes of one machine: a Unix socket for each screen.  Async.

Whoever holds the lock beside the socket has the screen; the system takes the lock away from a
process that dies.  Socket and lock are for the user alone that Sluice runs as (mode 0600).
Messages in both directions are `u32 length` (big endian) and so many bytes: to the one who follows
items, from it JSON, first `{"codec", "tier"}`.
"""

import asyncio
import fcntl
import json
import os
import socket
import struct
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from streaming.core.adapting import LATE_MS
from streaming.core.errors import BadMessage, SourceLost
from streaming.core.hub import Reader
from streaming.core.items import Item
from streaming.core.relay.base import RelayLost, Watch
from streaming.core.relay.messages import pack_item, unpack_item
from streaming.core.wire import read_config

LENGTH = struct.Struct(">I")
MOST_ITEM_BYTES = 64 * 1024 * 1024
MOST_QUESTION_BYTES = 4096
WAITING_BYTES = 256 * 1024  # in the socket, until frames are left to the rules of their codec
MOST_WAITING = 64  # to be let in
FIRST_WORD_S = 5.0
PRIVATE = 0o600


def open_relay(url: str) -> "LocalSocketRelay":
    """url: `unix:` and a path."""
    return LocalSocketRelay(urlsplit(url).path)


class LocalSocketRelay:
    """A Relay.  path: of the sockets, without what is added for each screen."""

    def __init__(self, path: str) -> None:
        self._path = path

    async def offer(self, screen: str, watch: Watch) -> "SocketOffering | None":
        lock = lock_of(self._place(screen))
        if lock is None:
            return None
        offering = SocketOffering(self._place(screen), lock, watch)
        await offering.open()
        return offering

    async def follow(self, screen: str, codec: str, tier: str) -> "SocketFollowing":
        try:
            streams = await asyncio.open_unix_connection(self._place(screen))
        except OSError as error:
            raise RelayLost(f"no process has the screen {screen}") from error
        following = SocketFollowing(*streams)
        following.ask({"codec": codec, "tier": tier})
        return following

    async def close(self) -> None:
        """Nothing is shared between screens."""

    def _place(self, screen: str) -> str:
        return f"{self._path}.{screen}"


def lock_of(place: str) -> int | None:
    """The lock's file descriptor; None: another has it.  Raises RelayLost."""
    try:
        descriptor = os.open(f"{place}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, PRIVATE)
    except OSError as error:
        raise RelayLost(f"{place}.lock cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def listening_at(place: str) -> socket.socket:
    """A socket for this user alone.  Raises OSError."""
    remove(place)  # of a process that died: we have its lock
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.bind(place)
        Path(place).chmod(PRIVATE)  # before anybody can connect: it does not listen yet
        bound.listen(MOST_WAITING)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


def remove(place: str) -> None:
    with suppress(FileNotFoundError):
        Path(place).unlink()


class SocketOffering:
    """An Offering: each connection is one more viewer here."""

    def __init__(self, place: str, lock: int, watch: Watch) -> None:
        self.lost = asyncio.Event()
        self._place = place
        self._lock: int | None = lock
        self._watch = watch
        self._listening: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Raises RelayLost."""
        try:
            self._listening = listening_at(self._place)
        except OSError as error:
            await self.close()
            raise RelayLost(f"{self._place} cannot be opened: {error.strerror}") from error
        self._run(self._accept(self._listening))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._listening:
            self._listening.close()
            remove(self._place)
        self._listening = None
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listening: socket.socket) -> None:
        try:
            while True:
                connection, _ = await asyncio.get_running_loop().sock_accept(listening)
                self._run(self._attend(connection))
        except OSError:
            self.lost.set()  # too many open files

    async def _attend(self, connection: socket.socket) -> None:
        with connection:
            come, go = await asyncio.open_unix_connection(sock=connection)
            go.transport.set_write_buffer_limits(high=WAITING_BYTES)
            try:
                await self._serve(come, go)
            except (BadMessage, KeyError, RelayLost, TimeoutError, OSError):
                return  # it has left, or is none of ours
            finally:
                go.transport.abort()

    async def _serve(self, come: asyncio.StreamReader, go: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(FIRST_WORD_S):
            asked = await question_of(come)
        with self._watch(str(asked.get("codec")), str(asked.get("tier"))) as reader:
            works = [
                asyncio.create_task(pass_on(reader, go)),
                asyncio.create_task(heed(reader, come)),
            ]
            try:
                done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
                for work in done:
                    work.result()
            finally:
                for work in works:
                    work.cancel()
                await asyncio.gather(*works, return_exceptions=True)


async def pass_on(reader: Reader, go: asyncio.StreamWriter) -> None:
    """Until the stream has ended, and its end was told."""
    with suppress(SourceLost):
        while True:
            message = pack_item(await reader.next_item())
            go.write(LENGTH.pack(len(message)))
            go.write(message)
            await go.drain()


async def heed(reader: Reader, come: asyncio.StreamReader) -> None:
    while True:
        asked = await question_of(come)
        if asked.get("wants_key"):
            reader.ask_key()
        if "is_slow" in asked:
            reader.report(latency_ms=2 * LATE_MS if asked["is_slow"] else 0.0, dropped=0)


async def question_of(come: asyncio.StreamReader) -> dict[str, Any]:
    return read_config(await message_of(come, most_bytes=MOST_QUESTION_BYTES))


async def message_of(come: asyncio.StreamReader, *, most_bytes: int) -> bytes:
    """Raises RelayLost when there will be no more."""
    try:
        (length,) = LENGTH.unpack(await come.readexactly(LENGTH.size))
        if length > most_bytes:
            raise RelayLost(f"a message of {length} bytes is none of ours")
        return await come.readexactly(length)
    except (asyncio.IncompleteReadError, OSError) as error:
        raise RelayLost("the process that had the screen is gone") from error


class SocketFollowing:
    """A Following."""

    def __init__(self, come: asyncio.StreamReader, go: asyncio.StreamWriter) -> None:
        self._come, self._go = come, go

    async def next_item(self) -> Item:
        try:
            return unpack_item(await message_of(self._come, most_bytes=MOST_ITEM_BYTES))
        except BadMessage as error:
            raise RelayLost(
                f"the process that has the screen is of another kind: {error}"
            ) from error

    def ask_key(self) -> None:
        self.ask({"wants_key": True})

    def report(self, *, is_slow: bool) -> None:
        self.ask({"is_slow": is_slow})

    def ask(self, question: dict[str, Any]) -> None:
        if not self._go.is_closing():
            content = json.dumps(question).encode()
            self._go.write(LENGTH.pack(len(content)) + content)

    async def close(self) -> None:
        self._go.transport.abort()
