"""The client, the keys and the limits as the settings say: for entry points, which pass them on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.conf import settings
from django.core.cache import cache as django_cache
from django.utils import timezone

from apiapp.outbound.calling import Means
from apiapp.outbound.client.calls import Terms
from apiapp.outbound.client.client import Client
from apiapp.outbound.errors import TooManyCalls
from apiapp.outbound.sealing import Sealer
from apiapp.uploads import configured as uploads

PREFIX = "outbound:answer:"


class CachedAnswers:
    """Answers in Django's cache: in this process, or in Redis for all of them."""

    def get(self, key: str) -> list[dict[str, Any]] | None:
        found: list[dict[str, Any]] | None = django_cache.get(PREFIX + key)
        return found

    def set(self, key: str, variants: list[dict[str, Any]], *, keep_s: float) -> None:
        django_cache.set(PREFIX + key, variants, keep_s)

    def delete(self, key: str) -> None:
        django_cache.delete(PREFIX + key)


@cache
def client() -> Client:
    """One for all of this process, with its open connections."""
    return Client(store=CachedAnswers())


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
