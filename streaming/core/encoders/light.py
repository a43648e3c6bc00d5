"""The tier `light`: pictures of half the size, a few a second, for viewers with little room."""

from collections.abc import Callable
from typing import Any

from streaming.core.encoders.base import Adjusts, EncodedFrame, Encoder, Refines
from streaming.core.frame import Frame
from streaming.core.pixels import halved

MOST_FPS = 10.0
QUALITY_RATIO = 0.4  # of what the codec gives at its best
EARLY_RATIO = 0.2  # of the time between two pictures: captures are not exactly on time
NS_PER_S = 1_000_000_000


def half(side_px: int) -> int:
    return max(side_px // 2, 1)


def shrunk(frame: Frame) -> Frame:
    """The same picture at half its size."""
    return Frame(halved(frame.pixels), frame.captured_ns, frame.captured_at_us, frame.sequence)


class LightEncoder:
    """An Encoder of smaller pictures, around one that is opened for them; Refines and Adjusts.

    Captures that come too soon are left out; the last of them is made up for by refining.
    """

    def __init__(
        self, opened: Callable[..., Encoder], *, width: int, height: int, fps: float
    ) -> None:
        self._fps = min(fps, MOST_FPS)
        self._inner = opened(width=half(width), height=half(height), fps=self._fps)
        self._due_ns = 0
        self._is_behind = False
        self.adjust(quality_ratio=1.0, fps=fps)

    @property
    def config(self) -> dict[str, Any]:
        return self._inner.config

    @property
    def is_refining(self) -> bool:
        return self._is_behind or (isinstance(self._inner, Refines) and self._inner.is_refining)

    def encode(self, frame: Frame, *, wants_key: bool) -> EncodedFrame | None:
        self._is_behind = not wants_key and frame.captured_ns < self._due_ns
        if self._is_behind:
            return None
        self._due_ns = frame.captured_ns + round(NS_PER_S / self._fps * (1 - EARLY_RATIO))
        return self._inner.encode(shrunk(frame), wants_key=wants_key)

    def adjust(self, *, quality_ratio: float, fps: float) -> None:
        self._fps = min(fps, MOST_FPS)
        if isinstance(self._inner, Adjusts):
            self._inner.adjust(quality_ratio=quality_ratio * QUALITY_RATIO, fps=self._fps)

    def close(self) -> None:
        self._inner.close()
