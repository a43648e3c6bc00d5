"""From stored chunks to a verified file.  May be killed at any point and run again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from django.db import transaction
from django.db.models import QuerySet, Sum

from apiapp.jobs.errors import JobCancelled
from apiapp.uploads import concatenating, folding, telling
from apiapp.uploads.digests import FileDigests, md5_of
from apiapp.uploads.errors import (
    DiskFull,
    StoredFileMissing,
    UnknownUpload,
    UploadNotFinished,
    VerificationFailed,
)
from apiapp.uploads.models import Chunk, Upload
from apiapp.uploads.storage import FileStore

MOVING = "moving to the object store"
CANCELLED = "the verification was cancelled; complete the upload again"


class OnProgress(Protocol):
    """Told in bytes; may raise JobCancelled."""

    def __call__(
        self, done: int, total: int | None = None, unit: str = "", message: str = ""
    ) -> None: ...


def merge(
    *, file_id: str, store: FileStore, clock: Callable[[], datetime], on_progress: OnProgress
) -> dict[str, Any]:
    """Put the chunks of a complete upload together, verify the file and finish it.

    Raises UnknownUpload; UploadNotFinished if the upload is not (any more) to be verified;
    VerificationFailed, StoredFileMissing and DiskFull, which the upload tells as its error.  The
    chunks that are right are kept then.  Raises StoreUnavailable: to be run again later.
    """
    upload = Upload.objects.filter(pk=file_id).first()
    if upload is None:
        raise UnknownUpload
    if upload.state == Upload.State.VERIFYING:
        try:
            bring_together(upload, store=store, on_progress=on_progress)
        except (VerificationFailed, StoredFileMissing) as error:
            drop_wrong_chunks(upload, store=store)
            fail(upload, str(error))
            raise
        except (DiskFull, JobCancelled) as error:
            fail(upload, str(error) or CANCELLED)
            raise
        finish(upload, store=store, now=clock())
    elif upload.state != Upload.State.FINISHED:
        raise UploadNotFinished(state=upload.state)
    return {
        "file_id": upload.file_id,
        "filename": upload.filename,
        "size": upload.size,
        "md5": upload.md5,
        "sha256": upload.sha256,
    }


def bring_together(upload: Upload, *, store: FileStore, on_progress: OnProgress) -> None:
    """Afterwards the file is in its last place and its digests are in the row.

    The digests are written first: a file found there later has been verified.
    """
    if store.is_finished(upload.file_id):  # by a run that was killed just then
        store.finish(upload.file_id)
        return
    if upload.is_final:
        concatenating.gather(upload, store=store)
    elif upload.is_appended:
        store.seal_appended(upload.file_id, size_bytes=upload.size or 0)
    else:
        store.seal(upload.file_id)
        apply_parts(upload, store=store, on_progress=on_progress)
    digests = digest(upload, store=store, on_progress=on_progress)
    verify(upload, digests=digests, size_bytes=store.size_bytes(upload.file_id))
    upload.md5, upload.sha256 = digests.md5, digests.sha256
    verifying(upload).update(md5=upload.md5, sha256=upload.sha256)
    store.finish(
        upload.file_id,
        on_sent=lambda sent: on_progress(sent, upload.size, message=MOVING),
    )


def apply_parts(upload: Upload, *, store: FileStore, on_progress: OnProgress) -> None:
    parts = list(upload.chunks.exclude(part_name="").order_by("index"))
    if parts:
        store.forget_digests(upload.file_id)
    for chunk in parts:
        on_progress(0, upload.size, message="putting chunks in place")
        store.apply_part(
            upload.file_id, chunk.part_name, offset_bytes=chunk.index * upload.chunk_size
        )
        upload.chunks.filter(pk=chunk.pk).update(part_name="")
        store.delete_part(chunk.part_name)


class Digests(Protocol):
    """In hexadecimal."""

    @property
    def md5(self) -> str: ...

    @property
    def sha256(self) -> str: ...


def digest(upload: Upload, *, store: FileStore, on_progress: OnProgress) -> Digests:
    """Those that were computed while the file arrived, or else of the file as it lies there."""
    found = folding.folded(
        store.places(upload.file_id)[1],
        size_bytes=upload.size or 0,
        on_progress=lambda done: on_progress(done, upload.size, message="verifying"),
    )
    if found:
        return found
    digests, done = FileDigests(), 0
    for block in store.read(upload.file_id):
        digests.update(block)
        done += len(block)
        on_progress(done, upload.size, message="verifying")
    return digests


def verify(upload: Upload, *, digests: Digests, size_bytes: int) -> None:
    """Raises VerificationFailed."""
    if size_bytes != upload.size:
        raise VerificationFailed(f"the file has {size_bytes} bytes, not {upload.size}")
    for name, expected, got in (
        ("MD5", upload.expected_md5, digests.md5),
        ("SHA-256", upload.expected_sha256, digests.sha256),
    ):
        if expected and expected != got:
            raise VerificationFailed(f"the file that arrived has the {name} {got}, not {expected}")


def finish(upload: Upload, *, store: FileStore, now: datetime) -> None:
    with transaction.atomic():
        upload.chunks.all().delete()
        finished = verifying(upload).update(
            state=Upload.State.FINISHED, received=upload.size, finished_at=now, expires_at=None
        )
        if finished:
            telling.tell_finished(upload, now=now)
    store.delete_parts(upload.file_id)
    if upload.is_final:
        concatenating.remove_parts(upload, store=store, now=now)


def drop_wrong_chunks(upload: Upload, *, store: FileStore) -> None:
    """Forget the chunks whose bytes are not those that arrived; they have to be sent again."""
    wrong = [chunk.pk for chunk in upload.chunks.order_by("index") if not is_right(chunk, store)]
    Chunk.objects.filter(pk__in=wrong).delete()


def is_right(chunk: Chunk, store: FileStore) -> bool:
    blocks = store.read(
        chunk.upload_id,
        offset_bytes=chunk.index * chunk.upload.chunk_size,
        length_bytes=chunk.size_bytes,
    )
    try:
        return md5_of(blocks) == chunk.md5
    except StoredFileMissing:
        return False


def fail(upload: Upload, error: str) -> None:
    """Chunks may be sent again; what was appended can only be verified again."""
    failed: dict[str, Any] = {"state": Upload.State.FAILED, "error": error}
    if not upload.is_appended:
        failed["received"] = upload.chunks.aggregate(sum=Sum("size_bytes"))["sum"] or 0
    verifying(upload).update(**failed)


def verifying(upload: Upload) -> QuerySet[Upload]:
    """Its row, unless it was deleted or another run was first."""
    return Upload.objects.filter(pk=upload.pk, state=Upload.State.VERIFYING)
