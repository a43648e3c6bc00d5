"""Removes what runs that died for good left behind, and finishes what they had all but done."""

from contextlib import suppress
from datetime import datetime

from apiapp.imports import ended_imports, hidden, history, loads, tables, undoing
from apiapp.imports.altering import dropped
from apiapp.imports.errors import TableInUse
from apiapp.imports.models import Dataset, Import
from apiapp.jobs.models import Job


def sweep(*, now: datetime, keep_days: float, keep_newest: int) -> dict[str, int]:
    """Return how many things of each kind were put right.

    keep_days, keep_newest: for how long and for how many imports of a dataset the rows of before
    are kept.
    """
    return {
        "concluded": conclude_applied(),
        "undone": finish_undoing(now=now),
        "discarded": discard_hidden(now=now),
        "dropped": drop_staging(),
        "forgotten": drop_history(now=now, keep_days=keep_days, keep_newest=keep_newest),
        "told": ended_imports.tell_all(now=now),
        "columns": dropped.sweep(now=now, keep_days=keep_days),
    }


def conclude_applied() -> int:
    """Imports whose rows are visible and whose last run died before it said so."""
    count = 0
    unsaid = Import.objects.filter(applied_at=None, undone_at=None, job__state__in=Job.ENDED)
    for row in unsaid.exclude(dataset=None).select_related("dataset"):
        if applied := tables.was_applied(row.pk):
            loads.conclude(row, applied)
            count += 1
    return count


def finish_undoing(*, now: datetime) -> int:
    """What is in use now is left to the next sweep."""
    count = 0
    for row in undoing.half_undone():
        with suppress(TableInUse):
            undoing.finish(row=row, now=now)
            count += 1
    return count


def discard_hidden(*, now: datetime) -> int:
    """Hidden datasets that no living import is going to fill."""
    count = 0
    for dataset in Dataset.objects.filter(published_at=None):
        maker = Import.objects.filter(dataset=dataset).select_related("job").first()
        if maker is None or hidden.is_dead(maker.job, now=now):
            hidden.remove(dataset)
            count += 1
    return count


def drop_staging() -> int:
    """Staging tables of imports that have ended or are gone."""
    left = tables.left_staging()
    alive = set(
        Import.objects.filter(pk__in=left.values())
        .exclude(job__state__in=Job.ENDED)
        .values_list("pk", flat=True)
    )
    return sum(tables.drop_unless_held(name) for name, owner in left.items() if owner not in alive)


def drop_history(*, now: datetime, keep_days: float, keep_newest: int) -> int:
    """Rows of before that are kept no longer."""
    names = history.expired(now=now, keep_days=keep_days, keep_newest=keep_newest)
    return sum(tables.drop_unless_held(name) for name in names)
