"""What a viewer would show of encoded frames: decoded by libraries, not by code of ours."""

import av
import cv2
import numpy as np
import simplejpeg

from streaming.core.encoders.base import EncodedFrame
from streaming.core.wire import Kind, unpack, unpack_tiles


class Screen:
    """A viewer of one codec: give it all frames in their order."""

    def __init__(self) -> None:
        self.pixels: np.ndarray | None = None
        self._h264 = av.CodecContext.create("h264", "r")
        self._h264.thread_count = 1
        self._h264.flags |= av.codec.context.Flags.low_delay

    def show(self, frame: EncodedFrame | None) -> np.ndarray:
        if frame is not None:
            message = unpack(frame.message)
            assert message.kind is frame.kind
            SHOW[message.kind](self, bytes(message.payload))
        assert self.pixels is not None
        return self.pixels

    def show_jpeg(self, payload: bytes) -> None:
        self.pixels = simplejpeg.decode_jpeg(payload, colorspace="BGRA")

    def show_h264(self, payload: bytes) -> None:
        (picture,) = self._h264.decode(av.Packet(payload))
        self.pixels = cv2.cvtColor(picture.to_ndarray(), cv2.COLOR_YUV2BGRA_I420)

    def show_tiles(self, payload: bytes) -> None:
        for tile in unpack_tiles(payload):
            part = simplejpeg.decode_jpeg(bytes(tile.jpeg), colorspace="BGRA")
            assert part.shape == (tile.height, tile.width, 4)
            self._paint(tile.x, tile.y, part)

    def _paint(self, x: int, y: int, part: np.ndarray) -> None:
        height, width = part.shape[:2]
        if self.pixels is None:
            self.pixels = np.zeros((0, 0, 4), np.uint8)
        below = max(0, y + height - self.pixels.shape[0])
        beside = max(0, x + width - self.pixels.shape[1])
        self.pixels = np.pad(self.pixels, ((0, below), (0, beside), (0, 0)))
        self.pixels[y : y + height, x : x + width] = part


SHOW = {Kind.JPEG: Screen.show_jpeg, Kind.H264: Screen.show_h264, Kind.TILES: Screen.show_tiles}
