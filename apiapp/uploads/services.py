"""Uploads: begin, find, complete, delete.  Their chunks are in chunks.py."""

import unicodedata
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import QuerySet

from apiapp.jobs import services as jobs
from apiapp.jobs.errors import JobHasEnded
from apiapp.jobs.models import Job
from apiapp.keys.callers import Caller
from apiapp.uploads import telling
from apiapp.uploads.digests import require_match
from apiapp.uploads.errors import (
    BytesMissing,
    ChunksMissing,
    FileTooLarge,
    QuotaExceeded,
    TooManyChunks,
    TooManyUploads,
    UnknownUpload,
    UploadGone,
    UploadNotFinished,
    WrongTotalChunks,
)
from apiapp.uploads.models import FINAL, FinalPart, Tombstone, Upload
from apiapp.uploads.ranges import Range, count_in, gaps_of, indexes_in, ranges_of
from apiapp.uploads.statements import upload_with_id
from apiapp.uploads.storage import FileStore
from apiapp.uploads.stores.base import OnSent, not_of_interest

MERGE_TASK = "uploads.merge"
MIN_CHUNK_BYTES = 64 * 2**10
MAX_CHUNK_BYTES = 64 * 2**20
MAX_CHUNKS = 100_000
MISSING_TOLD = 1000
FILENAME_CHARS = 255
NAMELESS = "upload"
PART_GONE = "one of its parts was deleted; begin again"
# Control characters, halves of characters, and what turns the direction of text: "exe.vsc" must
# not be shown as "csv.exe".
UNSHOWN = {"Cc", "Cs"}
DIRECTION_MARKS = set("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Limits:
    """What an upload may be, and how long it may lie unfinished."""

    file_bytes: int
    user_bytes: int
    chunk_bytes: int  # of a client that asks for none
    expires_s: float
    open_uploads: int = 1000  # unfinished ones, of one user
    least_bytes_per_s: int = 0  # of a body that is waited for


@dataclass(frozen=True, slots=True)
class AnnouncedFile:
    """What a client says of the file it is going to send in chunks.

    chunk_size: from MIN_CHUNK_BYTES to MAX_CHUNK_BYTES; None: as the server likes it.
    """

    filename: str
    size: int
    chunk_size: int | None = None
    md5: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class ArrivedFile:
    """A file that came in one request and lies in the store as `file_id`."""

    file_id: str
    filename: str
    size: int
    md5: str
    sha256: str


# --- begin --------------------------------------------------------------------------------------


def create(
    *, owner: User, announced: AnnouncedFile, limits: Limits, store: FileStore, now: datetime
) -> Upload:
    """Begin an upload in chunks; an empty file has none and can be completed at once.

    Raises FileTooLarge, TooManyChunks, QuotaExceeded, DiskFull.
    """
    require_fits(size=announced.size, limits=limits, store=store)
    chunk_size = announced.chunk_size or limits.chunk_bytes
    total_chunks = -(-announced.size // chunk_size)
    if total_chunks > MAX_CHUNKS:
        raise TooManyChunks(total_chunks=total_chunks, limit_chunks=MAX_CHUNKS)
    upload = Upload(
        owner=owner,
        filename=clean_filename(announced.filename),
        size=announced.size,
        chunk_size=chunk_size,
        total_chunks=total_chunks,
        expected_md5=announced.md5,
        expected_sha256=announced.sha256,
        expires_at=now + timedelta(seconds=limits.expires_s),
    )
    store.create(upload.file_id)
    save_within_quota(upload, limits=limits, store=store)
    return upload


def add_finished(
    *, owner: User, arrived: ArrivedFile, limits: Limits, store: FileStore, now: datetime
) -> Upload:
    """Record a file that arrived in one request; its bytes are synced already.

    Raises QuotaExceeded; the file is deleted then.
    """
    store.finish(arrived.file_id)
    upload = Upload(
        file_id=arrived.file_id,
        owner=owner,
        protocol=Upload.Protocol.FORM,
        filename=clean_filename(arrived.filename),
        size=arrived.size,
        received=arrived.size,
        chunk_size=limits.chunk_bytes,
        total_chunks=-(-arrived.size // limits.chunk_bytes),
        state=Upload.State.FINISHED,
        md5=arrived.md5,
        sha256=arrived.sha256,
        finished_at=now,
    )
    save_within_quota(upload, limits=limits, store=store)
    return upload


def save_within_quota(upload: Upload, *, limits: Limits, store: FileStore) -> None:
    """Insert the row of a file that is on disk; if that cannot be, the file goes."""
    try:
        with transaction.atomic():
            # One at a time for each user: two that fit alone may not fit together.
            User.objects.select_for_update(no_key=True).get(pk=upload.owner_id)
            require_quota(owner_id=upload.owner_id, size=upload.size or 0, limits=limits)
            require_few_open(upload.owner_id, limits=limits)
            upload.save(force_insert=True)
            if upload.finished_at:
                telling.tell_finished(upload, now=upload.finished_at)
    except BaseException:
        store.delete(upload.file_id)
        raise


def require_fits(*, size: int, limits: Limits, store: FileStore) -> None:
    """Raises FileTooLarge, DiskFull."""
    if size > limits.file_bytes:
        raise FileTooLarge(size_bytes=size, limit_bytes=limits.file_bytes)
    store.require_free(size)


def require_quota(*, owner_id: int, size: int, limits: Limits) -> None:
    """Raises QuotaExceeded."""
    used = used_bytes(owner_id)
    if used + size > limits.user_bytes:
        raise QuotaExceeded(size_bytes=size, used_bytes=used, quota_bytes=limits.user_bytes)


def used_bytes(owner_id: int) -> int:
    """What the user has on disk; what was only announced costs nothing."""
    made_of_others = models.Q(concat__startswith=FINAL) & ~models.Q(state=Upload.State.FINISHED)
    rows = Upload.objects.filter(owner=owner_id).exclude(made_of_others)
    used: int | None = rows.aggregate(used=models.Sum("received"))["used"]
    return used or 0


def require_few_open(owner_id: int, *, limits: Limits) -> None:
    """Raises TooManyUploads."""
    opened = Upload.objects.filter(owner=owner_id).exclude(state=Upload.State.FINISHED)
    if opened.count() >= limits.open_uploads:
        raise TooManyUploads(limit=limits.open_uploads)


def clean_filename(filename: str) -> str:
    """The last part of the name a client gave, fit to be shown and offered for download."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    shown = "".join(
        char
        for char in name
        if unicodedata.category(char) not in UNSHOWN and char not in DIRECTION_MARKS
    ).strip()
    if len(shown) > FILENAME_CHARS:
        stem, dot, ending = shown.rpartition(".")
        ending = dot + ending if stem and len(ending) < FILENAME_CHARS // 2 else ""
        shown = shown[: FILENAME_CHARS - len(ending)] + ending
    return shown if shown.strip(".") else NAMELESS


# --- find ---------------------------------------------------------------------------------------


def uploads_of(caller: Caller) -> QuerySet[Upload]:
    """The uploads that `caller` may see."""
    return caller.visible(Upload.objects.all())


def get_upload(caller: Caller, file_id: str) -> Upload:
    """Raises UnknownUpload, also for the upload of another user."""
    return one_of(uploads_of(caller), file_id)


def finished_upload(caller: Caller, file_id: str) -> Upload:
    """Raises UnknownUpload, UploadNotFinished."""
    upload = get_upload(caller, file_id)
    if upload.state != Upload.State.FINISHED:
        raise UploadNotFinished(state=upload.state)
    return upload


def path_of(upload: Upload, store: FileStore) -> Path:
    """Where the bytes of a finished upload are on this disk, if they are."""
    return store.finished_path(upload.file_id)


def local_file(
    upload: Upload, store: FileStore, *, on_copied: OnSent = not_of_interest
) -> AbstractContextManager[Path]:
    """A path with the bytes of a finished upload, for a `with` block; never to be changed.

    There may be nothing at it.  Where a copy has to be made, `on_copied` is told of how many bytes.
    Raises StoredFileMissing, StoreUnavailable, DiskFull.
    """
    return store.local_file(upload.file_id, on_copied=on_copied)


def open_content(upload: Upload, store: FileStore) -> BinaryIO:
    """The bytes of a finished upload, from any offset (`seek`); the caller closes it.

    Raises StoredFileMissing, StoreUnavailable.
    """
    return store.open_finished(upload.file_id)


def received_ranges(upload: Upload) -> list[Range]:
    """The indexes of the chunks that are stored."""
    if upload.state == Upload.State.FINISHED:
        return ranges_of(range(upload.total_chunks))
    stored = upload.chunks.filter(received_at__isnull=False).order_by("index")
    return ranges_of(stored.values_list("index", flat=True))


def missing_ranges(upload: Upload) -> list[Range]:
    return gaps_of(received_ranges(upload), total=upload.total_chunks)


def appended_upload(caller: Caller, file_id: str, *, now: datetime) -> Upload:
    """An upload whose bytes come one after the other, by whichever protocol.

    Raises UploadGone, also for one that has expired and is still to be removed; UnknownUpload.
    """
    if "\0" in file_id:  # PostgreSQL cannot be asked for it
        raise UnknownUpload
    upload = upload_with_id(file_id)
    if upload is None or not upload.is_appended or not caller.may_see(upload.owner_id):
        is_gone = caller.visible(Tombstone.objects.filter(pk=file_id)).exists()
        raise UploadGone if is_gone else UnknownUpload
    if has_expired(upload, now=now):
        raise UploadGone
    return upload


def has_expired(upload: Upload, *, now: datetime) -> bool:
    is_waiting = upload.state in (Upload.State.RECEIVING, Upload.State.FAILED)
    return is_waiting and upload.expires_at is not None and upload.expires_at < now


def one_of(uploads: QuerySet[Upload], file_id: str) -> Upload:
    """Raises UnknownUpload."""
    if "\0" in file_id:  # PostgreSQL cannot be asked for it
        raise UnknownUpload
    try:
        return uploads.get(pk=file_id)
    except Upload.DoesNotExist as error:
        raise UnknownUpload from error


# --- complete -----------------------------------------------------------------------------------


@transaction.atomic
def complete(
    *,
    caller: Caller,
    file_id: str,
    now: datetime,
    total_chunks: int | None = None,
    md5: str = "",
    sha256: str = "",
) -> Upload:
    """Have the upload put together and verified, by its `job`; asked twice, it is one job.

    `md5` and `sha256` replace what was announced before.  Raises UnknownUpload, WrongTotalChunks,
    ChunksMissing; for a finished upload ChecksumMismatch.
    """
    upload = one_of(uploads_of(caller).select_for_update(no_key=True), file_id)
    if total_chunks is not None and total_chunks != upload.total_chunks:
        raise WrongTotalChunks(expected=upload.total_chunks, got=total_chunks)
    if upload.state == Upload.State.FINISHED:
        require_match(expected=md5, got=upload.md5)
        require_match(expected=sha256, got=upload.sha256)
        return upload
    if upload.state == Upload.State.VERIFYING and is_under_way(upload.job):
        return upload
    require_all_bytes(upload)
    upload.expected_md5 = md5 or upload.expected_md5
    upload.expected_sha256 = sha256 or upload.expected_sha256
    start_merge(upload, now=now)
    return upload


def start_merge(upload: Upload, *, now: datetime) -> None:
    """Have an upload that has all its bytes put together and verified."""
    upload.state, upload.error = Upload.State.VERIFYING, ""
    upload.job = jobs.enqueue(
        task=MERGE_TASK,
        kwargs={"file_id": upload.file_id},
        owner=upload.owner,
        now=now,
        unit="bytes",
        total=upload.size,
    )
    upload.save(update_fields=["state", "error", "size", "expected_md5", "expected_sha256", "job"])


def require_all_bytes(upload: Upload) -> None:
    """Raises ChunksMissing; of an upload that has no chunks BytesMissing."""
    if upload.is_appended and (upload.is_partial or not upload.has_all_bytes):
        raise BytesMissing(received_bytes=upload.received)
    gaps = missing_ranges(upload)
    if gaps:
        missing = list(islice(indexes_in(gaps), MISSING_TOLD))
        raise ChunksMissing(missing=missing, missing_count=count_in(gaps))


def is_under_way(job: Job | None) -> bool:
    return job is not None and not job.has_ended


# --- delete -------------------------------------------------------------------------------------


def delete(*, caller: Caller, file_id: str, store: FileStore, now: datetime) -> None:
    """Remove an upload in whatever state, its row and its bytes.  Raises UnknownUpload."""
    remove(get_upload(caller, file_id), store=store, now=now)


def remove(upload: Upload, *, store: FileStore, now: datetime) -> None:
    """Delete an upload that the caller may delete."""
    with transaction.atomic():
        locked = one_of(Upload.objects.select_for_update(), upload.file_id)
        if locked.job and is_under_way(locked.job):
            with suppress(JobHasEnded):
                jobs.cancel(job=locked.job, now=now)
        bury(locked, now=now)
    delete_bytes(upload, store=store)


def bury(upload: Upload, *, now: datetime) -> None:
    """Delete the row, so that its client is told for a while.  What is made of it fails."""
    if upload.state != Upload.State.VERIFYING:  # then its bytes are the other's already
        Upload.objects.filter(
            pk__in=FinalPart.objects.filter(partial=upload).values("final"),
            state__in=(Upload.State.RECEIVING, Upload.State.VERIFYING),
        ).update(state=Upload.State.FAILED, error=PART_GONE)
    Tombstone.objects.update_or_create(
        file_id=upload.file_id, defaults={"owner_id": upload.owner_id, "gone_at": now}
    )
    upload.delete()


def delete_bytes(upload: Upload, *, store: FileStore) -> None:
    """Of an upload whose row is gone; a file of slices goes with the last of them."""
    if upload.state == Upload.State.RECEIVING:
        store.delete_unfinished(upload.file_id)
    else:
        store.delete(upload.file_id)
    if not upload.slice_of:
        return
    with transaction.atomic():
        # No slice may be added meanwhile: it would lie in a file that is gone.
        User.objects.select_for_update(no_key=True).filter(pk=upload.owner_id).first()
        if not Upload.objects.filter(slice_of=upload.slice_of).exists():
            store.delete_unfinished(upload.slice_of)
