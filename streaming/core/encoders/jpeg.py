"""Whole pictures as JPEG: each stands alone.  Blocking."""

from typing import Any

import simplejpeg

from streaming.core.encoders.base import EncodedFrame, encoded
from streaming.core.frame import Frame
from streaming.core.wire import Kind

BEST_QUALITY = 80  # text is sharp; 90 is a third larger and looks the same on a screen
WORST_QUALITY = 30


def quality_for(ratio: float) -> int:
    """The JPEG quality of a quality ratio."""
    return round(WORST_QUALITY + (BEST_QUALITY - WORST_QUALITY) * min(max(ratio, 0.0), 1.0))


class JpegEncoder:
    """An Encoder that Adjusts."""

    def __init__(self, *, width: int, height: int, fps: float) -> None:
        self._config = {"codec": "jpeg", "width": width, "height": height, "fps": fps}
        self._quality = BEST_QUALITY

    @property
    def config(self) -> dict[str, Any]:
        return self._config

    def encode(self, frame: Frame, *, wants_key: bool) -> EncodedFrame | None:
        payload = simplejpeg.encode_jpeg(
            frame.pixels,
            quality=self._quality,
            colorspace="BGRX",
            colorsubsampling="420",
            fastdct=True,
        )
        return encoded(Kind.JPEG, payload, frame, is_key=True)

    def adjust(self, *, quality_ratio: float, fps: float) -> None:
        self._quality = quality_for(quality_ratio)
        self._config = {**self._config, "fps": fps}

    def close(self) -> None:
        """Nothing is held."""
