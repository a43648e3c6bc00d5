"""Events of imports that ended without rows: failed, or cancelled.

What ended is a job, whose row is in the other database than the events.  So it is told right after
it ended, and by the sweep where a process died between the two; told twice, it is kept once.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from apiapp.imports import events
from apiapp.imports.models import DatasetEvent, Import
from apiapp.imports.routers import DATASETS
from apiapp.jobs.models import Job

KINDS = {
    Job.State.FAILED.value: DatasetEvent.Kind.IMPORT_FAILED,
    Job.State.CANCELLED.value: DatasetEvent.Kind.IMPORT_CANCELLED,
}
LOOKED_BACK_DAYS = 7
NO_DATASET = 0  # one that was to be made by the import


def tell(import_id: int) -> bool:
    """Whether it had to be told."""
    row = Import.objects.select_related("job", "dataset").filter(pk=import_id).first()
    return row is not None and row.job.state in KINDS and not row.applied_at and write(row)


def tell_all(*, now: datetime) -> int:
    """All that ended of late and were not told of; how many."""
    ended = Import.objects.filter(job__state__in=list(KINDS), applied_at=None)
    late = ended.filter(job__finished_at__gt=now - timedelta(days=LOOKED_BACK_DAYS))
    rows = {once_of(row): row for row in late.select_related("job", "dataset")}
    told = DatasetEvent.objects.filter(once__in=rows).values_list("once", flat=True)
    return sum(write(rows[once]) for once in rows.keys() - set(told))


def once_of(row: Import) -> str:
    """One for each time that it ended: it may be tried again."""
    ended_at = row.job.finished_at
    return f"import-{row.pk}-{ended_at.timestamp() if ended_at else ''}"


def write(row: Import) -> bool:
    try:
        with transaction.atomic(using=DATASETS):
            events.have_told(now=timezone.now())
            DatasetEvent.objects.create(
                transaction_id=events.this_transaction(),
                once=once_of(row),
                dataset_id=row.dataset_id or NO_DATASET,
                dataset_title=row.dataset_title,
                dataset_slug=row.dataset.slug if row.dataset else "",
                kind=KINDS[row.job.state],
                actor=row.started_by,
                import_id=row.pk,
                facts={"file": row.source_name, "mode": row.mode, "error": row.job.error},
                at=row.job.finished_at or row.created_at,
            )
    except IntegrityError:
        return False
    return True
