"""Blocking: bytes appended to an upload at its offset, by one request at a time.

Who appends holds the upload's file (holds.py) until its request ends.  Who comes meanwhile is newer
and asks it to stop (writers.py); what had come is kept first.  A writer that does not even say
that it lives is frozen: what it has committed is copied to a file of the newcomer's own, and the
row's `writer_token` is raised, so that whatever it may still do when it wakes up counts for
nothing.

Bytes are written, synced, committed and then told, in this order.
"""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from io import FileIO

from django.db import transaction
from django.db.models import F

from apiapp.keys.callers import Caller
from apiapp.uploads import concatenating, services
from apiapp.uploads.arriving import Piece
from apiapp.uploads.digests import BodyDigest
from apiapp.uploads.disk import disk_full_told, sync_data, write_at
from apiapp.uploads.engine import SILENT_S, Asking, Engine
from apiapp.uploads.errors import (
    BodyMismatch,
    BodyTooLarge,
    FileTooLarge,
    LengthMismatch,
    NotAppendable,
    NotReceiving,
    NotVerified,
    OffsetMismatch,
    OtherDigest,
    StoredFileMissing,
    TakenOver,
    UnknownUpload,
    UploadError,
    UploadGone,
    UploadLocked,
    WriterStopped,
)
from apiapp.uploads.holds import Hold
from apiapp.uploads.models import Upload
from apiapp.uploads.statements import set_offset
from apiapp.uploads.writers import Active

