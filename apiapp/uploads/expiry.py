"""What lies around for too long goes: unfinished uploads, and files that no row knows."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import QuerySet

from apiapp.jobs.models import Job
from apiapp.uploads.models import Chunk, Upload
from apiapp.uploads.storage import FileStore, file_id_of

STRAY_AGE = timedelta(days=1)  # longer than any request or merge may be between file and row
BATCH = 100


def expire(*, store: FileStore, now: datetime) -> int:
    """Remove uploads that lay unfinished for too long; return how many.

    Each chunk that arrives puts the end off; finished uploads have none.
    """
    removed = 0
    while file_ids := list(expired(now).values_list("pk", flat=True)[:BATCH]):
        removed += sum(remove_expired(file_id, store=store, now=now) for file_id in file_ids)
    return removed


def expired(now: datetime) -> QuerySet[Upload]:
    under_way = [Job.State.QUEUED, Job.State.RUNNING]
    return Upload.objects.filter(expires_at__lt=now).exclude(
        state=Upload.State.VERIFYING, job__state__in=under_way
    )


def remove_expired(file_id: str, *, store: FileStore, now: datetime) -> bool:
    """Remove the upload unless a chunk came meanwhile."""
    with transaction.atomic():
        upload = expired(now).select_for_update(of=("self",)).filter(pk=file_id).first()
        if upload is None:
            return False
        upload.delete()
    store.delete(file_id)
    return True


def remove_strays(*, store: FileStore, now: datetime) -> None:
    """Remove old files that no row knows: what requests and servers left that broke off."""
    before = now - STRAY_AGE
    for file_ids in in_batches(store.old_files(before=before)):
        known = set(Upload.objects.filter(pk__in=file_ids).values_list("pk", flat=True))
        for file_id in set(file_ids) - known:
            store.delete(file_id)
    for names in in_batches(store.old_parts(before=before)):
        chunks = Chunk.objects.filter(upload__in={file_id_of(name) for name in names})
        for name in set(names) - set(chunks.values_list("part_name", flat=True)):
            store.delete_part(name)


def in_batches(names: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while batch := list(islice(rest, BATCH)):
        yield batch
