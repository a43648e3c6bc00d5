"""H.264 by libx264, made for WebCodecs: no delay, constrained baseline, Annex B.  Blocking.

Quality is constant where the bytes allow it and falls where they do not: the first picture after a
change of scene is rough, and is refined within a second or three.  Motion that lasts is sent with
one quantiser for all pictures (see steadiness), which takes half the time.
"""

import struct
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.codec.context import Flags
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from streaming.core.annexb import sequence_parameters
from streaming.core.changes import is_changed
from streaming.core.encoders.base import EncodedFrame, encoded
from streaming.core.encoders.steadiness import Steadiness
from streaming.core.frame import Frame
from streaming.core.pixels import i420_of
from streaming.core.wire import Kind

BEST_BITS_S = 3_000_000  # 0.375 MB/s for each viewer, in full motion
WORST_BITS_S = 300_000
BUFFER_S = 0.5  # of the highest rate: what a key frame may take at once
FINEST_QUANTISER = 22  # what is finer costs bytes and shows nothing
FINEST = 24  # libx264's constant rate factor: lower is finer; text at 24 is sharp
KEY_EVERY_S = 20  # a viewer that needs one earlier asks for it
LITTLE_RATIO = 0.25  # of what a picture may take
FINE_FRAMES = 5
REFINING_S = 4
SMALLEST_PX = 16
KEY_RATIO = 0.8  # key frames with one quantiser for all are coarser: they take many times the bytes
LAMBDA = 118  # what FFmpeg counts a quantiser as (FF_QP2LAMBDA) in an encoder's statistics
# Macroblocks a picture and a second that a level allows (Table A-1), and how libx264 calls it.
LEVELS = (
    (3_600, 108_000, "3.1"),
    (8_192, 245_760, "4.0"),
    (8_704, 522_240, "4.2"),
    (36_864, 983_040, "5.1"),
    (36_864, 2_073_600, "5.2"),
    (139_264, 16_711_680, "6.2"),
)

Pixels = NDArray[np.uint8]


