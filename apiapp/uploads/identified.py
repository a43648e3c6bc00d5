"""Uploads that their clients find again by what they themselves call the file (resumablejs.py).

A client tells every chunk on its own and never that it has sent them all: its first chunk begins
the upload, and whichever chunk comes last completes it.

What a client calls a file means one upload then, until that is deleted, has expired or failed: a
client that comes back may have missed any answer, and what it was told to be here must stay here.
It means nothing any more once the upload is finished for a while and a client asks anew what is
here: the file it has now may be another of the same name and size, of which no byte has come.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from apiapp.keys.callers import Caller
from apiapp.uploads import arriving, services
from apiapp.uploads.arriving import ArrivingChunk, Piece, Terms
from apiapp.uploads.chunks import length_of
from apiapp.uploads.digests import md5_of
from apiapp.uploads.errors import IdentifierUsed, TooManyChunks, WrongChunkLength
from apiapp.uploads.models import ClientIdentifier, Upload
from apiapp.uploads.resumablejs import ToldChunk
from apiapp.uploads.services import MAX_CHUNKS
from apiapp.uploads.storage import FileStore

BLOCK_BYTES = 2**20
# How long after the end a client that was reloaded shortly before may still ask for its chunks.
ECHO_S = 60.0


def find(caller: Caller, told: ToldChunk) -> Upload | None:
    """The upload of the caller's own that the chunk is of; None: none was begun, or it is gone."""
    return known(caller, told).exclude(state=Upload.State.FAILED).first()


def known(caller: Caller, told: ToldChunk) -> QuerySet[Upload]:
    return Upload.objects.filter(identifier__owner=caller.user, identifier__key=told.file_key)


def look_for(caller: Caller, told: ToldChunk, *, now: datetime) -> Upload | None:
    """As `find`, for a client that asks before it sends; it forgets what is long finished.

    Whoever sends without having asked repeats what it sent before: see RepeatedChunk.
    """
    upload = find(caller, told)
    if upload and upload.finished_at and upload.finished_at < now - timedelta(seconds=ECHO_S):
        ClientIdentifier.objects.filter(upload=upload).delete()
        return None
    return upload


def has_chunk(upload: Upload, told: ToldChunk) -> bool:
    """Whether the chunk need not be sent (again)."""
    if upload.state != Upload.State.RECEIVING:
        return True
    return upload.chunks.filter(index=told.index, received_at__isnull=False).exists()


def open_chunk(
    *, caller: Caller, told: ToldChunk, declared_bytes: int | None, terms: Terms
) -> "ArrivingChunk | RepeatedChunk":
    """Be ready for the bytes of a chunk; the first begins the upload.

    Raises what begin_once and arriving.open_chunk raise.
    """
    upload = find(caller, told) or begin_once(caller, told, terms=terms, now=terms.clock())
    if upload.state != Upload.State.RECEIVING:
        return RepeatedChunk(upload, told, terms.store)
    return arriving.open_chunk(
        caller=caller,
        file_id=upload.file_id,
        index=str(told.index),
        declared_bytes=declared_bytes if told.length_bytes is None else told.length_bytes,
        terms=terms,
    )


# --- begin --------------------------------------------------------------------------------------


def begin_once(caller: Caller, told: ToldChunk, *, terms: Terms, now: datetime) -> Upload:
    """Begin the upload, unless another chunk of the same file was first: they come in parallel.

    Raises FileTooLarge, TooManyChunks, TooManyUploads, QuotaExceeded, DiskFull.
    """
    if told.total_chunks > MAX_CHUNKS:
        raise TooManyChunks(total_chunks=told.total_chunks, limit_chunks=MAX_CHUNKS)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=caller.user.pk)
        upload = find(caller, told)
        if upload is None:
            ClientIdentifier.objects.filter(owner=caller.user, key=told.file_key).delete()
            upload = begin(caller, told, terms=terms, now=now)
    return upload


def begin(caller: Caller, told: ToldChunk, *, terms: Terms, now: datetime) -> Upload:
    services.require_fits(size=told.size, limits=terms.limits, store=terms.store)
    upload = Upload(
        owner=caller.user,
        protocol=Upload.Protocol.RESUMABLEJS,
        filename=services.clean_filename(told.filename),
        size=told.size,
        chunk_size=told.chunk_size,
        total_chunks=told.total_chunks,
        expected_md5=told.md5,
        expected_sha256=told.sha256,
        expires_at=now + timedelta(seconds=terms.limits.expires_s),
    )
    terms.store.create(upload.file_id)
    services.save_within_quota(upload, limits=terms.limits, store=terms.store)
    ClientIdentifier.objects.create(upload=upload, owner=caller.user, key=told.file_key)
    return upload


# --- after the end ------------------------------------------------------------------------------


class RepeatedChunk:
    """A chunk of a complete upload, sent again: its client missed an answer, or sends all anew.

    It is compared with what is here, and never written.
    """

    def __init__(self, upload: Upload, told: ToldChunk, store: FileStore) -> None:
        self.file_id = upload.file_id
        self._upload = upload
        self._index = told.index
        self._offset_bytes = told.index * upload.chunk_size
        self._store = store
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._got_bytes = 0

    @property
    def length_bytes(self) -> int:
        return length_of(self._upload, self._index)

    def write(self, pieces: Sequence[Piece]) -> None:
        """Raises WrongChunkLength."""
        self._got_bytes += sum(map(len, pieces))
        if self._got_bytes > self.length_bytes:
            self._refuse_length()
        for piece in pieces:
            self._md5.update(piece)

    def keep(self, rest: Sequence[Piece], *, md5: str) -> str:
        """Raises WrongChunkLength; IdentifierUsed: what is here has other bytes."""
        self.write(rest)
        if self._got_bytes != self.length_bytes:
            self._refuse_length()
        got = self._md5.hexdigest()
        if got != self._stored_md5():
            raise IdentifierUsed(file_id=self.file_id)
        return got

    def release(self) -> None:
        """There is nothing to let go of."""

    def _stored_md5(self) -> str:
        """Raises StoredFileMissing."""
        while_verifying = self._upload.chunks.filter(index=self._index).values_list(
            "md5", flat=True
        )
        return while_verifying.first() or md5_of(self._finished_blocks())

    def _finished_blocks(self) -> Iterator[bytes]:
        left = self.length_bytes
        with services.open_content(self._upload, self._store) as file:
            file.seek(self._offset_bytes)
            while left and (block := file.read(min(BLOCK_BYTES, left))):
                left -= len(block)
                yield block

    def _refuse_length(self) -> None:
        raise WrongChunkLength(expected_bytes=self.length_bytes, got_bytes=self._got_bytes)


# --- answers ------------------------------------------------------------------------------------


def keep_chunk(chunk: ArrivingChunk | RepeatedChunk, rest: Sequence[Piece]) -> dict[str, Any]:
    """Keep a chunk; what its client is to know then.

    Raises what keeping raises, and UnknownUpload: the upload was deleted that moment.
    """
    got = chunk.keep(rest, md5="")
    return answer_of(services.one_of(Upload.objects.all(), chunk.file_id)) | {"md5": got}


def answer_of(upload: Upload) -> dict[str, Any]:
    return {
        "file_id": upload.file_id,
        "filename": upload.filename,
        "state": upload.state,
        "job_id": upload.job_id,
    }


def headers_of(file_id: str) -> dict[str, str]:
    return {"File-Id": file_id}
