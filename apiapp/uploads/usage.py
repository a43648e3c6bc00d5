"""Blocking: what users have on disk, known without asking the database at every request."""

import time
from dataclasses import dataclass, field
from threading import Lock

from apiapp.uploads.errors import QuotaExceeded
from apiapp.uploads.services import used_bytes

KNOWN_S = 1.0  # how long what other processes stored may stay unnoticed


@dataclass(slots=True)
class Known:
    """What one user had at that time, and what came since."""

    bytes: int
    read_at: float = field(default_factory=time.monotonic)


class Usage:
    """Of the users whose bytes arrive in this process; used by all of its threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[int, Known] = {}

    def add(self, owner_id: int, *, size_bytes: int, quota_bytes: int) -> None:
        """Count bytes that are going to be stored.  Raises QuotaExceeded; none are counted then."""
        known = self._of(owner_id)
        with self._lock:
            if known.bytes + size_bytes > quota_bytes:
                raise QuotaExceeded(
                    size_bytes=size_bytes, used_bytes=known.bytes, quota_bytes=quota_bytes
                )
            known.bytes += size_bytes

    def _of(self, owner_id: int) -> Known:
        known = self._known.get(owner_id)
        if known and time.monotonic() - known.read_at < KNOWN_S:
            return known
        fresh = Known(used_bytes(owner_id))
        with self._lock:
            cut_at = fresh.read_at - KNOWN_S
            self._known = {who: it for who, it in self._known.items() if it.read_at > cut_at}
            self._known[owner_id] = fresh
        return fresh
