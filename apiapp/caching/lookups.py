"""How often was asked for what, and where it was found; counted in memory.  Plain Python, for any thread."""

import threading
from typing import NamedTuple

PROCESS, REDIS = "process", "redis"
HIT, MISS, ERROR = "hit", "miss", "error"


class Lookup(NamedTuple):
    """cache: what is kept in it, such as keys.  outcome: of this tier alone."""

    cache: str
    tier: str
    outcome: str


class Lookups:
    """Counts, since the process began."""

    def __init__(self) -> None:
        self._counts: dict[Lookup, int] = {}
        self._lock = threading.Lock()

    def count(self, lookup: Lookup) -> None:
        with self._lock:
            self._counts[lookup] = self._counts.get(lookup, 0) + 1

    def counts(self) -> dict[Lookup, int]:
        with self._lock:
            return dict(self._counts)


lookups = Lookups()  # of this process
