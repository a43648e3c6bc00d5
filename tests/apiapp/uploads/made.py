"""Uploads as tests need them: announced, with chunks stored, complete."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from apiapp.keys.callers import Caller
from apiapp.uploads import chunks, services
from apiapp.uploads.chunks import ChunkClaim
from apiapp.uploads.models import Upload
from apiapp.uploads.services import AnnouncedFile, Limits
from apiapp.uploads.storage import FileStore

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EXPIRES_S = 3600.0
GENEROUS = Limits(file_bytes=2**30, user_bytes=2**30, chunk_bytes=10, expires_s=EXPIRES_S)


def md5_of(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def begin(
    caller: Caller, store: FileStore, limits: Limits, *, size: int = 25, **announced: str
) -> Upload:
    """An upload of `size` bytes in chunks of 10."""
    return services.create(
        owner=caller.user,
        announced=AnnouncedFile(**{"filename": "cars.csv", "size": size, **announced}),
        limits=limits,
        store=store,
        now=NOW,
    )


def claim(caller: Caller, store: FileStore, upload: Upload, index: int) -> ChunkClaim:
    return chunks.claim_chunk(caller=caller, file_id=upload.file_id, index=str(index), store=store)


def write(claimed: ChunkClaim, content: bytes, store: FileStore) -> None:
    """What a request does with its claim until its bytes are synced."""
    writer = (
        store.part_writer(claimed.part_name)
        if claimed.part_name
        else store.writer(claimed.file_id, offset_bytes=claimed.offset_bytes)
    )
    writer.write([content])
    writer.sync()
    writer.close()


def count(claimed: ChunkClaim, content: bytes, store: FileStore) -> None:
    chunks.store_chunk(claim=claimed, md5=md5_of(content), store=store, now=NOW, limits=GENEROUS)


def send(caller: Caller, store: FileStore, upload: Upload, index: int, content: bytes) -> None:
    """A whole request for one chunk."""
    claimed = claim(caller, store, upload, index)
    write(claimed, content, store)
    count(claimed, content, store)


def send_all(
    caller: Caller, store: FileStore, upload: Upload, content: bytes, order: Iterable[int] = ()
) -> None:
    for index in order or range(upload.total_chunks):
        at = index * upload.chunk_size
        send(caller, store, upload, index, content[at : at + upload.chunk_size])
