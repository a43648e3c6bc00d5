from celery import shared_task
from django.conf import settings
from django.db import connections
from django.utils import timezone

from apiapp.idempotency import services
from apiapp.jobs import leases


@shared_task(name="idempotency.prune")
def prune(*, job_id: int, lease: str) -> None:
    """Forget answers that were kept for as long as was promised."""
    with leases.leased(job_id=job_id, token=lease) as job:
        keep_s, now = settings.IDEMPOTENCY_KEEP_S, timezone.now()
        counts = [services.prune(using=alias, keep_s=keep_s, now=now) for alias in connections]
        job.result = {"deleted": sum(counts)}
