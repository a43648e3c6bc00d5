from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from apiapp.jobs import leases
from apiapp.outbound import calling, configured, services
from apiapp.outbound.errors import CallEndedBadly
from apiapp.outbound.models import LONGEST_S


@shared_task(name="outbound.call", acks_late=True)
def call(*, job_id: int, lease: str, call_id: int) -> None:
    with leases.leased(job_id=job_id, token=lease, fatal=(CallEndedBadly,)) as job:
        job.result = calling.make_as_job(
            call_id=call_id, means=configured.means(), longest_s=LONGEST_S
        )


@shared_task(name="outbound.prune", acks_late=True)
def prune(*, job_id: int, lease: str) -> None:
    """Forget calls that were made long ago, and end those whose process died."""
    with leases.leased(job_id=job_id, token=lease) as job:
        now = timezone.now()
        before = now - timedelta(seconds=settings.OUTBOUND.keep_s)
        job.result = {
            "settled": calling.settle_lost(now=now),
            "deleted": services.prune(before=before),
        }
