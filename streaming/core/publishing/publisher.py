"""Async: encodes here, sends, and connects again."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from streaming.core.encoders.base import EncodedFrame
from streaming.core.hub import Reader
from streaming.core.items import Config, Item
from streaming.core.live.stream import Stream
from streaming.core.publishing.clock import ServerClock, now_us
from streaming.core.publishing.destination import (
    Destination,
    NotNow,
    PublishingRefused,
    opened,
    why_closed,
)
from streaming.core.wire import pack_config

CODEC = "h264"
FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 5.0
HELD_S = 10.0  # a connection that held so long was a good one: the next try comes soon again
SIGN_OF_LIFE_S = 1.0  # a server that hears nothing says that the picture is not live
TOLD_S = 1.0


@dataclass(slots=True)
class Progress:
    """How it goes.  state: connecting, live, idle (nobody watches) or waiting (to try again)."""

    state: str = "connecting"
    detail: str = ""
    url: str = ""
    viewers: int = 0
    fps: float = 0.0
    rate_bytes_s: float = 0.0
    frames: int = 0
    sent_bytes: int = 0


class Publisher:
    """on_progress: called about once a second, and when the state changes."""

    def __init__(
        self,
        stream: Stream,
        destination: Destination,
        *,
        title: str,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._stream = stream
        self._destination = destination
        self._title = title
        self._on_progress = on_progress
        self._progress = Progress()

    async def run(self) -> None:
        """Until the task is cancelled.  Raises PublishingRefused."""
        tries = 0
        while True:
            began_at = time.monotonic()
            self._show("connecting", self._progress.detail)
            try:
                await self._publish_once()
            except NotNow as error:
                tries = 0 if time.monotonic() - began_at > HELD_S else tries + 1
                pause_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2**tries) * random.uniform(0.8, 1.2)  # nosec B311
                self._show("waiting", f"{error} Trying again in {pause_s:.0f} s.")
                await asyncio.sleep(pause_s)

    async def _publish_once(self) -> None:
        """Raises NotNow and PublishingRefused."""
        async with await opened(self._destination) as connection:
            publication = Publication(self._stream, connection, self._title, self._progress)
            try:
                await first_of(publication.run(), self._show_each_second())
            except ConnectionClosed:
                raise why_closed(
                    self._destination, code=connection.close_code, said=publication.last_error
                ) from None

    async def _show_each_second(self) -> None:
        progress = self._progress
        frames, sent_bytes, at = progress.frames, progress.sent_bytes, time.monotonic()
        while True:
            await asyncio.sleep(TOLD_S)
            now = time.monotonic()
            progress.fps = (progress.frames - frames) / (now - at)
            progress.rate_bytes_s = (progress.sent_bytes - sent_bytes) / (now - at)
            frames, sent_bytes, at = progress.frames, progress.sent_bytes, now
            self._on_progress(progress)

    def _show(self, state: str, detail: str) -> None:
        self._progress.state, self._progress.detail = state, detail
        self._on_progress(self._progress)


class Publication:
    """One connection to the server."""

    def __init__(
        self, stream: Stream, connection: ClientConnection, title: str, progress: Progress
    ) -> None:
        self._stream = stream
        self._connection = connection
        self._title = title
        self._progress = progress
        self._reader: Reader | None = None
        self._wanted = asyncio.Event()
        self._unwanted = asyncio.Event()
        self._wanted.set()  # the server has to know what it will be sent
        self._clock = ServerClock()
        self.last_error = ""

    async def run(self) -> None:
        """Until the connection ends.  Raises ConnectionClosed, NotNow and PublishingRefused."""
        await first_of(self._hear(), self._send(), self._say_that_it_lives())

    async def _send(self) -> None:
        """Pictures while they are wanted; captured and encoded only then."""
        while True:
            await self._wanted.wait()
            await first_of(self._send_pictures(), self._unwanted.wait())

    async def _send_pictures(self) -> None:
        with self._stream.watch(CODEC) as reader:
            self._reader = reader
            try:
                while True:
                    await self._pass_on(await reader.next_item())
            finally:
                self._reader = None

    async def _pass_on(self, item: Item) -> None:
        if isinstance(item, EncodedFrame):
            await self._connection.send(self._clock.by_server(item))
            self._progress.frames += 1
            self._progress.sent_bytes += len(item.message)
        elif isinstance(item, Config):
            await self._connection.send(pack_config({**item.members, "title": self._title}))
        elif item.state in ("unavailable", "ended"):
            raise NotNow(item.detail) if self._progress.frames else PublishingRefused(item.detail)

    async def _hear(self) -> None:
        while True:
            text = await self._connection.recv()
            try:
                self._heed(json.loads(text))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise PublishingRefused(f"What answers there is no Sluice: {text!r:.80}") from error

    def _heed(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "accepted":
                self._progress.url = str(message.get("url", ""))
                self._progress.detail = ""
            case "keyframe":
                if self._reader:
                    self._reader.ask_key()
            case "viewers":
                self._note_viewers(int(message["count"]), is_wanted=bool(message["wanted"]))
            case "pong":
                self._clock.note(message["sent_at"], message["server_at"], now_us=now_us())
            case "error":
                self.last_error = str(message.get("detail", ""))

    def _note_viewers(self, count: int, *, is_wanted: bool) -> None:
        self._progress.viewers = count
        self._progress.state = "live" if is_wanted else "idle"
        begins, ends = (
            (self._wanted, self._unwanted) if is_wanted else (self._unwanted, self._wanted)
        )
        begins.set()
        ends.clear()

    async def _say_that_it_lives(self) -> None:
        """A screen that stands still, or that nobody watches, sends no pictures."""
        while True:
            await self._connection.send(json.dumps({"type": "ping", "sent_at": now_us()}))
            await asyncio.sleep(SIGN_OF_LIFE_S)


async def first_of(*works: Coroutine[Any, Any, Any]) -> None:
    """Do all of them until one ends, and raise what it raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
