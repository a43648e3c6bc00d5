from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from apiapp.jobs import leases
from apiapp.webhooks import configured, delivering, receiving, services, spreading


@shared_task(name="webhooks.spread", acks_late=True)
def spread(*, job_id: int, lease: str) -> None:
    """Note who is to be told of what happened."""
    with leases.leased(job_id=job_id, token=lease) as job:
        job.result = spreading.spread(now=timezone.now(), sources=configured.sources())


@shared_task(name="webhooks.deliver", acks_late=True)
def deliver(*, job_id: int, lease: str, subscription_id: int) -> None:
    with leases.leased(job_id=job_id, token=lease) as job:
        job.result = delivering.run(
            subscription_id=subscription_id, means=configured.means(), check=job.check
        )


@shared_task(name="webhooks.prune", acks_late=True)
def prune(*, job_id: int, lease: str) -> None:
    """Forget what was told, and what came, long ago."""
    with leases.leased(job_id=job_id, token=lease) as job:
        before = timezone.now() - timedelta(seconds=settings.WEBHOOKS.keep_s)
        job.result = {
            **services.prune(before=before),
            "received": receiving.prune(before=before),
        }
