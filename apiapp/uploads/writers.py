"""Blocking: who appends to which upload, in this process and in others; the newest one wins.

In one process a writer is told at once to stop.  In another it learns from its upload's row, where
`writer_wanted` was raised, at its process's next look there (`heed`), and says in `writer_seen_at`
that it is alive and about to stop.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from django.db.models import F

from apiapp.uploads.models import Upload

HEEDED_S = 0.3  # younger writers are about to end by themselves
BATCH = 500


@dataclass(frozen=True, slots=True, eq=False)
class Active:
    """One request that appends.

    ticket: higher than that of every older one in this process.  wanted, token: of the upload's
    row when it began.  stop: may be called in any thread, and more than once.
    """

    file_id: str
    ticket: int
    wanted: int
    token: int
    stop: Callable[[], None]
    began_at: float = field(default_factory=time.monotonic)


class Writers:
    """The requests that append in this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._active: dict[str, Active] = {}
        self._tickets = itertools.count(1)

    def new_ticket(self) -> int:
        return next(self._tickets)

    def enter(self, active: Active) -> None:
        with self._lock:
            self._active[active.file_id] = active

    def leave(self, active: Active) -> None:
        """Safe to call twice."""
        with self._lock:
            if self._active.get(active.file_id) is active:
                del self._active[active.file_id]

    def stop(self, file_id: str, *, ticket: int) -> Active | None:
        """Have who appends to it stop, unless it is newer than `ticket`; return who it is."""
        with self._lock:
            active = self._active.get(file_id)
        if active and active.ticket < ticket:
            active.stop()
        return active

    def stop_all(self, file_id: str) -> None:
        """Have whoever appends to it stop."""
        self.stop(file_id, ticket=self.new_ticket())

    def is_active(self, file_id: str) -> bool:
        return file_id in self._active

    def lasting(self) -> list[Active]:
        """Those that have been at it for some time."""
        before = time.monotonic() - HEEDED_S
        with self._lock:
            return [active for active in self._active.values() if active.began_at < before]

    def __len__(self) -> int:
        return len(self._active)


def ask_elsewhere(file_id: str) -> None:
    """Have the writer in another process told at its next look."""
    Upload.objects.filter(pk=file_id).update(writer_wanted=F("writer_wanted") + 1)


def heed(writers: Writers, *, now: datetime) -> None:
    """Stop the writers here that another process waits for, or whose upload is gone."""
    lasting = {active.file_id: active for active in writers.lasting()}
    ids = list(lasting)
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        rows = Upload.objects.filter(pk__in=batch)
        found = {
            pk: (wanted, token)
            for pk, wanted, token in rows.values_list("pk", "writer_wanted", "writer_token")
        }
        stopped = [pk for pk in batch if found.get(pk) != (lasting[pk].wanted, lasting[pk].token)]
        for file_id in stopped:
            lasting[file_id].stop()
        if stopped:
            Upload.objects.filter(pk__in=stopped).update(writer_seen_at=now)