def level_for(*, width: int, height: int, fps: float) -> str:
    """The lowest level with room for such pictures, so that every decoder that can will take it."""
    macroblocks = -(-width // 16) * -(-height // 16)
    for a_picture, a_second, level in LEVELS:
        if macroblocks <= a_picture and macroblocks * fps <= a_second:
            return level
    return LEVELS[-1][-1]


def coded_side(side_px: int) -> int:
    """What a side of a picture becomes: H.264 halves colours, so sides are even."""
    return max(side_px + side_px % 2, SMALLEST_PX)


def quantiser_of(packet: Packet) -> float | None:
    """What the macroblocks of a picture got on average, as the encoder tells it."""
    if not packet.has_sidedata("quality_stats"):
        return None
    (quality,) = struct.unpack_from("<I", bytes(packet.get_sidedata("quality_stats")))
    return float(quality / LAMBDA)


class H264Encoder:
    """An Encoder that Refines and Adjusts; odd sides are continued by a line of their edge."""

    def __init__(self, *, width: int, height: int, fps: float) -> None:
        self._width, self._height = coded_side(width), coded_side(height)
        self._level = level_for(width=self._width, height=self._height, fps=fps)
        self._wanted = self._current = (BEST_BITS_S, fps)
        self._steadiness = Steadiness(*self._current)
        self._quantiser: int | None = None  # of the open codec; None: it finds one itself
        self._config: dict[str, Any] = {}
        self._codec: VideoCodecContext | None = self._open()
        # What PyAV takes without copying must have lines in fours (18.1 misplaces colours else).
        shares = self._height % 4 == 0
        self._taken = VideoFrame.from_numpy_buffer if shares else VideoFrame.from_ndarray
        self._last: Pixels | None = None
        self._still_frames = self._fine_frames = 0
        self._is_refined = False

    @property
    def config(self) -> dict[str, Any]:
        return self._config

    @property
    def is_refining(self) -> bool:
        return not self._is_refined

    def encode(self, frame: Frame, *, wants_key: bool) -> EncodedFrame | None:
        is_still = self._last is not None and not is_changed(self._last, frame.pixels)
        if is_still and self._is_refined and not wants_key:
            return None
        if self._wanted != self._current:
            self._current = self._wanted
            self._steadiness = Steadiness(*self._current)
            self._codec = self._open()
        elif self._steadiness.quantiser != self._quantiser:
            self._codec = self._open()
        self._last = frame.pixels
        packet = self._packet(frame.pixels, wants_key=wants_key)
        quantiser = quantiser_of(packet)
        self._judge(packet.size, quantiser, is_still=is_still)
        self._steadiness.note(packet.size, quantiser=quantiser, is_still=is_still)
        return encoded(Kind.H264, bytes(packet), frame, is_key=packet.is_keyframe)

    def adjust(self, *, quality_ratio: float, fps: float) -> None:
        """The next frame is a key frame if this changes anything."""
        ratio = min(max(quality_ratio, 0.0), 1.0)
        self._wanted = (round(max(BEST_BITS_S * ratio, WORST_BITS_S)), fps)

    def close(self) -> None:
        self._codec = self._last = None

    def _judge(self, size_bytes: int, quantiser: float | None, *, is_still: bool) -> None:
        """Whether the picture is fine now: with as fine a quantiser as any gets there was little
        to add, again and again, or once to one that was fine; or more of the same have not made
        it so."""
        bits_s, fps = self._current
        is_finest = quantiser is not None and quantiser <= FINEST
        is_fine = is_finest and size_bytes <= LITTLE_RATIO * bits_s / 8 / fps
        self._still_frames = self._still_frames + 1 if is_still else 0
        self._fine_frames = self._fine_frames + 1 if is_still and is_fine else 0
        self._is_refined = (
            (is_fine and self._is_refined)
            or self._fine_frames >= FINE_FRAMES
            or self._still_frames > REFINING_S * fps
        )

    def _packet(self, pixels: Pixels, *, wants_key: bool) -> Packet:
        """One access unit."""
        assert self._codec is not None, "closed"
        picture = self._taken(self._planes(pixels), format="yuv420p")
        picture.pts = self._frames
        self._frames += 1
        if wants_key:
            picture.pict_type = PictureType.I
        (packet,) = self._codec.encode(picture)
        return packet

    def _planes(self, pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        below, beside = self._height - height, self._width - width
        if below or beside:
            pixels = np.pad(pixels, ((0, below), (0, beside), (0, 0)), mode="edge")
        return i420_of(pixels)

    def _rate_options(self, bits_s: int) -> dict[str, str]:
        if self._quantiser is not None:
            return {"qp": str(self._quantiser)}
        return {
            "crf": str(FINEST),
            "maxrate": str(bits_s),
            "bufsize": str(round(bits_s * BUFFER_S)),
        }

    def _open(self) -> VideoCodecContext:
        bits_s, fps = self._current
        rate = Fraction(fps).limit_denominator(1000)
        codec = av.CodecContext.create("libx264", "w")
        codec.width, codec.height, codec.pix_fmt = self._width, self._height, "yuv420p"
        codec.framerate, codec.time_base = rate, 1 / rate
        codec.thread_count = 1  # more only add to what a picture costs
        codec.gop_size = round(KEY_EVERY_S * rate)
        codec.colorspace = Colorspace.ITU601
        codec.color_range = ColorRange.MPEG
        codec.flags |= Flags.global_header  # so that the SPS is known before the first picture
        self._quantiser = self._steadiness.quantiser
        codec.options = self._rate_options(bits_s) | {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": "baseline",
            "level": self._level,
            "forced-idr": "1",
            "x264-params": f"repeat-headers=1:annexb=1:scenecut=0:qpmin={FINEST_QUANTISER}",
        }
        if self._quantiser is not None:
            codec.options["x264-params"] += f":ipratio={KEY_RATIO}"
        codec.open()
        self._frames = 0
        config = {
            "codec": "h264",
            "width": self._width,
            "height": self._height,
            "fps": fps,
            "description": sequence_parameters(bytes(codec.extradata or b"")).codec_string,
        }
        if config != self._config:  # or every viewer would be told again
            self._config = config
        return codec
