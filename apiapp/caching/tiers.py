"""What is read often, looked for in this process, then in Redis, then where it comes from.

Two ways for a process to know that what it keeps has changed.  The key says so: it has a version in
it that was just read from the database.  Or whoever changed it says so, through Redis: then what
is kept is let go at once.  For how long something is kept bounds what goes wrong with the latter.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

from django.db import transaction

from apiapp.caching.flights import Flights
from apiapp.caching.listening import Listener
from apiapp.caching.lookups import ERROR, HIT, MISS, PROCESS, REDIS, Lookup, lookups
from apiapp.caching.lru import Lru
from apiapp.caching.redis_tier import SKEW_S, Found, RedisAway, RedisTier, client_of

logger = logging.getLogger(__name__)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Terms:
    """cache: its name.  entries: of a process, at most.

    keep_s: for how long, since it was loaded, something may be given.  alone_s: the same, in a
    process that hears nothing of what others change.  wait_s: for who loads it just now.
    """

    cache: str
    entries: int
    keep_s: float
    alone_s: float
    wait_s: float


class Form(Protocol[Value]):
    """How values are written for Redis."""

    def dump(self, value: Value) -> bytes: ...

    def load(self, said: bytes) -> Value: ...


@dataclass(frozen=True, slots=True)
class Shared:
    """Redis, as one process has it."""

    tier: RedisTier
    listener: Listener


def shared_by(url: str, *, prefix: str) -> Shared:
    """prefix: two servers on one Redis need two."""
    # A connection of before a restart deserves a second try; of one that listens, all would be lost
    # that was said in between.
    asking, hearing = client_of(url, retries=1), client_of(url, retries=0)
    return Shared(RedisTier(asking, prefix=prefix), Listener(hearing, prefix=prefix))


class Tiers(Generic[Value]):
    """shared: None where there is no Redis.  For any thread."""

    def __init__(self, terms: Terms, form: Form[Value], shared: Shared | None) -> None:
        self._terms, self._form, self._shared = terms, form, shared
        self._kept: Lru[Value] = Lru(terms.entries)
        self._flights: Flights[Value | None] = Flights(wait_s=terms.wait_s)
        self._counted = {
            (tier, outcome): Lookup(terms.cache, tier, outcome)
            for tier in (PROCESS, REDIS)
            for outcome in (HIT, MISS, ERROR)
        }
        if shared:
            shared.listener.tell(terms.cache, self._drop, self.clear)

    def get(self, key: str, load: Callable[[], Value | None], *, now_s: float) -> Value | None:
        """What is kept of `key`, else what `load` finds; None, which is not kept: nothing.

        now_s: seconds since 1970.  Of threads that come at once one loads.  Values are shared by
        threads: nobody changes them.  Raises what `load` raises.
        """
        found = self._kept.get(key, now_s=now_s)
        self._count(PROCESS, HIT if found is not None else MISS)
        if found is not None:
            return found
        return self._flights.fly(key, partial(self._look_up, key, load, now_s))

    def forget(self, *keys: str) -> None:
        """Before what is kept of these changes for others: at once here, and, when the transaction
        is over, everywhere.
        """
        for key in keys:
            self._drop(key)
        transaction.on_commit(partial(self._tell, keys), robust=True)

    def clear(self) -> None:
        """Let go of all that this process keeps."""
        self._kept.clear()
        self._flights.leave_all()

    def _look_up(self, key: str, load: Callable[[], Value | None], now_s: float) -> Value | None:
        generation = self._kept.generation()
        # Asked before anything is looked up: what changes later is then heard of.
        keep_s = self._terms.keep_s if self._hears() else self._terms.alone_s
        found = self._shared_one(key, now_s) or self._load(key, load, now_s)
        if found is None:
            return None
        value, loaded_s = found
        until_s = min(loaded_s, now_s) + keep_s
        self._kept.put(key, value, now_s=now_s, until_s=until_s, generation=generation)
        return value

    def _load(
        self, key: str, load: Callable[[], Value | None], now_s: float
    ) -> tuple[Value, float] | None:
        value = load()
        if value is None:
            return None
        self._share(key, value, now_s)
        return value, now_s

    def _hears(self) -> bool:
        return self._shared is not None and self._shared.listener.hears()

    def _shared_one(self, key: str, now_s: float) -> tuple[Value, float] | None:
        """And when it was loaded."""
        if not self._shared:
            return None
        try:
            found = self._shared.tier.get(self._terms.cache, key)
        except RedisAway:
            self._count(REDIS, ERROR)
            return None
        read = self._read(found, now_s) if found else None
        self._count(REDIS, HIT if read else MISS)
        return read

    def _read(self, found: Found, now_s: float) -> tuple[Value, float] | None:
        """None: it is too old, or was written by another version of this program."""
        if not -SKEW_S <= now_s - found.loaded_s < self._terms.keep_s:
            return None
        with suppress(ValueError, KeyError, TypeError):
            return self._form.load(found.value), found.loaded_s
        return None

    def _share(self, key: str, value: Value, now_s: float) -> None:
        if not self._shared:
            return
        found = Found(self._form.dump(value), now_s)
        try:
            self._shared.tier.put(self._terms.cache, key, found, for_s=self._terms.keep_s)
        except RedisAway:
            self._count(REDIS, ERROR)

    def _tell(self, keys: Sequence[str]) -> None:
        for key in keys:  # somebody may have looked it up before the transaction was over
            self._drop(key)
        if not self._shared or not keys:
            return
        stone_s = self._terms.keep_s + SKEW_S
        try:
            self._shared.tier.forget(self._terms.cache, keys, stone_s=stone_s)
        except RedisAway:
            self._count(REDIS, ERROR)
            logger.warning(
                "Redis cannot be told that %s changed: other processes see it within %g s",
                self._terms.cache,
                self._terms.keep_s,
            )

    def _drop(self, key: str) -> None:
        self._kept.drop(key)
        self._flights.leave(key)

    def _count(self, tier: str, outcome: str) -> None:
        lookups.count(self._counted[tier, outcome])
