"""What can go wrong with an upload."""

from collections.abc import Sequence


class UploadError(Exception):
    """Base of this feature's errors."""


class UnknownUpload(UploadError):
    """No such upload, or it is another user's."""

    def __init__(self) -> None:
        super().__init__("there is no such upload")


class UploadGone(UploadError):
    """It was there, and expired or was deleted."""

    def __init__(self) -> None:
        super().__init__("this upload has expired or was deleted; begin a new one")


class NotVerified(UploadGone):
    """All bytes came, and are not the file that was announced.

    Nobody knows which of them are wrong.  To its client the upload is gone, as clients begin anew
    then: told where it ends, they would take it for a file that has arrived.
    """

    def __init__(self, *, error: str) -> None:
        UploadError.__init__(self, f"this upload has failed, begin a new one: {error}")


class RangeNotSatisfiable(UploadError):
    """Not one byte of what is asked for is in the file."""

    def __init__(self, *, size_bytes: int) -> None:
        super().__init__(f"the file has {size_bytes} bytes, and none in this range")
        self.size_bytes = size_bytes

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Range": f"bytes */{self.size_bytes}"}  # RFC 9110, section 15.5.17


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


class TakenOver(UploadError):
    """A newer request writes to the upload; what this one brought until then is kept."""

    def __init__(self) -> None:
        super().__init__("a newer request writes to this upload now")


class UploadLocked(UploadError):
    """Another request does not stop writing, though it lives."""

    headers = {"Retry-After": "5"}

    def __init__(self) -> None:
        super().__init__("another request is still writing to this upload; try again")


class StoredFileMissing(UploadError):
    """The row is there, the bytes are not."""

    def __init__(self) -> None:
        super().__init__("bytes of this upload are gone from the disk; send it again")


class StoreUnavailable(Exception):
    """The object store cannot be reached, or does not let us in; the log says why.

    No UploadError, as nothing is wrong with the upload: a job that meets this runs again later.
    """

    headers = {"Retry-After": "30"}

    def __init__(self) -> None:
        super().__init__("the server cannot reach its store of files now; try again later")


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


class TooManyUploads(UploadError):
    """Unfinished ones of one user."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"you have {limit} unfinished uploads: finish or delete some first")
        self.limit = limit


class TooManyBodies(TooManyUploads):
    """Sent at the same time by one caller."""

    headers = {"Retry-After": "5"}

    def __init__(self, *, limit: int) -> None:
        UploadError.__init__(
            self, f"you send {limit} bodies at the same time: let some of them end"
        )
        self.limit = limit


# --- offsets -----------------------------------------------------------------------------------


class OffsetMismatch(UploadError):
    """The client and the server disagree about how much has arrived."""

    def __init__(self, *, expected_bytes: int, got_bytes: int) -> None:
        super().__init__(f"the upload goes on at byte {expected_bytes}, not {got_bytes}")
        self.expected_bytes = expected_bytes
        self.got_bytes = got_bytes


class LengthMismatch(UploadError):
    """The length of the file is told again, otherwise; or is less than what has arrived."""

    def __init__(self, *, length_bytes: int) -> None:
        super().__init__(f"{length_bytes} bytes cannot be the length of this upload")
        self.length_bytes = length_bytes


class BytesMissing(UploadError):
    """The upload cannot be completed yet."""

    def __init__(self, *, received_bytes: int) -> None:
        super().__init__(f"only {received_bytes} bytes have arrived so far")
        self.received_bytes = received_bytes


class NotAppendable(UploadError):
    """It is made of other uploads, and takes no bytes itself."""

    def __init__(self) -> None:
        super().__init__("a final upload takes no bytes: send them to its parts")


class BadParts(UploadError):
    """What a final upload is to be made of cannot be its parts."""


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


class IdentifierUsed(UploadError):
    """The client's name for this file means another, whose upload is complete."""

    def __init__(self, *, file_id: str) -> None:
        super().__init__(
            "this identifier means a file that is complete and has other bytes here: "
            "give this one another, or delete that upload"
        )
        self.file_id = file_id


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


class BodyTrickled(BodyStalled):
    """Something came now and then, so little that the request would hold its place for days."""

    def __init__(self, *, least_bytes_per_s: int) -> None:
        Exception.__init__(
            self, f"less than {least_bytes_per_s} bytes a second came; send it again"
        )
        self.least_bytes_per_s = least_bytes_per_s


class ClientGone(UploadError):
    """The client left before its request was complete; nobody is there to be answered."""

    def __init__(self) -> None:
        super().__init__("the client left")


class BodiesNotServedHere(UploadError):
    """This process serves plain requests only; upload bodies go to the ASGI server."""

    def __init__(self) -> None:
        super().__init__("upload bodies are received by the ASGI server, not by this process")


# --- tus -----------------------------------------------------------------------------------------


class BadHeader(UploadError):
    """A header that cannot be read, or one that is missing."""


class WrongTusVersion(UploadError):
    headers = {"Tus-Version": "1.0.0"}

    def __init__(self, *, got: str) -> None:
        got = f"not {got[:20]!r}" if got else "and it is missing"
        super().__init__(f"the header Tus-Resumable has to be 1.0.0, {got}")


class WrongBodyType(UploadError):
    def __init__(self, *, wanted: str) -> None:
        super().__init__(f"a body has to have the Content-Type {wanted} here")
        self.wanted = wanted


class OtherDigest(UploadError):
    """A file is told to have another digest than was told, or known, before.  told: in hexadecimal."""

    def __init__(self, *, algorithm: str, told: str) -> None:
        super().__init__(f"the file was to have another {algorithm}")
        self.algorithm = algorithm
        self.told = told


class BodyMismatch(UploadError):
    """The body that arrived has another checksum than its header says; nothing of it is kept."""

    def __init__(self, *, algorithm: str) -> None:
        super().__init__(f"the body that arrived does not have the {algorithm} that was sent")
        self.algorithm = algorithm


class WrongMethod(UploadError):
    def __init__(self, *, method: str, allowed: Sequence[str]) -> None:
        super().__init__(f"{method[:20]!r} is nothing that can be done here")
        self._allowed = ", ".join(allowed)

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": self._allowed}
