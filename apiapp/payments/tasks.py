from celery import shared_task
from django.conf import settings
from django.utils import timezone

from apiapp.jobs import leases
from apiapp.outbound import configured
from apiapp.payments import callbacks, charging
from apiapp.payments.models import Payment


@shared_task(name="payments.look", acks_late=True)
def look(*, job_id: int, lease: str, payment_id: int) -> None:
    with leases.leased(job_id=job_id, token=lease) as job:
        payment = charging.look(
            payment=Payment.objects.get(pk=payment_id),
            means=configured.means(),
            longest_s=settings.OUTBOUND.now_s,
        )
        job.result = {"payment_id": payment.pk, "status": payment.state}


@shared_task(name="payments.reconcile", acks_late=True)
def reconcile(*, job_id: int, lease: str) -> None:
    """Ask gateways about payments that hang, and forget callbacks of long ago."""
    with leases.leased(job_id=job_id, token=lease) as job:
        asked = charging.reconcile(
            means=configured.means(), longest_s=settings.OUTBOUND.now_s, check=job.check
        )
        job.result = {"asked": asked, "forgotten": callbacks.prune(now=timezone.now())}
