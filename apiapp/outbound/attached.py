"""Finished uploads that are sent with calls: who may send them, and how they are read.

A call keeps their ids alone.  Whose call it is may read them is looked at when it is placed, and
again when it is made; they are opened for each attempt.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Self

from apiapp.keys import scopes
from apiapp.keys.callers import Caller
from apiapp.outbound.client.bodies import OCTETS, File, pieces_of
from apiapp.outbound.errors import FileGone, FilesNotAllowed
from apiapp.uploads import services as uploads
from apiapp.uploads.errors import StoredFileMissing, StoreUnavailable, UploadError
from apiapp.uploads.models import Upload
from apiapp.uploads.storage import FileStore

FindStore = Callable[[], FileStore]


@dataclass(frozen=True, slots=True)
class Attachment:
    """field: of a form; empty for a file that is the body.  filename: empty for the upload's own."""

    file_id: str
    field: str = ""
    filename: str = ""
    content_type: str = OCTETS

    @classmethod
    def told(cls, told: dict[str, Any]) -> Self:
        return cls(**told)

    def as_told(self) -> dict[str, Any]:
        return asdict(self)


def require_readable(file_ids: Iterable[str], *, caller: Caller) -> None:
    """Raises FilesNotAllowed, UnknownUpload, UploadNotFinished."""
    for file_id in file_ids:
        if not caller.may(scopes.UPLOADS):  # or it would hand out what it may not read
            raise FilesNotAllowed(scope=scopes.UPLOADS)
        uploads.finished_upload(caller, file_id)


def require_still_there(file_ids: Iterable[str], *, caller: Caller) -> None:
    """The same, of a call that was placed before.  Raises FilesNotAllowed, FileGone."""
    try:
        require_readable(file_ids, caller=caller)
    except UploadError as error:
        raise FileGone from error


def file_of(attachment: Attachment, *, caller: Caller, find_store: FindStore) -> File:
    """Raises FileGone."""
    try:
        upload = uploads.finished_upload(caller, attachment.file_id)
    except UploadError as error:
        raise FileGone from error
    return File(
        filename=attachment.filename or upload.filename,
        size_bytes=upload.size or 0,
        read=partial(read_upload, upload, find_store),
        content_type=attachment.content_type,
    )


def read_upload(upload: Upload, find_store: FindStore) -> Iterator[bytes]:
    """Raises FileGone."""
    try:
        with uploads.open_content(upload, find_store()) as opened:
            yield from pieces_of(opened)
    except (StoredFileMissing, StoreUnavailable) as error:
        raise FileGone(str(error)) from error
