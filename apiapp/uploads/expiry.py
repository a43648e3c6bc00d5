"""What lies around for too long goes: unfinished uploads, and files that no row knows."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import QuerySet

from apiapp.jobs.models import Job
from apiapp.uploads import services
from apiapp.uploads.models import Chunk, Tombstone, Upload
from apiapp.uploads.names import file_id_of
from apiapp.uploads.storage import FileStore
from apiapp.uploads.stores.base import Elsewhere

STRAY_AGE = timedelta(days=1)  # longer than any request or merge may be between file and row
COPY_AGE = timedelta(hours=1)
BATCH = 100
TOMBSTONE_AGE = timedelta(days=7)


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
        services.bury(upload, now=now)
        upload.pk = file_id  # Django forgets it
    services.delete_bytes(upload, store=store)
    return True


def forget_tombstones(*, now: datetime) -> None:
    Tombstone.objects.filter(gone_at__lt=now - TOMBSTONE_AGE).delete()


def remove_strays(*, store: FileStore, now: datetime) -> None:
    """Remove old files that no row knows: what requests and servers left that broke off."""
    before = now - STRAY_AGE
    for file_ids in in_batches(store.old_files(before=before)):
        known = set(Upload.objects.filter(pk__in=file_ids).values_list("pk", flat=True))
        shared = Upload.objects.filter(slice_of__in=file_ids)
        known |= set(shared.values_list("slice_of", flat=True))
        for file_id in set(file_ids) - known:
            store.delete(file_id)
    store.remove_copies(before=now - COPY_AGE)
    for names in in_batches(store.old_parts(before=before)):
        chunks = Chunk.objects.filter(upload__in={file_id_of(name) for name in names})
        for name in set(names) - set(chunks.values_list("part_name", flat=True)):
            store.delete_part(name)
    if store.elsewhere:
        remove_strays_elsewhere(store.elsewhere, before=before)


def remove_strays_elsewhere(elsewhere: Elsewhere, *, before: datetime) -> None:
    """Remove files whose upload was deleted, and parts of such as nobody moves there any more.

    A file that nothing here ever knew may be another server's, and stays.
    """
    for file_ids in in_batches(elsewhere.kept(before=before)):
        for tombstone in Tombstone.objects.filter(pk__in=file_ids):
            elsewhere.delete(tombstone.file_id)
    for file_ids in in_batches(elsewhere.begun(before=before)):
        verifying = Upload.objects.filter(pk__in=file_ids, state=Upload.State.VERIFYING)
        for file_id in set(file_ids) - set(verifying.values_list("pk", flat=True)):
            elsewhere.forget_begun(file_id)


def in_batches(names: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while batch := list(islice(rest, BATCH)):
        yield batch
