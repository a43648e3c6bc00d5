"""Pictures of a publisher that sends whole JPEGs.  Blocking.

The size is read before libjpeg-turbo decodes: more memory than for the announced picture is never
asked for.  Progressive JPEGs and those of many scans are refused: a few bytes each can make a pass
over the whole picture.
"""

import numpy as np
import simplejpeg

from streaming.core.errors import BadMessage, FrameTooLarge
from streaming.core.frame import Frame
from streaming.core.wire import Message

START_OF_IMAGE, MARK = b"\xff\xd8", 0xFF
BASELINE = {0xC0, 0xC1}  # SOF0, SOF1: one pass (ITU-T T.81, B.1.1.3)
FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # every other way of coding a frame
START_OF_SCAN = 0xDA
SCAN_MARK = bytes((MARK, START_OF_SCAN))
MOST_SCANS = 4  # one per colour, and the same two bytes may be in a comment
MOST_SEGMENTS = 64
COLOURS = {1, 3}


def jpeg_size(jpeg: memoryview) -> tuple[int, int]:
    """Width and height of a baseline JPEG, from its head alone.  Raises BadMessage."""
    if jpeg[:2] != START_OF_IMAGE:
        raise BadMessage("this is not a JPEG")
    at, size = 2, None
    for _ in range(MOST_SEGMENTS):
        marker, segment = _segment(jpeg, at)
        if marker == START_OF_SCAN:
            break
        if marker in FRAMES:
            if size:
                raise BadMessage("the JPEG has more than one frame")
            size = _frame_size(marker, segment)
        at += 4 + len(segment)
    if size is None:
        raise BadMessage("the JPEG has no frame before its picture")
    return size


def _segment(jpeg: memoryview, at: int) -> tuple[int, memoryview]:
    """The marker at a place, and what belongs to it."""
    if len(jpeg) < at + 4 or jpeg[at] != MARK:
        raise BadMessage("the JPEG's head is cut short, or no head")
    length = int.from_bytes(jpeg[at + 2 : at + 4])
    if length < 2 or len(jpeg) < at + 2 + length:
        raise BadMessage("the JPEG's head is cut short, or no head")
    return jpeg[at + 1], jpeg[at + 4 : at + 2 + length]


def _frame_size(marker: int, segment: memoryview) -> tuple[int, int]:
    if marker not in BASELINE:
        raise BadMessage("the JPEG is progressive, lossless or arithmetic: send a baseline one")
    if len(segment) < 6 or segment[0] != 8 or segment[5] not in COLOURS:
        raise BadMessage("the JPEG must have 8 bits, and one or three colours")
    return int.from_bytes(segment[3:5]), int.from_bytes(segment[1:3])


class JpegDecoder:
    """A Decoder; nothing is kept between pictures."""

    wants_key = False

    def __init__(self, *, width: int, height: int, most_bytes: int) -> None:
        self._size = width, height
        self._most_bytes = most_bytes

    def decode(self, message: Message, *, arrived_ns: int) -> Frame | None:
        check_jpeg(message.payload, size=self._size, most_bytes=self._most_bytes)
        width, height = self._size
        pixels = np.empty((height, width, 4), np.uint8)
        try:
            simplejpeg.decode_jpeg(message.payload, colorspace="BGRX", buffer=pixels)
        except ValueError as error:
            raise BadMessage(f"the JPEG cannot be decoded: {error}") from error
        return Frame(pixels, arrived_ns, message.captured_at_us, message.sequence)

    def close(self) -> None:
        """Nothing is held."""


def check_jpeg(payload: memoryview, *, size: tuple[int, int], most_bytes: int) -> None:
    """Whether a JPEG is what was announced, without decoding it: for those that are passed on.

    Raises BadMessage, FrameTooLarge.
    """
    if len(payload) > most_bytes:
        raise FrameTooLarge(f"the picture has {len(payload)} bytes; {most_bytes} are taken")
    got = jpeg_size(payload)
    if got != size:
        raise BadMessage("the JPEG has {}x{} px, and {}x{} were announced".format(*got, *size))
    if bytes(payload).count(SCAN_MARK) > MOST_SCANS:
        raise BadMessage(f"the JPEG has more than {MOST_SCANS} scans")
