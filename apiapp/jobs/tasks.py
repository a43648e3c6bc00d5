from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from apiapp.jobs import leases, services


@shared_task(name="jobs.prune")
def prune(*, job_id: int, lease: str) -> None:
    """Forget jobs that ended long ago."""
    with leases.leased(job_id=job_id, token=lease) as job:
        ended_before = timezone.now() - timedelta(seconds=settings.JOB_KEEP_S)
        job.result = {"deleted": services.prune(ended_before=ended_before)}
