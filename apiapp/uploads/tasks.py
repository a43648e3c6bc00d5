from celery import shared_task
from django.utils import timezone

from apiapp.jobs import leases
from apiapp.uploads import configured, expiry, merging, moving
from apiapp.uploads.errors import StoreUnavailable, UploadError


@shared_task(name="uploads.merge", acks_late=True)
def merge(*, job_id: int, lease: str, file_id: str) -> None:
    fatal, away = (UploadError,), (StoreUnavailable,)
    with leases.leased(job_id=job_id, token=lease, fatal=fatal, away=away) as job:
        job.result = merging.merge(
            file_id=file_id,
            store=configured.store(),
            clock=timezone.now,
            on_progress=job.report,
        )


@shared_task(name="uploads.expire", acks_late=True)
def expire(*, job_id: int, lease: str) -> None:
    with leases.leased(job_id=job_id, token=lease) as job:
        store, now = configured.store(), timezone.now()
        job.result = {"removed": expiry.expire(store=store, now=now)}
        expiry.remove_strays(store=store, now=now)
        expiry.forget_tombstones(now=now)


@shared_task(name="uploads.move", acks_late=True)
def move(*, job_id: int, lease: str) -> None:
    with leases.leased(job_id=job_id, token=lease, away=(StoreUnavailable,)) as job:
        moved = moving.move_what_is_left(store=configured.store(), on_progress=job.report)
        job.result = {"moved": moved}
