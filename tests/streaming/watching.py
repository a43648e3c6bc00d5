"""Viewers and publishers of the tests: what they send, and pictures from what they are sent."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import av
import numpy as np
import simplejpeg
from channels.testing import WebsocketCommunicator
from numpy.typing import NDArray

from myproject.asgi import application
from streaming.core.sources.time_row import read_time
from streaming.core.wire import Kind, Message, pack, pack_config, unpack, unpack_tiles

PATIENCE_S = 15.0  # for a loaded machine
WIDTH, HEIGHT = 320, 180
PATTERN = f"pattern:{WIDTH}x{HEIGHT}"

Pixels = NDArray[np.uint8]


class Canvas:
    """What a viewer would see.  config: the newest.  times: that were read from its pictures."""

    def __init__(self) -> None:
        self.config: dict[str, Any] = {}
        self.pixels: Pixels | None = None
        self.times: list[int] = []
        self._h264: Any = None

    def take(self, message: bytes) -> Message:
        """Show a binary message of the socket."""
        parts = unpack(message)
        if parts.kind is Kind.CONFIG:
            self.config = json.loads(bytes(parts.payload))
            self._h264 = av.CodecContext.create("h264", "r")
            return parts
        assert self.config, "a picture came before the config"
        {Kind.H264: self._decode, Kind.TILES: self._paint, Kind.JPEG: self._replace}[parts.kind](
            parts.payload
        )
        shown = read_time(self.pixels) if self.pixels is not None else None
        if shown and shown not in self.times:
            self.times.append(shown)
        return parts

    def _decode(self, payload: memoryview) -> None:
        for picture in self._h264.decode(av.Packet(bytes(payload))):
            self.pixels = picture.to_ndarray(format="bgr24")

    def _paint(self, payload: memoryview) -> None:
        if self.pixels is None:
            size = (self.config["height"], self.config["width"], 3)
            self.pixels = np.zeros(size, np.uint8)
        for tile in unpack_tiles(payload):
            painted = simplejpeg.decode_jpeg(bytes(tile.jpeg), colorspace="BGR")
            self.pixels[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] = painted

    def _replace(self, payload: memoryview) -> None:
        self.pixels = simplejpeg.decode_jpeg(bytes(payload), colorspace="BGR")


class Viewer:
    """A viewer's socket over the ASGI application."""

    def __init__(self, opened: WebsocketCommunicator) -> None:
        self.socket = opened
        self.canvas = Canvas()
        self.told: list[dict[str, Any]] = []

    async def next_output(self) -> dict[str, Any]:
        """The next ASGI message; texts are kept in `told`, pictures shown on `canvas`."""
        output: dict[str, Any] = await self.socket.receive_output(PATIENCE_S)
        if output.get("text"):
            self.told.append(json.loads(output["text"]))
        elif output.get("bytes"):
            self.canvas.take(output["bytes"])
        return output

    async def next_text(self, kind: str, **members: Any) -> dict[str, Any]:
        """The next text of this type with these members."""
        while True:
            text = (await self.next_output()).get("text")
            message = json.loads(text) if text else {}
            if message.get("type") == kind and members.items() <= message.items():
                return message

    async def next_picture(self) -> Message:
        while True:
            sent = (await self.next_output()).get("bytes")
            if sent and (parts := unpack(sent)).kind is not Kind.CONFIG:
                return parts

    async def see_movement(self, times: int = 3) -> None:
        """Until so many moments were read from the pictures."""
        self.canvas.times.clear()
        while len(self.canvas.times) < times:
            await self.next_output()

    async def closed(self) -> int:
        """Until it is closed; the code."""
        while (output := await self.next_output())["type"] != "websocket.close":
            pass
        return int(output["code"])

    async def say(self, message: dict[str, Any]) -> None:
        await self.socket.send_json_to(message)


@asynccontextmanager
async def watching(
    name: str, codec: str, *, key: str | None = None, query: str = "", address: str = "127.0.0.1"
) -> AsyncIterator[Viewer]:
    """A viewer of the screen `name`; key: an API key."""
    async with opened(f"/ws/screens/{name}/?codec={codec}{query}", key) as communicator:
        yield Viewer(communicator)


class Publisher(Viewer):
    """A publisher's socket; texts to it are read as those to a viewer."""

    async def configure(self, codec: str = "jpeg", **members: Any) -> None:
        config = {"codec": codec, "width": WIDTH, "height": HEIGHT, "fps": 30, **members}
        await self.socket.send_to(bytes_data=pack_config(config))

    async def show(self, sequence: int, payload: bytes, kind: Kind = Kind.JPEG) -> None:
        message = pack(
            kind, payload, is_key=True, sequence=sequence, captured_at_us=sequence * 33_333
        )
        await self.socket.send_to(bytes_data=message)


@asynccontextmanager
async def publishing(name: str, *, key: str | None = None) -> AsyncIterator[Publisher]:
    async with opened(f"/ws/screens/{name}/publish/", key) as communicator:
        yield Publisher(communicator)


@asynccontextmanager
async def opened(path: str, key: str | None) -> AsyncIterator[WebsocketCommunicator]:
    headers = [(b"host", b"localhost")]
    if key:
        headers.append((b"authorization", f"Bearer {key}".encode()))
    communicator = WebsocketCommunicator(application, path, headers=headers)
    is_open, _ = await communicator.connect(PATIENCE_S)
    assert is_open
    try:
        yield communicator
    finally:
        await communicator.disconnect(timeout=PATIENCE_S)


def jpeg(brightness: int = 128, *, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """A picture of one grey."""
    pixels = np.full((height, width, 3), brightness, np.uint8)
    return bytes(simplejpeg.encode_jpeg(pixels, colorspace="RGB"))
