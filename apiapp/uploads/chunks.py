"""The chunks of an upload: claimed, stored, given back.

Stored bytes are never overwritten by a request that may break off: the first request for a chunk
claims it and writes in place, every other writes a part of its own.  Of different contents for one
chunk the one that was finished last counts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from apiapp.keys.callers import Caller
from apiapp.uploads import services
from apiapp.uploads.errors import BadChunkIndex, NotReceiving
from apiapp.uploads.models import Chunk, Upload
from apiapp.uploads.storage import FileStore, new_part_name

# After a failed verification the file stays sealed: chunks that are sent again become parts.
OPEN_STATES = (Upload.State.RECEIVING, Upload.State.FAILED)
INDEX_DIGITS = 9
UNPLACED = -1


@dataclass(frozen=True, slots=True)
class ChunkClaim:
    """One request's right to write one chunk, in place or (`part_name`) apart."""

    file_id: str
    index: int
    offset_bytes: int
    length_bytes: int
    part_name: str = ""


def claim_chunk(*, caller: Caller, file_id: str, index: str, store: FileStore) -> ChunkClaim:
    """The claim to write chunk `index`, as the client wrote it.

    Raises UnknownUpload, NotReceiving, BadChunkIndex, DiskFull.
    """
    upload = open_upload(caller, file_id)
    claim = whole_claim(upload, index)
    store.require_free(claim.length_bytes)
    if upload.state == Upload.State.RECEIVING and is_first_claim(claim):
        return claim
    return apart(claim, part_name=new_part_name(file_id))


def claim_unplaced(*, caller: Caller, file_id: str, store: FileStore) -> ChunkClaim:
    """The claim to write some chunk apart, its index to be told later: see claim_part.

    Raises UnknownUpload, NotReceiving, DiskFull.
    """
    upload = open_upload(caller, file_id)
    store.require_free(upload.chunk_size)
    return ChunkClaim(upload.file_id, UNPLACED, 0, upload.chunk_size, new_part_name(file_id))


def claim_part(*, caller: Caller, file_id: str, index: str, part_name: str) -> ChunkClaim:
    """The claim for bytes that were written to a part before their index was known.

    Raises UnknownUpload, NotReceiving, BadChunkIndex.
    """
    return apart(whole_claim(open_upload(caller, file_id), index), part_name=part_name)


def open_upload(caller: Caller, file_id: str) -> Upload:
    """The upload if it takes chunks.  Raises UnknownUpload, NotReceiving."""
    upload = services.get_upload(caller, file_id)
    if upload.state not in OPEN_STATES:
        raise NotReceiving(state=upload.state)
    return upload


def whole_claim(upload: Upload, index: str) -> ChunkClaim:
    """What writing chunk `index` in place takes.  Raises BadChunkIndex."""
    is_number = index.isascii() and index.isdigit() and len(index) <= INDEX_DIGITS
    if not is_number or int(index) >= upload.total_chunks:
        raise BadChunkIndex(index=index, total_chunks=upload.total_chunks)
    offset_bytes = int(index) * upload.chunk_size
    return ChunkClaim(
        file_id=upload.file_id,
        index=int(index),
        offset_bytes=offset_bytes,
        length_bytes=min(upload.chunk_size, upload.size - offset_bytes),
    )


def apart(claim: ChunkClaim, *, part_name: str) -> ChunkClaim:
    return ChunkClaim(claim.file_id, claim.index, claim.offset_bytes, claim.length_bytes, part_name)


def is_first_claim(claim: ChunkClaim) -> bool:
    """Claim the chunk in place, by its row."""
    try:
        with transaction.atomic():
            Chunk.objects.create(upload_id=claim.file_id, index=claim.index)
    except IntegrityError:
        return False
    return True


def store_chunk(
    *, claim: ChunkClaim, md5: str, store: FileStore, now: datetime, expires_s: float
) -> None:
    """Count a chunk whose bytes are synced; the upload then expires `expires_s` from now.

    Raises UnknownUpload, NotReceiving; the claim is still to be released then.
    """
    stored = {"part_name": claim.part_name, "md5": md5, "received_at": now}
    with transaction.atomic():
        # The upload first, here and everywhere: whoever holds its row holds those of its chunks.
        count_bytes(claim, expires_at=now + timedelta(seconds=expires_s))
        chunks = Chunk.objects.filter(upload=claim.file_id, index=claim.index)
        is_new = chunks.filter(received_at=None).update(size_bytes=claim.length_bytes, **stored)
        obsolete_part = "" if is_new else store_again(claim, stored)
    if obsolete_part:
        store.delete_part(obsolete_part)


def count_bytes(claim: ChunkClaim, *, expires_at: datetime) -> None:
    """Raises UnknownUpload, NotReceiving."""
    states = OPEN_STATES if claim.part_name else (Upload.State.RECEIVING,)
    counted = Upload.objects.filter(pk=claim.file_id, state__in=states).update(
        received=F("received") + claim.length_bytes, expires_at=expires_at
    )
    if not counted:
        raise NotReceiving(state=services.one_of(Upload.objects.all(), claim.file_id).state)


def store_again(claim: ChunkClaim, stored: dict[str, Any]) -> str:
    """Store a chunk nobody holds a claim for (any more); return the part that has become obsolete.

    It was stored before, by this client or another, or the claim it had was given back.
    """
    chunk, is_new = Chunk.objects.get_or_create(
        upload_id=claim.file_id,
        index=claim.index,
        defaults={"size_bytes": claim.length_bytes, **stored},
    )
    if is_new:
        return ""
    uncounted = F("received") - claim.length_bytes
    Upload.objects.filter(pk=claim.file_id).update(received=uncounted)
    if claim.part_name and chunk.md5 == stored["md5"]:
        return claim.part_name  # the same bytes are stored already
    Chunk.objects.filter(pk=chunk.pk).update(**stored)
    return chunk.part_name


def release_chunk(*, claim: ChunkClaim, store: FileStore) -> None:
    """Give back the claim of a request that broke off; nothing of it stays."""
    if claim.part_name:
        store.delete_part(claim.part_name)
        return
    Chunk.objects.filter(upload=claim.file_id, index=claim.index, received_at=None).delete()
