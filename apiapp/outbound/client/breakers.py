"""Leaves a host alone that fails again and again, and tries it with one call after a while."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from apiapp.outbound.errors import CircuitOpen

MOST_HOSTS = 10_000


@dataclass(slots=True)
class Circuit:
    """Closed while `opened_at_s` is None; half open while a call tries whether it is well again."""

    failures: int = 0
    opened_at_s: float | None = None
    is_trying: bool = False


@dataclass(slots=True)
class Breaker:
    """One circuit per host.  Thread-safe.

    failures: in a row, until it opens.  pause_s: until one call may try again.
    """

    failures: int = 5
    pause_s: float = 30.0
    clock_s: Callable[[], float] = time.monotonic
    _circuits: dict[Hashable, Circuit] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self, key: Hashable, *, host: str) -> None:
        """Raises CircuitOpen.  Whoever is let in has to say `succeeded`, `failed` or `gave_up`."""
        with self._lock:
            circuit = self._circuits.get(key)
            if circuit is None or circuit.opened_at_s is None:
                return
            left_s = circuit.opened_at_s + self.pause_s - self.clock_s()
            if left_s > 0 or circuit.is_trying:
                raise CircuitOpen(host=host, retry_after_s=max(1.0, left_s))
            circuit.is_trying = True

    def succeeded(self, key: Hashable) -> None:
        with self._lock:
            self._circuits.pop(key, None)

    def failed(self, key: Hashable) -> None:
        with self._lock:
            if key not in self._circuits and len(self._circuits) >= MOST_HOSTS:
                self._circuits.pop(next(iter(self._circuits)))
            circuit = self._circuits.setdefault(key, Circuit())
            circuit.failures += 1
            if circuit.is_trying or circuit.failures >= self.failures:
                circuit.opened_at_s, circuit.is_trying = self.clock_s(), False

    def gave_up(self, key: Hashable) -> None:
        """It was not tried: neither well nor broken."""
        with self._lock:
            if circuit := self._circuits.get(key):
                circuit.is_trying = False
