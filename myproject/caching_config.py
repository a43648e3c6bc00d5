"""What is kept of what is read often, and for how long."""

from dataclasses import dataclass
from typing import Any

IN_PROCESS = "django.core.cache.backends.locmem.LocMemCache"


@dataclass(frozen=True, slots=True)
class Caching:
    """entries: of each cache in each process, at most; 0: none.

    keys_s: for how long a key that was looked up is known where nobody says that it is revoked.
    keys_alone_s: the same in a process that could not be told, as there is no Redis.
    """

    entries: int
    keys_s: float
    keys_alone_s: float


def caching_config(env: Any) -> Caching:
    """Of the environment."""
    return Caching(
        entries=env.int("CACHE_ENTRIES", default=2000),
        keys_s=env.float("CACHE_KEYS_S", default=30.0),
        keys_alone_s=env.float("CACHE_KEYS_ALONE_S", default=2.0),
    )


def caches(redis_url: str, *, prefix: str) -> dict[str, dict[str, Any]]:
    """Django's own setting.  prefix: of names in Redis."""
    if not redis_url:
        # Of rate limits.  In process they are exact for the one web process of `manage.py serve`; a
        # flood of strangers must not push out others.
        counters = {"LOCATION": "counters", "OPTIONS": {"MAX_ENTRIES": 100_000}}
        return {"default": {"BACKEND": IN_PROCESS}, "counters": {"BACKEND": IN_PROCESS, **counters}}
    there = {"LOCATION": redis_url, "KEY_PREFIX": prefix}
    return {
        "default": {"BACKEND": "django_redis.cache.RedisCache", **there},
        "counters": {"BACKEND": "apiapp.keys.counters.RedisCounters", **there},
    }
