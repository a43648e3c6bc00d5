"""The client, the keys and the limits as the settings say: for entry points, which pass them on."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.conf import settings
from django.core.cache import cache as django_cache
from django.utils import timezone
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from apiapp.outbound.calling import Means
from apiapp.outbound.client.breakers import Breaker, Circuit, circuit_key
from apiapp.outbound.client.calls import Terms
from apiapp.outbound.client.client import Client
from apiapp.outbound.client.guard import target_of
from apiapp.outbound.errors import TooManyCalls
from apiapp.outbound.models import Connection
from apiapp.outbound.sealing import Sealer
from apiapp.uploads import configured as uploads

logger = logging.getLogger(__name__)

PREFIX, CIRCUITS = "outbound:answer:", "outbound:circuit:"


class CachedAnswers:
    """Answers in Django's cache: in this process, or in Redis for all of them."""

    def get(self, key: str) -> list[dict[str, Any]] | None:
        found: list[dict[str, Any]] | None = if_there(django_cache.get, PREFIX + key)
        return found

    def set(self, key: str, variants: list[dict[str, Any]], *, keep_s: float) -> None:
        if_there(django_cache.set, PREFIX + key, variants, keep_s)

    def delete(self, key: str) -> None:
        if_there(django_cache.delete, PREFIX + key)


class CachedCircuits:
    """Which hosts are left alone, in Django's cache: by all processes that share it."""

    def get(self, key: str) -> float | None:
        found: float | None = if_there(django_cache.get, CIRCUITS + key)
        return found

    def set(self, key: str, value: float, *, keep_s: float) -> None:
        if_there(django_cache.set, CIRCUITS + key, value, keep_s)

    def add(self, key: str, *, keep_s: float) -> bool:
        return bool(if_there(django_cache.add, CIRCUITS + key, 1, keep_s, otherwise=True))

    def count(self, key: str, *, keep_s: float) -> float:
        if_there(django_cache.add, CIRCUITS + key, 0, keep_s)
        try:
            return float(if_there(django_cache.incr, CIRCUITS + key, otherwise=0))
        except ValueError:  # gone in between
            return 1

    def delete(self, *keys: str) -> None:
        if_there(django_cache.delete_many, [CIRCUITS + key for key in keys])


def if_there(ask: Callable[..., Any], *args: Any, otherwise: Any = None) -> Any:
    """What the cache says; a call does not fail because the cache is away."""
    try:
        return ask(*args)
    except (ConnectionInterrupted, RedisError) as error:
        logger.warning("calls to others go on without the cache: %s", error)
        return otherwise


def circuit_of(connection: Connection) -> Circuit:
    """Whether calls by it go to its base address now."""
    key = circuit_key(connection.partition, target_of(connection.base_url).origin)
    return client().breaker.circuit(key)


@cache
def client() -> Client:
    """One for all of this process, with its open connections."""
    breaker = Breaker(store=CachedCircuits()) if settings.REDIS_URL else Breaker()
    return Client(store=CachedAnswers(), breaker=breaker)


def sealer() -> Sealer:
    own = settings.OUTBOUND.secret_keys
    return Sealer(own or [settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)])


def means() -> Means:
    return Means(
        client=client(),
        sealer=sealer(),
        find_store=uploads.store,
        usual=Terms(),
        keep_bytes=settings.OUTBOUND.record_bytes,
        clock=timezone.now,
    )


@cache
def _turns() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(settings.OUTBOUND.at_once)


@contextmanager
def turn() -> Iterator[None]:
    """One of the threads that may wait for others' answers.  Raises TooManyCalls."""
    turns = _turns()
    if not turns.acquire(blocking=False):
        raise TooManyCalls(limit=settings.OUTBOUND.at_once)
    try:
        yield
    finally:
        turns.release()
