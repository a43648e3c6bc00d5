"""Uploads: begin, find, complete, delete.  Their chunks are in chunks.py."""

import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet, Sum

from apiapp.jobs import services as jobs
from apiapp.jobs.errors import JobHasEnded
from apiapp.jobs.models import Job
from apiapp.keys.callers import Caller
from apiapp.uploads.digests import require_match
from apiapp.uploads.errors import (
    ChunksMissing,
    FileTooLarge,
    QuotaExceeded,
    StoredFileMissing,
    TooManyChunks,
    UnknownUpload,
    UploadNotFinished,
    WrongTotalChunks,
)
from apiapp.uploads.models import Upload
from apiapp.uploads.ranges import Range, count_in, gaps_of, indexes_in, ranges_of
from apiapp.uploads.storage import FileStore

MERGE_TASK = "uploads.merge"
MIN_CHUNK_BYTES = 64 * 2**10
MAX_CHUNK_BYTES = 64 * 2**20
MAX_CHUNKS = 100_000
MISSING_TOLD = 1000
FILENAME_CHARS = 255
NAMELESS = "upload"
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
            require_quota(owner=upload.owner, size=upload.size, limits=limits)
            upload.save(force_insert=True)
    except BaseException:
        store.delete(upload.file_id)
        raise


def require_fits(*, size: int, limits: Limits, store: FileStore) -> None:
    """Raises FileTooLarge, DiskFull."""
    if size > limits.file_bytes:
        raise FileTooLarge(size_bytes=size, limit_bytes=limits.file_bytes)
    store.require_free(size)


def require_quota(*, owner: User, size: int, limits: Limits) -> None:
    """Raises QuotaExceeded."""
    used = Upload.objects.filter(owner=owner).aggregate(used=Sum("size"))["used"] or 0
    if used + size > limits.user_bytes:
        raise QuotaExceeded(size_bytes=size, used_bytes=used, quota_bytes=limits.user_bytes)


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
    """Where the bytes of a finished upload are; to be read, never to be changed."""
    return store.finished_path(upload.file_id)


def open_content(upload: Upload, store: FileStore) -> BinaryIO:
    """The bytes of a finished upload; the caller closes it.  Raises StoredFileMissing."""
    try:
        return path_of(upload, store).open("rb")
    except FileNotFoundError as error:
        raise StoredFileMissing from error


def received_ranges(upload: Upload) -> list[Range]:
    """The indexes of the chunks that are stored."""
    if upload.state == Upload.State.FINISHED:
        return ranges_of(range(upload.total_chunks))
    stored = upload.chunks.filter(received_at__isnull=False).order_by("index")
    return ranges_of(stored.values_list("index", flat=True))


def missing_ranges(upload: Upload) -> list[Range]:
    return gaps_of(received_ranges(upload), total=upload.total_chunks)


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
    require_all_chunks(upload)
    upload.state, upload.error = Upload.State.VERIFYING, ""
    upload.expected_md5 = md5 or upload.expected_md5
    upload.expected_sha256 = sha256 or upload.expected_sha256
    upload.job = jobs.enqueue(
        task=MERGE_TASK,
        kwargs={"file_id": upload.file_id},
        owner=upload.owner,
        now=now,
        unit="bytes",
        total=upload.size,
    )
    upload.save(update_fields=["state", "error", "expected_md5", "expected_sha256", "job"])
    return upload


def require_all_chunks(upload: Upload) -> None:
    """Raises ChunksMissing."""
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
    file_id = upload.file_id
    with transaction.atomic():
        locked = one_of(Upload.objects.select_for_update(), file_id)
        if locked.job and is_under_way(locked.job):
            with suppress(JobHasEnded):
                jobs.cancel(job=locked.job, now=now)
        locked.delete()
    store.delete(file_id)
