"""Blocking: values that all processes share, in Redis; and how it is said that one has changed.

Who looks something up may be slow: what it brings must not come back after somebody said that it has
changed.  So whoever says so leaves a stone in the value's place, an empty one, and nothing is put
where one lies.  It lies for longer than anything that was looked up before it may be given.

Redis must be trusted as the database is: who may write there can open a door with a key of his own.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

ANSWER_S = 0.5  # Redis takes less than one of a thousand parts of it
LEFT_ALONE_S = 1.0  # after it failed: not everybody is to wait for it
SKEW_S = 5.0  # by so much the clocks of machines may differ
STONE = b""


class Found(NamedTuple):
    """loaded_s: when the database said so, in seconds since 1970."""

    value: bytes
    loaded_s: float


class RedisAway(Exception):
    """Redis cannot be reached, or does not answer in time."""


def client_of(url: str, *, retries: int) -> Redis:
    """With bounds on every wait."""
    return Redis.from_url(
        url,
        socket_connect_timeout=ANSWER_S,
        socket_timeout=ANSWER_S,
        retry=Retry(NoBackoff(), retries),
    )


class RedisTier:
    """prefix: of the names of keys, and of the channel on which changes are told."""

    def __init__(self, client: Redis, *, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._left_alone_until_s = 0.0  # of the monotonic clock

    def get(self, cache: str, key: str) -> Found | None:
        """Raises RedisAway."""
        if time.monotonic() < self._left_alone_until_s:
            raise RedisAway
        try:
            kept = self._client.get(self._name(cache, key))
        except RedisError as error:
            raise self._away() from error
        assert kept is None or isinstance(kept, bytes)
        loaded_s, _, value = (kept or STONE).partition(b"\n")
        with suppress(ValueError):  # nothing, a stone, or of another version of this program
            return Found(value, float(loaded_s))
        return None

    def put(self, cache: str, key: str, found: Found, *, for_s: float) -> None:
        """Where nothing is, and no stone.  Raises RedisAway."""
        if time.monotonic() < self._left_alone_until_s:
            raise RedisAway
        said = f"{found.loaded_s!r}\n".encode() + found.value
        try:
            self._client.set(self._name(cache, key), said, nx=True, px=max(1, int(for_s * 1000)))
        except RedisError as error:
            raise self._away() from error

    def forget(self, cache: str, keys: Sequence[str], *, stone_s: float) -> None:
        """What is kept of these is gone, and every process that listens is told.

        stone_s: for how long nothing takes its place.  Tries in any case.  Raises RedisAway.
        """
        pipeline = self._client.pipeline(transaction=True)
        for key in keys:
            pipeline.set(self._name(cache, key), STONE, px=int(stone_s * 1000))
            pipeline.publish(channel_of(self._prefix), f"{cache} {key}")
        try:
            pipeline.execute()
        except RedisError as error:
            raise self._away() from error

    def _away(self) -> RedisAway:
        self._left_alone_until_s = time.monotonic() + LEFT_ALONE_S
        return RedisAway()

    def _name(self, cache: str, key: str) -> str:
        return f"{self._prefix}:tier:{cache}:{key}"


def channel_of(prefix: str) -> str:
    return f"{prefix}:tier:changes"
