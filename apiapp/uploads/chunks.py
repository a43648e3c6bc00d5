"""The chunks of an upload: claimed, stored, given back.

Stored bytes are never overwritten by a request that may break off: the first request for a chunk
claims it and writes in place, every other writes a part of its own.  Of different contents for one
chunk the one that was finished last counts.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count, takewhile
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F

from apiapp.keys.callers import Caller
from apiapp.uploads import services
from apiapp.uploads.errors import BadChunkIndex, NotReceiving
from apiapp.uploads.folding import Folding
from apiapp.uploads.models import Chunk, Upload
from apiapp.uploads.names import new_part_name
from apiapp.uploads.services import Limits
from apiapp.uploads.storage import FileStore

# After a failed verification the file stays sealed: chunks that are sent again become parts.
OPEN_STATES = (Upload.State.RECEIVING, Upload.State.FAILED)
INDEX_DIGITS = 9
UNPLACED = -1
PAGE = 100  # rows that are asked for at a time


@dataclass(frozen=True, slots=True)
class ChunkClaim:
    """One request's right to write one chunk, in place or (`part_name`) apart."""

    file_id: str
    index: int
    offset_bytes: int
    length_bytes: int
    part_name: str = ""
    completes_upload: bool = False  # if it is the last to come: no client will say so


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
    if upload.state not in OPEN_STATES or upload.is_appended:
        raise NotReceiving(state=upload.state)
    return upload


def whole_claim(upload: Upload, index: str) -> ChunkClaim:
    """What writing chunk `index` in place takes.  Raises BadChunkIndex."""
    is_number = index.isascii() and index.isdigit() and len(index) <= INDEX_DIGITS
    if not is_number or int(index) >= upload.total_chunks:
        raise BadChunkIndex(index=index, total_chunks=upload.total_chunks)
    return ChunkClaim(
        file_id=upload.file_id,
        index=int(index),
        offset_bytes=int(index) * upload.chunk_size,
        length_bytes=length_of(upload, int(index)),
        completes_upload=upload.protocol == Upload.Protocol.RESUMABLEJS,
    )


def length_of(upload: Upload, index: int) -> int:
    """Bytes of one chunk: of the last, whatever is left."""
    assert upload.size is not None  # of chunks it is always told
    is_last = index == upload.total_chunks - 1
    return upload.size - index * upload.chunk_size if is_last else upload.chunk_size


def apart(claim: ChunkClaim, *, part_name: str) -> ChunkClaim:
    return replace(claim, part_name=part_name)


def is_first_claim(claim: ChunkClaim) -> bool:
    """Claim the chunk in place, by its row."""
    try:
        with transaction.atomic():
            Chunk.objects.create(upload_id=claim.file_id, index=claim.index)
    except IntegrityError:
        return False
    return True


def store_chunk(
    *, claim: ChunkClaim, md5: str, store: FileStore, now: datetime, limits: Limits
) -> Upload:
    """Count a chunk whose bytes are synced, which puts off the end of the upload; return that.

    Raises UnknownUpload, NotReceiving, QuotaExceeded; the claim is still to be released then.
    """
    stored = {"part_name": claim.part_name, "md5": md5, "received_at": now}
    with transaction.atomic():
        # The upload first, here and everywhere: whoever holds its row holds those of its chunks.
        upload = count_bytes(
            claim, limits=limits, expires_at=now + timedelta(seconds=limits.expires_s)
        )
        chunks = Chunk.objects.filter(upload=claim.file_id, index=claim.index)
        is_new = chunks.filter(received_at=None).update(size_bytes=claim.length_bytes, **stored)
        obsolete_part = "" if is_new else store_again(claim, stored)
        if claim.completes_upload:
            complete_when_whole(claim.file_id, now=now)
    if obsolete_part:
        store.delete_part(obsolete_part)
    return upload


def count_bytes(claim: ChunkClaim, *, limits: Limits, expires_at: datetime) -> Upload:
    """Raises UnknownUpload, NotReceiving, QuotaExceeded."""
    upload = services.one_of(Upload.objects.all(), claim.file_id)
    # One at a time for each user: chunks that fit alone may not fit together.
    User.objects.select_for_update(no_key=True).get(pk=upload.owner_id)
    if not is_stored(claim):
        services.require_quota(owner_id=upload.owner_id, size=claim.length_bytes, limits=limits)
    states = OPEN_STATES if claim.part_name else (Upload.State.RECEIVING,)
    counted = Upload.objects.filter(pk=claim.file_id, state__in=states).update(
        received=F("received") + claim.length_bytes, expires_at=expires_at
    )
    if not counted:
        raise NotReceiving(state=services.one_of(Upload.objects.all(), claim.file_id).state)
    return upload


def is_stored(claim: ChunkClaim) -> bool:
    """Whether the chunk was stored before, so that it takes no more room."""
    chunks = Chunk.objects.filter(upload=claim.file_id, index=claim.index)
    return chunks.exclude(received_at=None).exists()


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


def complete_when_whole(file_id: str, *, now: datetime) -> None:
    """To be called in the transaction that counts a chunk: none is acknowledged between the two."""
    upload = services.one_of(Upload.objects.all(), file_id)
    is_whole = upload.has_all_bytes and not services.missing_ranges(upload)
    if is_whole and upload.state == Upload.State.RECEIVING:
        services.start_merge(upload, now=now)


def tell_kept(upload: Upload, *, store: FileStore, folding: Folding) -> None:
    """What lies in place from the beginning may be digested: nobody writes there any more."""
    assert upload.size is not None
    if not folding.follows(upload.size) or upload.state != Upload.State.RECEIVING:
        return
    first = folding.told_bytes(upload.file_id) // upload.chunk_size
    end = end_of_placed(upload, first=first)
    # The last chunk may be longer than the others.
    kept_bytes = upload.size if end >= upload.total_chunks else end * upload.chunk_size
    path, into = store.places(upload.file_id)
    folding.note(upload.file_id, path=path, into=into, size=upload.size, kept_bytes=kept_bytes)


def end_of_placed(upload: Upload, *, first: int) -> int:
    """The index behind the stored chunks that lie in place one after the other from `first`."""
    placed = upload.chunks.filter(part_name="").exclude(received_at=None).order_by("index")
    end = first
    while True:
        page = placed.filter(index__gte=end).values_list("index", flat=True)[:PAGE]
        together = takewhile(lambda each: each[0] == each[1], zip(page, count(end), strict=False))
        found = len(list(together))
        end += found
        if found < PAGE:
            return end


def release_chunk(*, claim: ChunkClaim, store: FileStore) -> None:
    """Give back the claim of a request that broke off; nothing of it stays."""
    if claim.part_name:
        store.delete_part(claim.part_name)
        return
    Chunk.objects.filter(upload=claim.file_id, index=claim.index, received_at=None).delete()
