"""Relays to try: each test has a place of its own, and any number of relays there."""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from streaming.core.relay.base import Relay
from streaming.core.relay.local_socket import LocalSocketRelay
from streaming.core.relay.redis import RedisRelay
from tests.needs import REDIS_URL


class Place(NamedTuple):
    """Where processes meet.  relay: as one more process would have it."""

    relay: Callable[[], Relay]
    url: str
    screen: str


def place_of(kind: str, folder: Path) -> Place:
    screen = f"7-{secrets.token_hex(4)}"
    if kind == "redis":
        return Place(lambda: RedisRelay(REDIS_URL), REDIS_URL, screen)
    path = str(folder / "relay.sock")
    return Place(lambda: LocalSocketRelay(path), f"unix:{path}", screen)


async def settled(relays: list[Relay]) -> None:
    await asyncio.gather(*[relay.close() for relay in relays])
