"""Values kept in this process.  Plain Python, for any thread."""

import threading
from collections import OrderedDict
from typing import Generic, NamedTuple, TypeVar

Value = TypeVar("Value")


class Kept(NamedTuple, Generic[Value]):
    """A value, since when it is kept and until when it may be given."""

    value: Value
    since_s: float
    until_s: float


class Lru(Generic[Value]):
    """At most `entries` values, those that were asked for last.

    Times come from outside, in seconds on any clock.  If that is set back, what was kept later than
    now is not given: nothing is kept for longer than was said.
    """

    def __init__(self, entries: int) -> None:
        self._entries = entries
        self._kept: OrderedDict[str, Kept[Value]] = OrderedDict()
        self._lock = threading.Lock()
        self._generation = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str, *, now_s: float) -> Value | None:
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            if not found.since_s <= now_s < found.until_s:
                del self._kept[key]
                return None
            self._kept.move_to_end(key)
            return found.value

    def generation(self) -> int:
        """To be read before a value is loaded: what was dropped since must not be put back."""
        return self._generation

    def put(self, key: str, value: Value, *, now_s: float, until_s: float, generation: int) -> None:
        with self._lock:
            if generation != self._generation or not self._entries or until_s <= now_s:
                return
            self._kept[key] = Kept(value, now_s, until_s)
            self._kept.move_to_end(key)
            if len(self._kept) > self._entries:
                self._kept.popitem(last=False)

    def drop(self, key: str) -> None:
        with self._lock:
            self._generation += 1
            self._kept.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._generation += 1
            self._kept.clear()
