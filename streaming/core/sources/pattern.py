"""A moving test picture that tells its time, to people and to machines.  Blocking, but short."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from streaming.core.errors import BadSource, SourceLost
from streaming.core.frame import Frame
from streaming.core.sources.glyphs import draw_text
from streaming.core.sources.time_row import draw_time

SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")
SMALLEST = (320, 180)  # below it the blocks of the time do not survive encoding
LARGEST = (7680, 4320)
BARS = (  # blue, green, red
    (235, 235, 235),
    (16, 235, 235),
    (235, 235, 16),
    (16, 235, 16),
    (235, 16, 235),
    (16, 16, 235),
    (235, 16, 16),
    (40, 40, 40),
)
US_PER_S = 1_000_000
LAP_US = 8 * US_PER_S  # in which the band crosses the picture


def open_pattern(options: str) -> "PatternSource":
    """options: what follows `pattern:`, a size or nothing.  Raises BadSource."""
    return PatternSource(*parse_size(options))


def parse_size(text: str) -> tuple[int, int]:
    """Raises BadSource."""
    found = SIZE.fullmatch(text or "1920x1080")
    if not found:
        raise BadSource(f"pattern:{text} has no size that can be read. Write pattern:1280x720.")
    width, height = map(int, found.groups())
    if not (SMALLEST[0] <= width <= LARGEST[0] and SMALLEST[1] <= height <= LARGEST[1]):
        raise BadSource(
            f"A pattern of {width}x{height} is not drawn: choose from {SMALLEST[0]}x{SMALLEST[1]} "
            f"to {LARGEST[0]}x{LARGEST[1]}."
        )
    return width, height


class PatternSource:
    """The same picture for the same time, at the same size.

    clock_ns: nanoseconds since 1970.
    """

    def __init__(
        self, width: int = 1920, height: int = 1080, *, clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._still = still_part(width, height)
        self._clock_ns = clock_ns
        self._sequence = 0
        self._is_closed = False

    def grab(self) -> Frame:
        if self._is_closed:
            raise SourceLost("This pattern is not drawn any more.")
        captured_ns, time_us = time.monotonic_ns(), self._clock_ns() // 1000
        pixels = self._still.copy()
        draw_band(pixels, time_us)
        draw_ball(pixels, time_us)
        draw_clock(pixels, time_us)
        draw_time(pixels, time_us)
        sequence = self._sequence
        self._sequence += 1
        return Frame(pixels, captured_ns, time_us, sequence)

    def close(self) -> None:
        self._is_closed = True


def still_part(width: int, height: int) -> NDArray[np.uint8]:
    """Colour bars above a slope from black to white, with a grid as sharp as text is."""
    pixels = np.zeros((height, width, 4), dtype=np.uint8)
    edges = np.linspace(0, width, len(BARS) + 1).astype(int)
    for colour, left, right in zip(BARS, edges, edges[1:], strict=False):
        pixels[: height * 3 // 4, left:right, :3] = colour
    pixels[height * 3 // 4 :, :, :3] = np.linspace(0, 255, width).astype(np.uint8)[:, None]
    pixels[::60, :, :3] = 128
    pixels[:, ::60, :3] = 128
    return pixels


def draw_band(pixels: NDArray[np.uint8], time_us: int) -> None:
    """A dark band that goes from left to right: what moves slowly and far."""
    height, width = pixels.shape[:2]
    left = time_us % LAP_US * width // LAP_US
    pixels[height // 8 : height * 3 // 8, left : left + width // 16, :3] = 24


def draw_ball(pixels: NDArray[np.uint8], time_us: int) -> None:
    """A square that goes up and down once a second: what moves fast."""
    height, width = pixels.shape[:2]
    side, way = height // 10, height // 4
    phase = time_us % US_PER_S * 2 * way // US_PER_S
    top = height // 2 + min(phase, 2 * way - phase) - side // 2
    pixels[top : top + side, width // 2 : width // 2 + side, :3] = (32, 96, 224)


def draw_clock(pixels: NDArray[np.uint8], time_us: int) -> None:
    """The time for people, in UTC to the millisecond, on black."""
    height, width = pixels.shape[:2]
    seconds, rest_us = divmod(time_us, US_PER_S)
    words = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    scale = max(width // 320, 1)
    draw_text(
        pixels,
        f"{words}.{rest_us // 1000:03} UTC",
        left=width // 16,
        top=height * 13 // 16,
        scale=scale,
    )
