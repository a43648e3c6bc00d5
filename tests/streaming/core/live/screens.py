"""A screen and a codec that tests are in command of; both keep the contracts of the real ones."""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from streaming.core.encoders.base import EncodedFrame, encoded
from streaming.core.errors import SourceLost, SourceUnavailable
from streaming.core.frame import Frame
from streaming.core.wire import Kind, pack_tile, pack_tiles
from tests.streaming.core.encoded import tile

KINDS = {"h264": Kind.H264, "tiles": Kind.TILES, "jpeg": Kind.JPEG}


class Screen:
    """What a display would be.  `colour` is in each of its pixels, and so in what is encoded."""

    def __init__(self, *, is_moving: bool = False) -> None:
        self.colour = 0
        self.size = (64, 48)
        self.is_moving = is_moving
        self.is_there = True
        self.opened: list[ScreenSource] = []
        self.attempts = 0

    def open(self) -> "ScreenSource":
        self.attempts += 1
        if not self.is_there:
            raise SourceUnavailable("There is no display. Connect one.", reason="no-display")
        source = ScreenSource(self)
        self.opened.append(source)
        return source

    @property
    def open_sources(self) -> int:
        return sum(not source.is_closed for source in self.opened)


class ScreenSource:
    """A FrameSource; refuses to be used by two threads, and after it was closed."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._thread = threading.get_ident()
        self.is_closed = False
        self.grabbed = 0

    def grab(self) -> Frame:
        assert not self.is_closed
        assert threading.get_ident() == self._thread
        if not self._screen.is_there:
            raise SourceLost("The display went away.")
        width, height = self._screen.size
        if self._screen.is_moving:
            self._screen.colour = (self._screen.colour + 1) % 251
        pixels = np.full((height, width, 4), self._screen.colour, np.uint8)
        self.grabbed += 1
        return Frame(pixels, time.monotonic_ns(), time.time_ns() // 1000, self.grabbed - 1)

    def close(self) -> None:
        self.is_closed = True


class Codecs:
    """Opens encoders that write the colour of the picture, and says what became of them."""

    def __init__(self) -> None:
        self.opened: list[ColourEncoder] = []
        self.encoded: list[int] = []
        self.before_encoding: Callable[[], None] = lambda: None

    def open(
        self, codec: str, *, tier: str, width: int, height: int, fps: float
    ) -> "ColourEncoder":
        config = {"codec": codec, "width": width, "height": height, "fps": fps}
        encoder = ColourEncoder(KINDS[codec], config, self)
        self.opened.append(encoder)
        return encoder

    @property
    def open_encoders(self) -> list["ColourEncoder"]:
        return [encoder for encoder in self.opened if not encoder.is_closed]


class ColourEncoder:
    """An Encoder that Adjusts.  Its payload is one byte, or one tile of one byte."""

    def __init__(self, kind: Kind, config: dict[str, Any], codecs: Codecs) -> None:
        self._kind = kind
        self._codecs = codecs
        self._thread = threading.get_ident()
        self._last: Any = None
        self.config = config
        self.is_closed = False
        self.keys = 0
        self.adjusted: list[tuple[float, float]] = []

    def encode(self, frame: Frame, *, wants_key: bool) -> EncodedFrame | None:
        assert not self.is_closed
        assert threading.get_ident() == self._thread
        assert (frame.width, frame.height) == (self.config["width"], self.config["height"])
        self._codecs.before_encoding()
        self._codecs.encoded.append(frame.sequence)
        if frame.pixels is self._last and not wants_key:
            return None
        is_key = wants_key or self._last is None or self._kind is Kind.JPEG
        self._last = frame.pixels
        self.keys += is_key
        colour = bytes([frame.pixels[0, 0, 0]])
        if self._kind is not Kind.TILES:
            return encoded(self._kind, colour, frame, is_key=is_key)
        tiles = (tile(0, 0, colour),)
        payload = pack_tiles([pack_tile(0, 0, 64, 64, colour)])
        return encoded(self._kind, payload, frame, is_key=is_key, tiles=tiles)

    def adjust(self, *, quality_ratio: float, fps: float) -> None:
        self.adjusted.append((quality_ratio, fps))

    def close(self) -> None:
        self.is_closed = True


def colour_of(frame: EncodedFrame) -> int:
    return frame.message[-1]
