"""What can go wrong with an upload."""

from collections.abc import Sequence


class UploadError(Exception):
    """Base of this feature's errors."""


class UnknownUpload(UploadError):
    """No such upload, or it is another user's."""

    def __init__(self) -> None:
        super().__init__("there is no such upload")


class UploadNotFinished(UploadError):
    """The file is asked for before all of it has arrived and was verified."""

    def __init__(self, *, state: str) -> None:
        super().__init__(f"the upload is not finished: it is {state}")
        self.state = state


class NotReceiving(UploadError):
    """A chunk came for an upload that takes none (any more)."""

    def __init__(self, *, state: str) -> None:
        super().__init__(f"the upload takes no chunks: it is {state}")
        self.state = state


class WriterStopped(UploadError):
    """The file was sealed, finished or deleted while a request was still writing to it."""

    def __init__(self) -> None:
        super().__init__("the upload was completed or deleted while this was being sent")


class StoredFileMissing(UploadError):
    """The row is there, the bytes are not."""

    def __init__(self) -> None:
        super().__init__("bytes of this upload are gone from the disk; send it again")


# --- too much ----------------------------------------------------------------------------------


class FileTooLarge(UploadError):
    def __init__(self, *, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"{size_bytes} bytes are more than the {limit_bytes} a file may have")
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class QuotaExceeded(UploadError):
    """The user's files together would be larger than allowed."""

    def __init__(self, *, size_bytes: int, used_bytes: int, quota_bytes: int) -> None:
        super().__init__(
            f"{size_bytes} bytes do not fit: your files have {used_bytes} of {quota_bytes} bytes"
        )
        self.size_bytes = size_bytes
        self.used_bytes = used_bytes
        self.quota_bytes = quota_bytes


class DiskFull(UploadError):
    """The disk has no room, or what is left is kept back for the databases."""

    def __init__(self) -> None:
        super().__init__("the server's disk is full; nothing of this was stored")


class BodyTooLarge(UploadError):
    """The request is longer than any good one could be."""

    def __init__(self, *, limit_bytes: int) -> None:
        super().__init__(f"the request may have {limit_bytes} bytes at most")
        self.limit_bytes = limit_bytes


class TooManyChunks(UploadError):
    """The chunk size is too small for the file."""

    def __init__(self, *, total_chunks: int, limit_chunks: int) -> None:
        super().__init__(
            f"{total_chunks} chunks are more than {limit_chunks}: ask for a larger chunk_size"
        )
        self.total_chunks = total_chunks
        self.limit_chunks = limit_chunks


# --- chunks ------------------------------------------------------------------------------------


class BadChunkIndex(UploadError):
    def __init__(self, *, index: str, total_chunks: int) -> None:
        wanted = f"a whole number from 0 to {total_chunks - 1}" if total_chunks else "none at all"
        super().__init__(f"the index of a chunk of this upload is {wanted}, not {index[:100]!r}")
        self.total_chunks = total_chunks


class WrongChunkLength(UploadError):
    def __init__(self, *, expected_bytes: int, got_bytes: int) -> None:
        super().__init__(f"this chunk has {expected_bytes} bytes, but {got_bytes} came")
        self.expected_bytes = expected_bytes
        self.got_bytes = got_bytes


class BadChecksum(UploadError):
    """What was sent as a checksum is none."""

    def __init__(self, *, text: str, wanted: str) -> None:
        super().__init__(f"{text[:100]!r} is not {wanted}")


class ChecksumMismatch(UploadError):
    """The bytes that arrived are not those that were sent."""

    def __init__(self, *, expected: str, got: str) -> None:
        super().__init__(f"the bytes that arrived have the checksum {got}, not {expected}")
        self.expected = expected
        self.got = got


class ChunksMissing(UploadError):
    """The upload cannot be completed yet.  `missing` holds the first missing indexes."""

    def __init__(self, *, missing: Sequence[int], missing_count: int) -> None:
        super().__init__(f"{missing_count} chunks have not arrived yet")
        self.missing = list(missing)
        self.missing_count = missing_count


class WrongTotalChunks(UploadError):
    def __init__(self, *, expected: int, got: int) -> None:
        super().__init__(f"this upload has {expected} chunks, not {got}")
        self.expected = expected
        self.got = got


class VerificationFailed(UploadError):
    """The file that was put together is not the one that was announced."""


# --- requests ----------------------------------------------------------------------------------


class NotAForm(UploadError):
    def __init__(self, *, content_type: str) -> None:
        super().__init__(f"a multipart/form-data body is wanted here, not {content_type[:100]!r}")


class BadForm(UploadError):
    """The multipart body cannot be read, or a needed field is not in it."""


class NoFile(UploadError):
    def __init__(self, *, field: str) -> None:
        super().__init__(f"the form has no file in its field {field!r}")
        self.field = field


class EmptyFile(UploadError):
    def __init__(self) -> None:
        super().__init__("the file is empty")


class TooManyFiles(UploadError):
    def __init__(self, *, field: str) -> None:
        super().__init__(f"one file at a time: the form has several in its field {field!r}")
        self.field = field


class BodyStalled(UploadError):
    def __init__(self, *, idle_s: float) -> None:
        super().__init__(f"nothing came for {idle_s:g} s; send it again")
        self.idle_s = idle_s


class ClientGone(UploadError):
    """The client left before its request was complete; nobody is there to be answered."""

    def __init__(self) -> None:
        super().__init__("the client left")


class BodiesNotServedHere(UploadError):
    """This process serves plain requests only; upload bodies go to the ASGI server."""

    def __init__(self) -> None:
        super().__init__("upload bodies are received by the ASGI server, not by this process")


# --- the sending side ---------------------------------------------------------------------------


class SendError(UploadError):
    """A file could not be sent to a server; the message says why and what to do."""


class ServerUnreachable(SendError):
    def __init__(self, *, url: str, reason: str) -> None:
        super().__init__(f"nothing answers at {url} ({reason})")


class NotASluiceServer(SendError):
    def __init__(self, *, url: str, status: int) -> None:
        super().__init__(f"what answers at {url} is no Sluice server (status {status})")


class KeyRefused(SendError):
    def __init__(self, *, url: str) -> None:
        super().__init__(f"{url} does not accept this key; it may be mistyped, expired or revoked")


class RequestRefused(SendError):
    """The server answered with a problem."""

    def __init__(self, *, status: int, type: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.type = type


class SourceChanged(SendError):
    def __init__(self, *, name: str) -> None:
        super().__init__(f"{name} changed while it was being sent; send it again")


class VerificationEnded(SendError):
    """The server could not verify the file."""


class SendingStopped(SendError):
    def __init__(self) -> None:
        super().__init__("stopped")