COMMIT_BYTES = 64 * 2**20
COMMIT_S = 2.0
STOPPING_S = 20.0  # that a writer which lives may take to stop


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request is going to append.

    length_bytes: of the whole file, if it is told with this.  body_bytes: None: it is not known.
    digest: the body is to have it, or not to count at all.  md5, sha256: what the whole file is to
    have, in hexadecimal, if that is told with this; it counts once the file ends.
    ends: whether the file ends with this body; None: as soon as it is as long as was told.
    """

    offset_bytes: int
    length_bytes: int | None = None
    body_bytes: int | None = None
    digest: BodyDigest | None = None
    ends: bool | None = None
    md5: str = ""
    sha256: str = ""


class Appending:
    """The body of one request, on its way to the end of an upload.

    hold: None where there is nothing to be written, as the upload has all its bytes.
    limit_bytes: the most that the body may have.  on_close: called at the end of it.
    """

    def __init__(self, upload: Upload, hold: Hold | None, wanted: Wanted, engine: Engine) -> None:
        """Raises WriterStopped."""
        self.upload = upload
        self._hold = hold
        self._digest = wanted.digest
        self._ends = wanted.ends
        self._wanted = wanted
        self._engine = engine
        self._terms = engine.terms
        self._at = self._committed = upload.received
        self._committed_at = time.monotonic()
        self._base = upload.slice_offset
        self.on_close: Callable[[], None] = lambda: None
        limit = self._terms.limits.file_bytes if upload.size is None else upload.size
        self.limit_bytes = limit - upload.received
        self._file: FileIO | None = hold.file if hold else None
        if hold and upload.slice_of:
            self._file = self._terms.store.open_slices(upload.slice_of)

    def write(self, pieces: Sequence[Piece]) -> None:
        """Raises QuotaExceeded, DiskFull; TakenOver and UploadGone as `keep`."""
        size_bytes = sum(map(len, pieces))
        if not size_bytes:
            return
        assert self._file
        self._engine.require_room(self.upload, size_bytes)
        if self._digest:
            for piece in pieces:
                self._digest.update(piece)
        with disk_full_told():
            write_at(self._file, pieces, self._base + self._at)
        self._at += size_bytes
        if not self._digest and self._is_much():
            self._commit()

    def keep(self, rest: Sequence[Piece]) -> Upload:
        """Write the rest of the whole body and commit it; return the upload as it is now.

        Raises BodyMismatch, and as `write`; TakenOver or UploadGone when it may no longer write;
        LengthMismatch, when all is kept, but does not end where it was to.
        """
        self.write(rest)
        if self._digest and not self._digest.matches():
            raise BodyMismatch(algorithm=self._digest.algorithm)
        self._digest = None
        self._end()
        if self._ends and self._at != self.upload.size:
            raise LengthMismatch(length_bytes=self._at)
        return self.upload

    def cut(self, rest: Sequence[Piece]) -> None:
        """Keep what came of a body that broke off, unless a checksum was to be the judge of it."""
        with suppress(UploadError):
            if not self._digest:
                self._ends = self._ends and False
                self.write(rest)
                self._end()
        self.close()

    def release(self) -> None:
        """As `cut`, of a request that went wrong otherwise."""
        self.cut(())

    def close(self) -> None:
        """Let the next one write.  Safe to call twice."""
        if self._file:
            self._file.close()
        if self._hold:
            self._hold.close()
        self._file = None
        self.on_close()

    def _is_much(self) -> bool:
        since_s = time.monotonic() - self._committed_at
        return self._at - self._committed >= COMMIT_BYTES or since_s >= COMMIT_S

    def _end(self) -> None:
        if not self._file:
            return
        is_last = self._is_last()
        if is_last and not self.upload.is_partial:
            self.upload.expected_md5 = self._wanted.md5 or self.upload.expected_md5
            self.upload.expected_sha256 = self._wanted.sha256 or self.upload.expected_sha256
            with transaction.atomic():
                self._commit()
                services.start_merge(self.upload, now=self._terms.clock())
        else:
            self._commit()
        if is_last and self.upload.is_partial:
            concatenating.start_what_waits_for(self.upload, now=self._terms.clock())
        self.close()

    def _is_last(self) -> bool:
        """Whether the file ends here."""
        if self._ends and self.upload.size is None:
            self.upload.size = self._at
        return self._ends is not False and self._at == self.upload.size

    def _commit(self) -> None:
        """Raises TakenOver, UploadGone, DiskFull."""
        assert self._file
        self._committed_at = time.monotonic()
        if self._at == self._committed and not self._ends:
            return
        with disk_full_told():
            sync_data(self._file.fileno())
        now, upload = self._terms.clock(), self.upload
        upload.expires_at = now + timedelta(seconds=self._terms.limits.expires_s)
        if not set_offset(upload, received=self._at, expires_at=upload.expires_at):
            raise TakenOver if Upload.objects.filter(pk=upload.pk).exists() else UploadGone
        upload.received = self._committed = self._at
        self._engine.tell_kept(upload)


class Opening:
    """One request's attempts to become the one that appends.

    admit: who calls; asked once.  stop: how the request is told that a newer one is here.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        admit: Callable[[], Caller],
        file_id: str,
        wanted: Wanted,
        stop: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._terms = engine.terms
        self._admit = admit
        self._caller: Caller | None = None
        self._file_id = file_id
        self._wanted = wanted
        self._stop = stop
        self._asking = Asking(engine, file_id)

    def try_once(self) -> Appending | None:
        """None: another writes, and was asked to stop; to be tried again soon.

        Raises UnknownUpload, UploadGone, OffsetMismatch, LengthMismatch, BodyTooLarge,
        FileTooLarge, QuotaExceeded, DiskFull, OtherDigest, NotAppendable, NotReceiving, TakenOver,
        UploadLocked, StoredFileMissing, and what `admit` raises.
        """
        self._caller = self._caller or self._admit()
        try:
            hold = self._terms.store.hold(self._file_id)
        except ValueError as error:
            raise UnknownUpload from error
        except WriterStopped:
            return self._begin_complete(self._upload())
        if hold is None:
            hold = self._wait(self._upload())
        return self._begin(hold) if hold else None

    def _upload(self) -> Upload:
        assert self._caller
        upload = self._engine.find(self._caller, self._file_id)
        if upload.concat and self._wanted.ends is not None:
            raise UnknownUpload  # only tus knows of parts
        return upload

    # --- it is free

    def _begin(self, hold: Hold) -> Appending:
        try:
            upload = self._upload()  # nobody else changes it now
            if upload.state != Upload.State.RECEIVING:
                hold.close()
                return self._begin_complete(upload)
            require_stored(upload, hold)
            self._require_offset(upload)
            require_same_digests(upload, self._wanted)
            self._set_length(upload)
            appending = Appending(upload, hold, self._wanted, self._engine)
            self._require_fits(appending)
        except BaseException:
            hold.close()
            raise
        self._enter(upload, appending)
        return appending

    def _begin_complete(self, upload: Upload) -> Appending:
        """There is no file to be held; nothing can be added, but that may be what is wanted."""
        if upload.is_final:
            raise NotAppendable
        if upload.state == Upload.State.FAILED:
            raise NotVerified(error=upload.error)
        if upload.state == Upload.State.RECEIVING and not upload.has_all_bytes:
            raise StoredFileMissing
        self._require_offset(upload)
        require_same_digests(upload, self._wanted)
        if self._wanted.ends is False and upload.state != Upload.State.RECEIVING:
            raise NotReceiving(state=upload.state)
        appending = Appending(upload, None, self._wanted, self._engine)
        self._require_fits(appending)
        return appending

    def _require_offset(self, upload: Upload) -> None:
        if self._wanted.offset_bytes != upload.received:
            raise OffsetMismatch(
                expected_bytes=upload.received, got_bytes=self._wanted.offset_bytes
            )

    def _set_length(self, upload: Upload) -> None:
        """Raises LengthMismatch, FileTooLarge."""
        length_bytes = self._wanted.length_bytes
        if length_bytes is None or length_bytes == upload.size:
            return
        if upload.size is not None or length_bytes < upload.received:
            raise LengthMismatch(length_bytes=length_bytes)
        services.require_fits(size=length_bytes, limits=self._terms.limits, store=self._terms.store)
        upload.size = length_bytes
        Upload.objects.filter(pk=upload.pk).update(size=length_bytes)

    def _require_fits(self, appending: Appending) -> None:
        """Raises BodyTooLarge, FileTooLarge, QuotaExceeded, DiskFull."""
        body_bytes = self._wanted.body_bytes or 0
        if body_bytes <= appending.limit_bytes:
            return
        appending.close()
        if appending.upload.size is None:
            raise FileTooLarge(
                size_bytes=appending.upload.received + body_bytes,
                limit_bytes=self._terms.limits.file_bytes,
            )
        raise BodyTooLarge(limit_bytes=appending.limit_bytes)

    def _enter(self, upload: Upload, appending: Appending) -> None:
        active = Active(
            self._file_id,
            self._asking.ticket,
            upload.writer_wanted,
            upload.writer_token,
            self._stop,
        )
        appending.on_close = lambda: self._engine.writers.leave(active)
        self._engine.writers.enter(active)

    # --- another has it

    def _wait(self, upload: Upload) -> Hold | None:
        """Ask the other to stop; take its place by force once it is clear that it is frozen."""
        is_here = self._asking.ask()
        if self._asking.waited_s > STOPPING_S:
            raise UploadLocked
        if self._asking.waited_s < SILENT_S or is_here or self._lives_elsewhere(upload):
            return None
        return self._take_by_force(upload)

    def _lives_elsewhere(self, upload: Upload) -> bool:
        if upload.writer_seen_at is None:
            return False
        silent = self._terms.clock() - upload.writer_seen_at
        return silent < timedelta(seconds=SILENT_S)

    def _take_by_force(self, upload: Upload) -> Hold | None:
        """None: another newcomer was faster."""
        raised = Upload.objects.filter(pk=upload.pk, writer_token=upload.writer_token).update(
            writer_token=F("writer_token") + 1
        )
        if not raised:
            return None
        upload = self._upload()  # from now on the frozen one commits nothing
        place = concatenating.place_of(upload)
        hold = self._terms.store.replace(self._file_id, place, length_bytes=upload.received)
        self._engine.tell_replaced(self._file_id)
        if upload.slice_of:
            Upload.objects.filter(pk=upload.pk).update(slice_of="", slice_offset=0)
        return hold


def require_stored(upload: Upload, hold: Hold) -> None:
    """Raises StoredFileMissing: the disk has lost what the row counts."""
    if not upload.slice_of and os.fstat(hold.file.fileno()).st_size < upload.received:
        raise StoredFileMissing


def require_same_digests(upload: Upload, wanted: Wanted) -> None:
    """Raises OtherDigest: another was told before, or is that of the file."""
    for algorithm, told, known in (
        ("md5", wanted.md5, upload.md5 or upload.expected_md5),
        ("sha-256", wanted.sha256, upload.sha256 or upload.expected_sha256),
    ):
        if told and known and told != known:
            raise OtherDigest(algorithm=algorithm, told=told)
