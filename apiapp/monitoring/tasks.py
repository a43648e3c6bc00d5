from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from apiapp.audit import recording as audit
from apiapp.jobs import leases
from apiapp.monitoring import alert_news, counts, figures


@shared_task(name="monitoring.prune")
def prune(*, job_id: int, lease: str) -> None:
    """Forget minutes and hours that are long over; what was counted in all stays."""
    with leases.leased(job_id=job_id, token=lease) as job:
        now = timezone.now()
        kept = timedelta(days=settings.MONITORING.keep_days)
        deleted = figures.forget(before=now - kept)
        folded = figures.fold_days(now=now) + counts.fold(now=now)
        job.result = {"deleted": deleted, "folded": folded}


@shared_task(name="monitoring.alerts")
def alerts(*, job_id: int, lease: str) -> None:
    """Look at the rules of alerts, which web servers do, too, while they run."""
    with leases.leased(job_id=job_id, token=lease) as job:
        job.result = {"judged": alert_news.look_and_tell()}


@shared_task(name="audit.prune")
def prune_audit(*, job_id: int, lease: str) -> None:
    """Forget who did what long ago."""
    with leases.leased(job_id=job_id, token=lease) as job:
        kept = timedelta(days=settings.MONITORING.audit_keep_days)
        job.result = {"deleted": audit.forget(before=timezone.now() - kept)}
