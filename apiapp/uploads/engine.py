"""Blocking: what requests that append to uploads share, and how one has another stop."""

import time
from collections.abc import Callable
from contextlib import suppress

from apiapp.keys.callers import Caller
from apiapp.uploads import concatenating, services, writers
from apiapp.uploads.arriving import Terms
from apiapp.uploads.errors import NotVerified, TakenOver, UnknownUpload, WriterStopped
from apiapp.uploads.folding import NEWS_BYTES
from apiapp.uploads.models import Upload
from apiapp.uploads.names import FILE_ID
from apiapp.uploads.usage import Usage
from apiapp.uploads.writers import Writers

SILENT_S = 2.0  # a writer that does not say within it that it lives is frozen


class Engine:
    """What all requests that append in this process share."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.writers = Writers()
        self._usage = Usage()

    def require_room(self, upload: Upload, size_bytes: int) -> None:
        """Count bytes that are about to be written.  Raises QuotaExceeded, DiskFull."""
        quota_bytes = self.terms.limits.user_bytes
        self._usage.add(upload.owner_id, size_bytes=size_bytes, quota_bytes=quota_bytes)
        self.terms.store.require_free(size_bytes)

    def tell_kept(self, upload: Upload) -> None:
        """What an upload has now, it keeps: its digests may be begun."""
        if upload.concat:  # a part; what counts are the digests of the whole
            concatenating.tell_kept(upload, terms=self.terms)
            return
        folding = self.terms.folding
        news_bytes = upload.received - folding.told_bytes(upload.file_id)
        if news_bytes < NEWS_BYTES and not upload.has_all_bytes:
            return
        path, into = self.terms.store.places(upload.file_id)
        folding.note(
            upload.file_id, path=path, into=into, size=upload.size, kept_bytes=upload.received
        )

    def tell_replaced(self, file_id: str) -> None:
        """What an upload had goes on in another file."""
        self.terms.folding.forget(file_id)

    def heed(self) -> None:
        """Look who is waited for in other processes."""
        writers.heed(self.writers, now=self.terms.clock())

    def find(self, caller: Caller, file_id: str) -> Upload:
        """Raises UnknownUpload, UploadGone."""
        if not FILE_ID.fullmatch(file_id):
            raise UnknownUpload
        return services.appended_upload(caller, file_id, now=self.terms.clock())


class Asking:
    """One newcomer's way to have whoever appends to an upload stop."""

    def __init__(self, engine: Engine, file_id: str) -> None:
        self.ticket = engine.writers.new_ticket()
        self.began_at = time.monotonic()
        self._writers = engine.writers
        self._file_id = file_id
        self._has_asked_elsewhere = False

    @property
    def waited_s(self) -> float:
        return time.monotonic() - self.began_at

    def ask(self) -> bool:
        """Whether the other is in this process.  Raises TakenOver: the other is newer."""
        other = self._writers.stop(self._file_id, ticket=self.ticket)
        if other and other.ticket > self.ticket:
            raise TakenOver
        if not other and not self._has_asked_elsewhere:
            writers.ask_elsewhere(self._file_id)
            self._has_asked_elsewhere = True
        return other is not None


class Settling:
    """Attempts to read where an upload ends once nobody appends to it: its client has come back."""

    def __init__(self, engine: Engine, *, admit: Callable[[], Caller], file_id: str) -> None:
        self._engine = engine
        self._admit = admit
        self._caller: Caller | None = None
        self._file_id = file_id
        self._asking = Asking(engine, file_id)

    def try_once(self) -> Upload | None:
        """None: to be tried again soon.

        Raises UnknownUpload, UploadGone, NotVerified, and as `admit`.
        """
        self._caller = self._caller or self._admit()
        upload = self._engine.find(self._caller, self._file_id)
        if upload.state == Upload.State.FAILED:
            raise NotVerified(error=upload.error)
        if upload.state != Upload.State.RECEIVING or self._asking.waited_s > SILENT_S:
            return upload
        with suppress(WriterStopped, TakenOver):
            hold = self._engine.terms.store.hold(self._file_id)
            if hold is None:
                self._asking.ask()
                return None
            try:
                return self._engine.find(self._caller, self._file_id)
            finally:
                hold.close()
        return upload
