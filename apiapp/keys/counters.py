"""The cache that rate limits are counted in, when Redis keeps it."""

import threading
from functools import cached_property
from typing import Any

from django.core.cache.backends.redis import RedisCache


class RedisCounters(RedisCache):
    """Counts in one round trip what django-ratelimit asks for in two.

    It calls `add`, and `incr` if the key was there.  Here `add` does both in one pipeline, and the
    `incr` that follows in the same thread answers from it.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._counted = threading.local()

    @cached_property
    def _redis(self) -> Any:
        """Django makes a new client for each command, which takes longer than the command."""
        return self._cache.get_client(write=True)

    def add(self, key: Any, value: Any, timeout: Any = None, version: int | None = None) -> bool:
        """True if the key is new.  value: 1, the first count.  timeout: seconds."""
        name = self.make_and_validate_key(key, version=version)
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.set(name, 0, nx=True, ex=timeout)
        pipeline.incrby(name, value)
        is_new, total = pipeline.execute()
        self._counted.last = None if is_new else (key, total)
        return bool(is_new)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """The count after `add` found the key there."""
        counted, self._counted.last = getattr(self._counted, "last", None), None
        if counted and counted[0] == key:
            return int(counted[1])
        return int(super().incr(key, delta, version))
