"""Items as bytes between processes: wire messages as viewers get them, and states as JSON."""

import json
from typing import get_args

from streaming.core.encoders.base import EncodedFrame, Tile
from streaming.core.errors import BadMessage
from streaming.core.items import Config, Item, State, StateName
from streaming.core.wire import (
    HEAD,
    Kind,
    pack_config,
    pack_tile,
    read_config,
    unpack,
    unpack_tiles,
)

STATES: dict[object, StateName] = {name: name for name in get_args(StateName)}


def pack_item(item: Item) -> bytes:
    if isinstance(item, EncodedFrame):
        return item.message
    if isinstance(item, Config):
        return pack_config(item.members)
    told = {"state": item.state, "reason": item.reason, "detail": item.detail}
    return json.dumps(told).encode()


def unpack_item(message: bytes) -> Item:
    """Raises BadMessage."""
    if message[:1] == b"{":
        return _state(message)
    parts = unpack(message)
    if parts.kind is Kind.CONFIG:
        return Config(read_config(parts.payload))
    tiles: tuple[Tile, ...] = ()
    if parts.kind is Kind.TILES:
        tiles = tuple(
            Tile(
                entry.x,
                entry.y,
                entry.width,
                entry.height,
                pack_tile(entry.x, entry.y, entry.width, entry.height, bytes(entry.jpeg)),
            )
            for entry in unpack_tiles(parts.payload)
        )
    is_key = parts.is_key or parts.kind is Kind.JPEG
    return EncodedFrame(
        parts.kind, is_key, parts.sequence, parts.captured_at_us, message, HEAD.size, tiles
    )


def _state(message: bytes) -> State:
    told = read_config(message)
    state, reason, detail = STATES.get(told.get("state")), told.get("reason"), told.get("detail")
    if state is None or not isinstance(reason, str) or not isinstance(detail, str):
        raise BadMessage("this is not a state")
    return State(state, reason, detail)
