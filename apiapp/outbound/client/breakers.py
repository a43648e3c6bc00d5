"""Leaves a host alone that fails again and again, and tries it with one call after a while."""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from apiapp.outbound.errors import CircuitOpen

MOST_ENTRIES = 30_000
FORGET_S = 3600.0  # failures that are not followed by others

State = Literal["closed", "open", "half_open"]


class CircuitStore(Protocol):
    """Where failures are counted: in this process, or for all of them.  Thread-safe.

    What is kept goes by itself after `keep_s`.  A store that is away has nothing, and keeps nothing.
    """

    def get(self, key: str) -> float | None: ...

    def set(self, key: str, value: float, *, keep_s: float) -> None: ...

    def add(self, key: str, *, keep_s: float) -> bool:
        """Whether there was none, and is one now."""

    def count(self, key: str, *, keep_s: float) -> float:
        """One more than there was; `keep_s` begins with the first."""

    def delete(self, *keys: str) -> None: ...


class MemoryCircuits:
    """Those of one process."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._kept: dict[str, tuple[float, float]] = {}  # key -> (value, when it goes)
        self._lock = threading.Lock()

    def get(self, key: str) -> float | None:
        with self._lock:
            return self._found(key)

    def set(self, key: str, value: float, *, keep_s: float) -> None:
        with self._lock:
            self._keep(key, value, self._clock_s() + keep_s)

    def add(self, key: str, *, keep_s: float) -> bool:
        with self._lock:
            if self._found(key) is not None:
                return False
            self._keep(key, 1, self._clock_s() + keep_s)
            return True

    def count(self, key: str, *, keep_s: float) -> float:
        with self._lock:
            before = self._found(key)
            until_s = self._clock_s() + keep_s if before is None else self._kept[key][1]
            self._keep(key, (before or 0) + 1, until_s)
            return self._kept[key][0]

    def delete(self, *keys: str) -> None:
        with self._lock:
            for key in keys:
                self._kept.pop(key, None)

    def _found(self, key: str) -> float | None:
        if key not in self._kept:
            return None
        value, until_s = self._kept[key]
        if until_s > self._clock_s():
            return value
        del self._kept[key]
        return None

    def _keep(self, key: str, value: float, until_s: float) -> None:
        if key not in self._kept and len(self._kept) >= MOST_ENTRIES:
            self._kept.pop(next(iter(self._kept)))
        self._kept[key] = value, until_s


@dataclass(frozen=True, slots=True)
class Circuit:
    """half_open: the next call tries whether the host is well again.  left_s: until then."""

    state: State
    failures: int = 0
    left_s: float = 0.0


def circuit_key(partition: str, origin: tuple[str, str, int]) -> str:
    """Of one host, for those who share a partition."""
    return hashlib.sha256(repr((partition, origin)).encode()).hexdigest()


class Breaker:
    """One circuit per key.  Thread-safe.

    failures: in a row, until it opens.  pause_s: until one call may try again.
    """

    def __init__(
        self,
        *,
        failures: int = 5,
        pause_s: float = 30.0,
        store: CircuitStore | None = None,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self._failures, self._pause_s, self._clock_s = failures, pause_s, clock_s
        self._store = store or MemoryCircuits(clock_s)

    def admit(self, key: str, *, host: str) -> None:
        """Raises CircuitOpen.  Whoever is let in has to say `succeeded`, `failed` or `gave_up`."""
        circuit = self.circuit(key)
        if circuit.state == "closed":
            return
        # Who tries may die over it: then another may, a pause later.
        if circuit.state == "open" or not self._store.add(trying(key), keep_s=self._pause_s):
            raise CircuitOpen(host=host, retry_after_s=max(1.0, circuit.left_s))

    def circuit(self, key: str) -> Circuit:
        failures = int(self._store.get(failing(key)) or 0)
        if failures < self._failures:
            return Circuit("closed", failures)
        until_s = self._store.get(opened(key))
        if until_s is None:
            return Circuit("half_open", failures)
        return Circuit("open", failures, max(0.0, until_s - self._clock_s()))

    def succeeded(self, key: str) -> None:
        if self._store.get(failing(key)) is not None:
            self._store.delete(failing(key), opened(key), trying(key))

    def failed(self, key: str) -> None:
        if self._store.count(failing(key), keep_s=FORGET_S) >= self._failures:
            until_s = self._clock_s() + self._pause_s
            self._store.set(opened(key), until_s, keep_s=self._pause_s)
            self._store.delete(trying(key))

    def gave_up(self, key: str) -> None:
        """It was not tried: neither well nor broken."""
        self._store.delete(trying(key))


def failing(key: str) -> str:
    return f"{key}:failures"


def opened(key: str) -> str:
    return f"{key}:open"


def trying(key: str) -> str:
    return f"{key}:trying"
