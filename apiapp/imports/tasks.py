from celery import shared_task
from django.conf import settings
from django.utils import timezone

from apiapp.imports import configured as reading
from apiapp.imports import ended_imports, loads, sweeping
from apiapp.imports.errors import ImportFailed, TableInUse
from apiapp.imports.retyping import services as retyping
from apiapp.jobs import leases
from apiapp.uploads import configured
from apiapp.uploads.errors import StoreUnavailable, UploadError


@shared_task(name="imports.load", acks_late=True)
def load(*, job_id: int, lease: str, import_id: int) -> None:
    fatal, away = (ImportFailed, UploadError), (StoreUnavailable, TableInUse)
    with leases.leased(job_id=job_id, token=lease, fatal=fatal, away=away) as job:
        job.result = loads.run_upload(
            import_id=import_id,
            store=configured.store(),
            on_progress=job.report,
            clock=timezone.now,
            limits=reading.limits(),
        )
    ended_imports.tell(import_id)


@shared_task(name="imports.retype", acks_late=True)
def retype(*, job_id: int, lease: str, import_id: int, empties: bool) -> None:
    fatal, away = (ImportFailed,), (TableInUse,)
    with leases.leased(job_id=job_id, token=lease, fatal=fatal, away=away) as job:
        job.result = retyping.retype(
            import_id=import_id, empties=empties, on_progress=job.report, clock=timezone.now
        )
    ended_imports.tell(import_id)


@shared_task(name="imports.sweep", acks_late=True)
def sweep(*, job_id: int, lease: str) -> None:
    with leases.leased(job_id=job_id, token=lease) as job:
        job.result = sweeping.sweep(
            now=timezone.now(),
            keep_days=settings.IMPORT_HISTORY_DAYS,
            keep_newest=settings.IMPORT_HISTORY_KEPT,
        )
