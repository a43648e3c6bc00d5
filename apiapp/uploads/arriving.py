"""What one request brings, from its first byte to its row.  Blocking; one thread at a time."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import User

from apiapp.keys.callers import Caller
from apiapp.uploads import chunks, services
from apiapp.uploads.chunks import ChunkClaim
from apiapp.uploads.digests import FileDigests, require_match
from apiapp.uploads.errors import EmptyFile, FileTooLarge, WrongChunkLength
from apiapp.uploads.folding import Folding
from apiapp.uploads.models import Upload, new_file_id
from apiapp.uploads.services import ArrivedFile, Limits
from apiapp.uploads.storage import FileStore

Piece = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Terms:
    """Where arriving bytes go, and under which limits.

    folding: what computes the digests of large files meanwhile.
    """

    store: FileStore
    limits: Limits
    clock: Callable[[], datetime]
    folding: Folding = field(default_factory=Folding)


class ArrivingChunk:
    """One claimed chunk."""

    def __init__(self, claim: ChunkClaim, terms: Terms) -> None:
        """Raises WriterStopped, DiskFull."""
        self.claim = claim
        self._terms = terms
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._got_bytes = 0
        self._is_kept = False
        if claim.part_name:
            self._writer = terms.store.part_writer(claim.part_name)
        else:
            self._writer = terms.store.writer(claim.file_id, offset_bytes=claim.offset_bytes)

    def write(self, pieces: Sequence[Piece]) -> None:
        """Raises WrongChunkLength before a byte is written where another chunk lies."""
        self._got_bytes += sum(map(len, pieces))
        if self._got_bytes > self.claim.length_bytes:
            self._refuse_length()
        for piece in pieces:
            self._md5.update(piece)
        self._writer.write(pieces)

    @property
    def file_id(self) -> str:
        return self.claim.file_id

    @property
    def is_placed(self) -> bool:
        """Whether its index is known."""
        return self.claim.index != chunks.UNPLACED

    def place(self, *, caller: Caller, index: str) -> None:
        """Tell the index of a chunk that came before it.  Raises as claim_part does."""
        self.claim = chunks.claim_part(
            caller=caller,
            file_id=self.claim.file_id,
            index=index,
            part_name=self.claim.part_name,
        )

    def keep(self, rest: Sequence[Piece], *, md5: str) -> str:
        """Write the rest and count the chunk, once it would survive a power cut; return its MD5.

        `md5` is what it has to be, empty: anything.  Raises WrongChunkLength, ChecksumMismatch.
        """
        self.write(rest)
        if self._got_bytes != self.claim.length_bytes:
            self._refuse_length()
        got = self._md5.hexdigest()
        require_match(expected=md5, got=got)
        self._writer.sync()
        self._writer.close()
        upload = chunks.store_chunk(
            claim=self.claim,
            md5=got,
            store=self._terms.store,
            now=self._terms.clock(),
            limits=self._terms.limits,
        )
        self._is_kept = True
        chunks.tell_kept(upload, store=self._terms.store, folding=self._terms.folding)
        return got

    def release(self) -> None:
        self._writer.close()
        if not self._is_kept:
            chunks.release_chunk(claim=self.claim, store=self._terms.store)

    def _refuse_length(self) -> None:
        raise WrongChunkLength(expected_bytes=self.claim.length_bytes, got_bytes=self._got_bytes)


def open_chunk(
    *, caller: Caller, file_id: str, index: str, declared_bytes: int | None, terms: Terms
) -> ArrivingChunk:
    """Claim a chunk and be ready for its bytes; `declared_bytes` is how many the client will send.

    Raises WrongChunkLength, QuotaExceeded and what claim_chunk raises.
    """
    claim = chunks.claim_chunk(caller=caller, file_id=file_id, index=index, store=terms.store)
    try:
        services.require_quota(
            owner_id=caller.user.pk, size=claim.length_bytes, limits=terms.limits
        )
        if declared_bytes is not None and declared_bytes != claim.length_bytes:
            raise WrongChunkLength(expected_bytes=claim.length_bytes, got_bytes=declared_bytes)
        return ArrivingChunk(claim, terms)
    except BaseException:
        chunks.release_chunk(claim=claim, store=terms.store)
        raise


def open_unplaced(*, caller: Caller, file_id: str, terms: Terms) -> ArrivingChunk:
    """Be ready for a chunk whose index comes after it.  Raises as open_chunk does."""
    claim = chunks.claim_unplaced(caller=caller, file_id=file_id, store=terms.store)
    services.require_quota(owner_id=caller.user.pk, size=claim.length_bytes, limits=terms.limits)
    return ArrivingChunk(claim, terms)


class ArrivingFile:
    """A whole file, with its digests computed as it comes."""

    def __init__(self, owner: User, filename: str, terms: Terms) -> None:
        """Raises DiskFull."""
        self.filename = filename
        self._owner = owner
        self._terms = terms
        self._file_id = new_file_id()
        self._digests = FileDigests()
        self._got_bytes = 0
        self._is_kept = False
        self._delete = terms.store.delete_unfinished
        terms.store.create(self._file_id)
        self._writer = terms.store.writer(self._file_id)

    def write(self, pieces: Sequence[Piece]) -> None:
        """Raises FileTooLarge, DiskFull."""
        batch_bytes = sum(map(len, pieces))
        self._got_bytes += batch_bytes
        if self._got_bytes > self._terms.limits.file_bytes:
            raise FileTooLarge(
                size_bytes=self._got_bytes, limit_bytes=self._terms.limits.file_bytes
            )
        self._terms.store.require_free(batch_bytes)
        for piece in pieces:
            self._digests.update(piece)
        self._writer.write(pieces)

    def complete(self, rest: Sequence[Piece]) -> None:
        """Write the rest; it would survive a power cut then.  Raises EmptyFile, and as write."""
        self.write(rest)
        if not self._got_bytes:
            raise EmptyFile
        self._writer.sync()
        self._writer.close()

    @property
    def sha256(self) -> str:
        """Of the complete file, in hex."""
        return self._digests.sha256

    def keep(self) -> Upload:
        """The finished upload of the complete file.  Raises QuotaExceeded."""
        self._delete = self._terms.store.delete
        upload = services.add_finished(
            owner=self._owner,
            arrived=ArrivedFile(
                file_id=self._file_id,
                filename=self.filename,
                size=self._got_bytes,
                md5=self._digests.md5,
                sha256=self._digests.sha256,
            ),
            limits=self._terms.limits,
            store=self._terms.store,
            now=self._terms.clock(),
        )
        self._is_kept = True
        return upload

    def release(self) -> None:
        self._writer.close()
        if not self._is_kept:
            self._delete(self._file_id)


def open_file(*, owner: User, filename: str, declared_bytes: int, terms: Terms) -> ArrivingFile:
    """Be ready for a file of at least `declared_bytes`.

    Raises FileTooLarge, QuotaExceeded, DiskFull.
    """
    services.require_fits(size=declared_bytes, limits=terms.limits, store=terms.store)
    services.require_quota(owner_id=owner.pk, size=declared_bytes, limits=terms.limits)
    return ArrivingFile(owner, filename, terms)
