from celery import shared_task
from django.utils import timezone

from apiapp.imports import loads, sweeping
from apiapp.imports.errors import ImportFailed
from apiapp.jobs import leases
from apiapp.uploads import configured


@shared_task(name="imports.load", acks_late=True)
def load(*, job_id: int, lease: str, import_id: int) -> None:
    with leases.leased(job_id=job_id, token=lease, fatal=(ImportFailed,)) as job:
        job.result = loads.run_upload(
            import_id=import_id,
            store=configured.store(),
            on_progress=job.report,
            clock=timezone.now,
        )


@shared_task(name="imports.sweep", acks_late=True)
def sweep(*, job_id: int, lease: str) -> None:
    with leases.leased(job_id=job_id, token=lease) as job:
        job.result = sweeping.sweep(now=timezone.now())
