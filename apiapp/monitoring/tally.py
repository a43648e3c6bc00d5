"""What was answered since it was looked at last, counted in memory.  Plain Python, for any thread."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from apiapp.monitoring.durations import Buckets, add, bucket_of

MINUTE_S = 60


class Kind(NamedTuple):
    """What is told apart.  status: its first digit; 0: the client left before there was one."""

    route: str
    method: str
    status: int


@dataclass(slots=True)
class Figures:
    """Of all requests of one kind in one span of time.  Bytes are those of bodies."""

    count: int = 0
    duration_us: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0
    buckets: Buckets = field(default_factory=dict)

    def add(self, more: "Figures") -> None:
        self.count += more.count
        self.duration_us += more.duration_us
        self.received_bytes += more.received_bytes
        self.sent_bytes += more.sent_bytes
        add(self.buckets, more.buckets)


Minutes = dict[tuple[int, Kind], Figures]  # by minutes since 1970


class Tally:
    """Counts; whoever takes what was counted has it alone, so nothing is counted twice or lost."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._minute = 0
        self._pending: Minutes = {}

    def count(
        self, kind: Kind, *, duration_us: int, received_bytes: int = 0, sent_bytes: int = 0
    ) -> None:
        """A request.  Never waits for more than another call of this."""
        index = bucket_of(duration_us)
        with self._lock:
            figures = self._figures(kind)
            figures.count += 1
            figures.duration_us += duration_us
            figures.received_bytes += received_bytes
            figures.sent_bytes += sent_bytes
            figures.buckets[index] = figures.buckets.get(index, 0) + 1

    def count_bytes(self, kind: Kind, *, received_bytes: int, sent_bytes: int) -> None:
        """Of a request that was counted before."""
        with self._lock:
            figures = self._figures(kind)
            figures.received_bytes += received_bytes
            figures.sent_bytes += sent_bytes

    def take(self) -> tuple[int, Minutes]:
        """The minute of now, before which nothing will be counted any more, and what was counted."""
        with self._lock:
            taken, self._pending = self._pending, {}
            return self._now(), taken

    def _figures(self, kind: Kind) -> Figures:
        key = (self._now(), kind)
        found = self._pending.get(key)
        if found is None:
            found = self._pending[key] = Figures()
        return found

    def _now(self) -> int:
        """Minutes since 1970, never going back, whatever becomes of the clock."""
        self._minute = max(self._minute, int(self._clock()) // MINUTE_S)
        return self._minute
