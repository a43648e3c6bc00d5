"""The header fields of resumable uploads (draft-ietf-httpbis-resumable-upload-12).

A field whose value is not of its type counts as not sent (sections 4.1.1 to 4.1.3).
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from apiapp.uploads import structured
from apiapp.uploads.digests import BodyDigest, Digesting
from apiapp.uploads.errors import BadHeader, WrongBodyType
from apiapp.uploads.resumable_errors import (
    InconsistentUploadLength,
    InvalidDigest,
    UnsupportedDigests,
)

INTEROP_VERSION = 8
BODY_TYPE = "application/partial-upload"
SUPPORTED = (104, "Upload Resumption Supported")
# RFC 9530, of whole files: those that are computed of every file, the most trusted first.
FILE_DIGESTS: dict[str, int] = {"sha-256": 32, "md5": 16}
# The same, of one body.
BODY_DIGESTS: dict[str, Callable[[], Digesting]] = {
    "sha-512": hashlib.sha512,
    "sha-256": hashlib.sha256,
    "md5": lambda: hashlib.md5(usedforsecurity=False),
}
WANTED_OF_FILES = structured.of_dictionary({"sha-256": 10, "md5": 1})
WANTED_OF_BODIES = structured.of_dictionary({"sha-512": 10, "sha-256": 9, "md5": 1})


@dataclass(frozen=True, slots=True)
class Body:
    """What a request that brings bytes says of them.

    ends: whether the file ends with them.  offset_bytes: where they begin.  size_bytes: None: it
    is not known.  length_bytes: of the whole file, if it follows from the request.
    """

    ends: bool
    offset_bytes: int
    size_bytes: int | None
    length_bytes: int | None


def understands_interim(version: str) -> bool:
    """Whether a client with this Upload-Draft-Interop-Version may be sent 104 (appendix B)."""
    return structured.number(version) == INTEROP_VERSION


def require_body_type(content_type: str) -> None:
    """Raises WrongBodyType."""
    if content_type.partition(";")[0].strip().lower() != BODY_TYPE:
        raise WrongBodyType(wanted=BODY_TYPE)


def parse_first_body(*, complete: str, length: str, size_bytes: int | None) -> Body:
    """The body of a creation.  Raises BadHeader, InconsistentUploadLength."""
    return body_of(complete=complete, offset_bytes=0, length=length, size_bytes=size_bytes)


def parse_body(*, complete: str, offset: str, length: str, size_bytes: int | None) -> Body:
    """The body of an append.  Raises BadHeader, InconsistentUploadLength."""
    offset_bytes = structured.number(offset)
    if offset_bytes is None:
        raise BadHeader("Upload-Offset has to say where these bytes begin, as a whole number")
    return body_of(
        complete=complete, offset_bytes=offset_bytes, length=length, size_bytes=size_bytes
    )


def body_of(*, complete: str, offset_bytes: int, length: str, size_bytes: int | None) -> Body:
    ends = structured.boolean(complete)
    if ends is None:
        raise BadHeader("Upload-Complete has to be ?1 where the file ends with this body, else ?0")
    told_bytes = structured.number(length)
    length_bytes = told_bytes
    if size_bytes is not None:
        end_bytes = offset_bytes + size_bytes
        if told_bytes is not None and (end_bytes > told_bytes or (ends and end_bytes < told_bytes)):
            raise InconsistentUploadLength
        length_bytes = end_bytes if ends else told_bytes
    return Body(ends, offset_bytes, size_bytes, length_bytes)


# --- digests ------------------------------------------------------------------------------------


def parse_digests(name: str, field: str) -> dict[str, bytes]:
    """Algorithm -> digest, of the field `name` (RFC 9530, sections 2 and 3).  Raises BadHeader."""
    digests = structured.dictionary(field)
    if digests is None or not all(isinstance(digest, bytes) for digest in digests.values()):
        raise BadHeader(f"{name} is a list of algorithms with :base64:, not {field[:100]!r}")
    return digests


def parse_file_digests(field: str) -> tuple[str, str]:
    """MD5 and SHA-256 of the whole file, in hexadecimal, where Repr-Digest has them.

    Raises BadHeader, UnsupportedDigests, InvalidDigest.
    """
    header = "Repr-Digest"
    given = parse_digests(header, field)
    known = [algorithm for algorithm in FILE_DIGESTS if algorithm in given]
    if given and not known:
        raise UnsupportedDigests(algorithms=list(given), header=header, wanted=WANTED_OF_FILES)
    for algorithm in known:
        require_size(header, algorithm, given[algorithm], FILE_DIGESTS[algorithm])
    return given.get("md5", b"").hex(), given.get("sha-256", b"").hex()


def parse_body_digest(field: str) -> BodyDigest | None:
    """The most trusted of the digests in Content-Digest; None: there is none.

    Raises BadHeader, UnsupportedDigests, InvalidDigest.
    """
    header = "Content-Digest"
    given = parse_digests(header, field)
    if not given:
        return None
    algorithm = next((known for known in BODY_DIGESTS if known in given), None)
    if algorithm is None:
        raise UnsupportedDigests(algorithms=list(given), header=header, wanted=WANTED_OF_BODIES)
    computed = BODY_DIGESTS[algorithm]()
    require_size(header, algorithm, given[algorithm], len(computed.digest()))
    return BodyDigest(algorithm, given[algorithm], computed)


def require_size(header: str, algorithm: str, digest: bytes, size_bytes: int) -> None:
    """Raises InvalidDigest."""
    if len(digest) != size_bytes:
        raise InvalidDigest(algorithm=algorithm, header=header, wanted_bytes=size_bytes)


def file_digest(*, md5: str, sha256: str, wanted: str) -> str:
    """A Repr-Digest of a file with these digests, in hexadecimal.

    wanted: a Want-Repr-Digest; what it likes best is told (RFC 9530, section 4), else the SHA-256.
    """
    likes = structured.dictionary(wanted) or {}
    digests = {"sha-256": sha256, "md5": md5}
    likely = {name: like for name in digests if type(like := likes.get(name)) is int and like > 0}
    best = max(likely, key=likely.__getitem__, default="sha-256")
    return structured.of_dictionary({best: bytes.fromhex(digests[best])})


# --- what is answered ---------------------------------------------------------------------------


def limits(*, file_bytes: int, age_s: float | None = None) -> str:
    """Upload-Limit.  age_s: how long the upload will be there if nothing comes; None: for good."""
    members = {"max-size": min(file_bytes, structured.MAX_INTEGER), "min-size": 0}
    if age_s is not None:
        members["max-age"] = max(0, min(int(age_s), structured.MAX_INTEGER))
    return structured.of_dictionary(members)


def metadata(facts: Mapping[str, str]) -> str:
    """What a client told of its file, as tus would have it told (Upload-Metadata)."""
    known = {key: value for key, value in facts.items() if value}
    return ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in known.items())
