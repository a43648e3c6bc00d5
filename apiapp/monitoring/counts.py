"""What processes count beside requests, such as log lines that were dropped: added up, and kept.

As with requests, a process writes the whole of what it counted each time, into rows of its own.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Sum

from apiapp.monitoring.models import ProcessCount

AGAIN_S = 3600.0  # a process that lives says so, also if it has counted nothing new
GONE_S = 2 * 24 * 3600.0  # one that has not said so for this long

Counts = Mapping[tuple[str, str], int]  # (name, place) -> how many, since the process began
Look = Callable[[], Counts]


class CountWriter:
    """Of one process.  before: what it began with, as a fork does with what its parent counted."""

    def __init__(self, look: Look, *, writer: str, before: Counts) -> None:
        self._look, self._writer = look, writer
        self._before = before
        self._written: dict[tuple[str, str], int] = {}
        self._written_at: datetime | None = None

    def write(self, *, now: datetime) -> None:
        """Raises DatabaseError; then the next call writes it."""
        found = {key: count - self._before.get(key, 0) for key, count in self._look().items()}
        counted = {key: count for key, count in found.items() if count}
        is_late = self._written_at is None or (now - self._written_at).total_seconds() >= AGAIN_S
        if not counted or (counted == self._written and not is_late):
            return
        save(counted, writer=self._writer, now=now)
        self._written, self._written_at = counted, now


def save(counted: Counts, *, writer: str, now: datetime) -> None:
    rows = [
        ProcessCount(name=name, place=place, writer=writer, value=value, written_at=now)
        for (name, place), value in sorted(counted.items())
    ]
    ProcessCount.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["name", "place", "writer"],
        update_fields=["value", "written_at"],
    )


def totals() -> dict[tuple[str, str], int]:
    """Of all processes, since the first began to count.  Never less than before."""
    rows = ProcessCount.objects.order_by().values_list("name", "place")
    return {(name, place): value for name, place, value in rows.annotate(Sum("value"))}


@transaction.atomic
def fold(*, now: datetime) -> int:
    """Add what processes counted that are gone to one sum; return how many rows it was."""
    before = now - timedelta(seconds=GONE_S)
    gone = ProcessCount.objects.exclude(writer="").filter(written_at__lt=before)
    rows = list(gone.select_for_update())
    for row in rows:
        ever, _ = ProcessCount.objects.get_or_create(
            name=row.name, place=row.place, writer="", defaults={"value": 0, "written_at": now}
        )
        ProcessCount.objects.filter(pk=ever.pk).update(value=F("value") + row.value)
    ProcessCount.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)
