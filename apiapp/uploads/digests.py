"""Checksums: of bytes that pass, and as clients write them."""

import base64
import hashlib
import re
from collections.abc import Iterable

from apiapp.uploads.errors import BadChecksum, ChecksumMismatch

MD5_HEX = re.compile(r"[0-9a-fA-F]{32}")
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
