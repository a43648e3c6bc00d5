"""Encoded frames to hand out in tests: small, and each with its sequence in it."""

from struct import pack

from streaming.core.encoders.base import EncodedFrame, Tile
from streaming.core.wire import Kind


def encoded_frame(
    sequence: int, *, kind: Kind = Kind.JPEG, is_key: bool = True, size_bytes: int = 0
) -> EncodedFrame:
    payload = b"%d" % sequence + bytes(size_bytes)
    head = pack(">BBHIQ", kind, is_key, 0, sequence, 1_000_000 + sequence)
    return EncodedFrame(
        kind=kind,
        is_key=is_key,
        sequence=sequence,
        captured_at_us=1_000_000 + sequence,
        message=head + payload,
        payload_start=len(head),
    )


def h264(sequence: int, *, is_key: bool = False, size_bytes: int = 0) -> EncodedFrame:
    return encoded_frame(sequence, kind=Kind.H264, is_key=is_key, size_bytes=size_bytes)


def tile(x: int, y: int, content: bytes, *, size: int = 64) -> Tile:
    return Tile(x, y, size, size, data=pack(">HHHHI", x, y, size, size, len(content)) + content)


def tiles(sequence: int, *changed: Tile, is_key: bool = False) -> EncodedFrame:
    head = pack(">BBHIQ", Kind.TILES, is_key, 0, sequence, 1_000_000 + sequence)
    body = pack(">H", len(changed)) + b"".join(one.data for one in changed)
    return EncodedFrame(
        kind=Kind.TILES,
        is_key=is_key,
        sequence=sequence,
        captured_at_us=1_000_000 + sequence,
        message=head + body,
        payload_start=len(head),
        tiles=changed,
    )
