"""The screen wire format: binary messages between publishers, this server and viewers.

Big endian: `u8 kind`, `u8 flags` (bit 0: key frame), `u16` zero, `u32 sequence`, `u64 captured_at`
(µs since 1970), payload.  Tiles payload: `u16 count`, then per tile `u16 x, y, w, h, u32 length`
and the JPEG bytes.  The first message of a socket is a config: JSON.
"""

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from streaming.core.errors import BadMessage

HEAD = struct.Struct(">BBHIQ")
TILE_HEAD = struct.Struct(">HHHHI")
TILE_COUNT = struct.Struct(">H")
KEY_FRAME = 1
SEQUENCES = 1 << 32  # a sequence begins again at 0 after four years at 30 pictures a second
MAX_WIDTH_PX, MAX_HEIGHT_PX = 7680, 4320
MAX_FPS = 240
MAX_CONFIG_BYTES = 4096
MAX_TITLE_CHARACTERS = 200


class Kind(IntEnum):
    CONFIG = 1
    H264 = 2
    TILES = 3
    JPEG = 4


PUBLISHED = {"h264": Kind.H264, "jpeg": Kind.JPEG}  # what a publisher may send


@dataclass(frozen=True, slots=True)
class Message:
    """A binary message, taken apart.  payload: a view of the message, nothing is copied."""

    kind: Kind
    is_key: bool
    sequence: int
    captured_at_us: int
    payload: memoryview


@dataclass(frozen=True, slots=True)
class TileEntry:
    """A rectangle of a picture as it travels: where it is, and its JPEG bytes."""

    x: int
    y: int
    width: int
    height: int
    jpeg: memoryview


@dataclass(frozen=True, slots=True)
class PublishedConfig:
    """What a publisher says it is going to send."""

    codec: str
    width: int
    height: int
    fps: float
    title: str

    @property
    def kind(self) -> Kind:
        return PUBLISHED[self.codec]


def pack(kind: Kind, payload: bytes, *, is_key: bool, sequence: int, captured_at_us: int) -> bytes:
    """Head and payload in one."""
    flags = KEY_FRAME if is_key else 0
    return HEAD.pack(kind, flags, 0, sequence % SEQUENCES, captured_at_us) + payload


def pack_config(config: dict[str, Any], *, sequence: int = 0, captured_at_us: int = 0) -> bytes:
    """A config message; viewers and publishers begin with one."""
    payload = json.dumps(config, separators=(",", ":")).encode()
    return pack(
        Kind.CONFIG, payload, is_key=False, sequence=sequence, captured_at_us=captured_at_us
    )


def unpack(message: bytes) -> Message:
    """Take a message apart.  Raises BadMessage."""
    if len(message) < HEAD.size:
        raise BadMessage(f"a message has {HEAD.size} bytes or more, this one has {len(message)}")
    kind, flags, zero, sequence, captured_at_us = HEAD.unpack_from(message)
    if kind not in Kind._value2member_map_:
        raise BadMessage(f"kind {kind} is none of {', '.join(f'{each:d}' for each in Kind)}")
    if flags & ~KEY_FRAME or zero:
        raise BadMessage("bits of the head that have no meaning yet must be 0")
    payload = memoryview(message)[HEAD.size :]
    return Message(Kind(kind), bool(flags & KEY_FRAME), sequence, captured_at_us, payload)


def read_config(payload: bytes | memoryview | str) -> dict[str, Any]:
    """The members of a config's JSON object.  Raises BadMessage."""
    if len(payload) > MAX_CONFIG_BYTES:
        raise BadMessage(f"a config has {MAX_CONFIG_BYTES} bytes or fewer")
    try:
        text = payload if isinstance(payload, str) else bytes(payload).decode()
        config = json.loads(text)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise BadMessage(f"the config is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise BadMessage("the config must be a JSON object")
    return config


def read_published_config(payload: bytes | memoryview | str) -> PublishedConfig:
    """The config of a publisher; members that are not known are passed over.  Raises BadMessage."""
    config = read_config(payload)
    codec = config.get("codec")
    if not isinstance(codec, str) or codec not in PUBLISHED:
        raise BadMessage(f"codec must be one of {', '.join(PUBLISHED)}, not {codec!r:.40}")
    title = config.get("title", "")
    if not isinstance(title, str) or len(title) > MAX_TITLE_CHARACTERS:
        raise BadMessage(f"title must be a string of {MAX_TITLE_CHARACTERS} characters or fewer")
    return PublishedConfig(
        codec=codec,
        width=_side(config, "width", MAX_WIDTH_PX),
        height=_side(config, "height", MAX_HEIGHT_PX),
        fps=_rate(config),
        title=title,
    )


def _side(config: dict[str, Any], name: str, largest: int) -> int:
    side = config.get(name)
    if type(side) is not int or not 0 < side <= largest:  # True is an int, and no width
        raise BadMessage(f"{name} must be a whole number from 1 to {largest}, not {side!r:.40}")
    return side


def _rate(config: dict[str, Any]) -> float:
    rate: Any = config.get("fps")
    is_number = isinstance(rate, int | float) and not isinstance(rate, bool)
    if not is_number or not 0 < rate <= MAX_FPS:  # NaN is not above 0 either
        raise BadMessage(f"fps must be a number above 0, at most {MAX_FPS}, not {rate!r:.40}")
    return float(rate)


def pack_tile(x: int, y: int, width: int, height: int, jpeg: bytes) -> bytes:
    """One entry of a tiles payload."""
    return TILE_HEAD.pack(x, y, width, height, len(jpeg)) + jpeg


def pack_tiles(entries: Iterable[bytes]) -> bytes:
    """A tiles payload of entries that `pack_tile` made."""
    known = list(entries)
    return b"".join((TILE_COUNT.pack(len(known)), *known))


def unpack_tiles(payload: bytes | memoryview) -> list[TileEntry]:
    """The tiles of a payload, in its order; their JPEG bytes are not looked at.

    Raises BadMessage.
    """
    view = memoryview(payload)
    if len(view) < TILE_COUNT.size:
        raise BadMessage("a tiles payload begins with the count of its tiles")
    (count,) = TILE_COUNT.unpack_from(view)
    at = TILE_COUNT.size
    tiles: list[TileEntry] = []
    for _ in range(count):
        if len(view) - at < TILE_HEAD.size:
            raise BadMessage(f"the payload ends after {len(tiles)} of {count} tiles")
        x, y, width, height, length = TILE_HEAD.unpack_from(view, at)
        at += TILE_HEAD.size
        if not (width and height and length) or length > len(view) - at:
            raise BadMessage(f"tile {len(tiles)} is empty, or longer than the payload")
        tiles.append(TileEntry(x, y, width, height, view[at : at + length]))
        at += length
    if at != len(view):
        raise BadMessage(f"{len(view) - at} bytes follow the last tile")
    return tiles
