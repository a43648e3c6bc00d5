"""Checksums: of bytes that pass, and as clients write them."""

import base64
import hashlib
import re
import zlib
from collections.abc import Callable, Iterable
from typing import Protocol

from apiapp.uploads.errors import BadChecksum, ChecksumMismatch

MD5_HEX = re.compile(r"[0-9a-fA-F]{32}")
SHA256_HEX = re.compile(r"[0-9a-fA-F]{64}")
MD5_BYTES = 16


class FileDigests:
    """MD5 and SHA-256 of a whole file, in one pass."""

    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()

    def update(self, data: bytes | memoryview) -> None:
        self._md5.update(data)
        self._sha256.update(data)

    @property
    def md5(self) -> str:
        return self._md5.hexdigest()

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()


class Digesting(Protocol):
    """As of hashlib."""

    def update(self, data: bytes | memoryview, /) -> None: ...

    def digest(self) -> bytes: ...


class Crc32:
    """The checksum of zip and PNG, as 4 bytes, the highest first."""

    def __init__(self) -> None:
        self._sum = 0

    def update(self, data: bytes | memoryview, /) -> None:
        self._sum = zlib.crc32(data, self._sum)

    def digest(self) -> bytes:
        return self._sum.to_bytes(4, "big")


# In the order in which they are recommended to clients; they find accidents, not attacks.
BODY_DIGESTS: dict[str, Callable[[], Digesting]] = {
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "crc32": Crc32,
}


class BodyDigest:
    """What the body of one request has to have.

    computed: what computes it; None: `algorithm` is one of BODY_DIGESTS.
    """

    def __init__(self, algorithm: str, expected: bytes, computed: Digesting | None = None) -> None:
        self.algorithm = algorithm
        self.expected = expected
        self._digest = computed or BODY_DIGESTS[algorithm]()
        self.update = self._digest.update

    def matches(self) -> bool:
        """Whether all that `update` got is what was to come."""
        return self._digest.digest() == self.expected


def md5_of(blocks: Iterable[bytes]) -> str:
    md5 = hashlib.md5(usedforsecurity=False)
    for block in blocks:
        md5.update(block)
    return md5.hexdigest()


def require_match(*, expected: str, got: str) -> None:
    """Raises ChecksumMismatch.  An empty `expected` asks for nothing."""
    if expected and expected != got:
        raise ChecksumMismatch(expected=expected, got=got)


def md5_from_hex(text: str) -> str:
    """An MD5 as a client wrote it, in lower case.  Raises BadChecksum."""
    if not MD5_HEX.fullmatch(text):
        raise BadChecksum(text=text, wanted="an MD5 in hexadecimal, 32 digits")
    return text.lower()


def sha256_from_hex(text: str) -> str:
    """Raises BadChecksum."""
    if not SHA256_HEX.fullmatch(text):
        raise BadChecksum(text=text, wanted="a SHA-256 in hexadecimal, 64 digits")
    return text.lower()


def md5_from_base64(text: str) -> str:
    """The hexadecimal form of a Content-MD5 header (RFC 1864).  Raises BadChecksum."""
    wanted = "a Content-MD5: base64 of 16 bytes"
    try:
        digest = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise BadChecksum(text=text, wanted=wanted) from error
    if len(digest) != MD5_BYTES:
        raise BadChecksum(text=text, wanted=wanted)
    return digest.hex()
