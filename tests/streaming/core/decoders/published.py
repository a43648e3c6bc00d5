"""Messages as a publisher sends them."""

from functools import cache

import simplejpeg

from streaming.core import wire
from streaming.core.encoders.h264 import H264Encoder
from streaming.core.wire import Kind, Message
from tests.streaming.core.pictures import drawn

WIDTH, HEIGHT = 320, 200
MOST_BYTES = 1_000_000


def message(kind: Kind, payload: bytes, *, is_key: bool = True, sequence: int = 0) -> Message:
    packed = wire.pack(
        kind, payload, is_key=is_key, sequence=sequence, captured_at_us=5_000 + sequence
    )
    return wire.unpack(packed)


def jpeg(width: int = WIDTH, height: int = HEIGHT, **more: object) -> bytes:
    pixels = drawn(width, height).pixels
    return simplejpeg.encode_jpeg(pixels, quality=90, colorspace="BGRX", **more)


@cache
def h264(count: int = 5, width: int = WIDTH, height: int = HEIGHT) -> list[Message]:
    """The first is the key frame."""
    encoder = H264Encoder(width=width, height=height, fps=30)
    return [
        wire.unpack(encoder.encode(drawn(width, height, sequence=number), wants_key=False).message)
        for number in range(count)
    ]


def units(packed: Message) -> list[bytes]:
    """The NAL units of a message, each with its start code."""
    return [b"\x00\x00\x00\x01" + unit for unit in wire_units(packed)]


def wire_units(packed: Message) -> list[bytes]:
    return [each.rstrip(b"\x00") for each in bytes(packed.payload).split(b"\x00\x00\x01")[1:]]
