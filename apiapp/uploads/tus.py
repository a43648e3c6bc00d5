"""The headers of tus 1.0.0, read to the letter.  https://tus.io/protocols/resumable-upload"""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from apiapp.uploads.digests import BODY_DIGESTS, BodyDigest, md5_from_hex, sha256_from_hex
from apiapp.uploads.errors import BadHeader, WrongBodyType, WrongTusVersion

VERSION = "1.0.0"
EXTENSIONS = (
    "creation",
    "creation-with-upload",
    "creation-defer-length",
    "expiration",
    "checksum",
    "termination",
    "concatenation",
)
BODY_TYPE = "application/offset+octet-stream"
NUMBER = re.compile(r"[0-9]{1,19}")
MAX_NUMBER = 2**63 - 1  # of the database's columns
FILENAME_KEYS = ("filename", "name")
FINAL = "final;"
PARTIAL = "partial"
UPLOAD_URL = re.compile(r"/api/tus/([^/]+)/?\Z")


@dataclass(frozen=True, slots=True)
class Concat:
    """An Upload-Concat header.  part_ids: of a final upload."""

    text: str = ""
    part_ids: tuple[str, ...] = ()

    @property
    def is_partial(self) -> bool:
        return self.text == PARTIAL

    @property
    def is_final(self) -> bool:
        return bool(self.part_ids)


def require_version(got: str) -> None:
    """Raises WrongTusVersion.  `got`: Tus-Resumable, empty if it is missing."""
    if got != VERSION:
        raise WrongTusVersion(got=got)


def require_body_type(content_type: str) -> None:
    """Raises WrongBodyType."""
    if not is_body_type(content_type):
        raise WrongBodyType(wanted=BODY_TYPE)


def is_body_type(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == BODY_TYPE


def parse_number(name: str, text: str) -> int:
    """The number of bytes in the header `name`: digits, nothing else.  Raises BadHeader."""
    if not NUMBER.fullmatch(text) or int(text) > MAX_NUMBER:
        raise BadHeader(f"{name} is a number of bytes, not {text[:40]!r}")
    return int(text)


def parse_length(length: str, defer_length: str) -> int | None:
    """How long a new upload is; None: that will be told later.

    Raises BadHeader unless exactly one of Upload-Length and Upload-Defer-Length is there.
    """
    if bool(length) == bool(defer_length):
        raise BadHeader("either Upload-Length or Upload-Defer-Length has to be sent")
    if length:
        return parse_number("Upload-Length", length)
    if defer_length != "1":
        raise BadHeader(f"Upload-Defer-Length can only be 1, not {defer_length[:40]!r}")
    return None


def parse_metadata(header: str) -> dict[str, str]:
    """Decode an Upload-Metadata header: pairs of key and base64 value, separated by commas.

    A key alone has the empty value.  Raises BadHeader for a missing or repeated key and for a
    value that is not base64 of UTF-8.
    """
    metadata: dict[str, str] = {}
    if not header:
        return metadata
    for pair in header.split(","):
        key, _, value = pair.strip(" ").partition(" ")
        if not key or key in metadata or not key.isascii():
            raise BadHeader(f"Upload-Metadata: missing or repeated key in {pair[:100]!r}")
        metadata[key] = decode_value(value)
    return metadata


def decode_value(value: str) -> str:
    """Decode one base64 value.  Raises BadHeader."""
    try:
        return b64decode(value, validate=True).decode()
    except ValueError as error:  # binascii.Error and UnicodeDecodeError are both ValueErrors
        raise BadHeader(f"Upload-Metadata: {value[:100]!r} is not base64 of UTF-8") from error


def filename_in(metadata: Mapping[str, str]) -> str:
    return next((metadata[key] for key in FILENAME_KEYS if metadata.get(key)), "")


def digests_in(metadata: Mapping[str, str]) -> tuple[str, str]:
    """MD5 and SHA-256 of the whole file, in hexadecimal, where told.  Raises BadChecksum."""
    md5, sha256 = metadata.get("md5", ""), metadata.get("sha256", "")
    return md5 and md5_from_hex(md5), sha256 and sha256_from_hex(sha256)


def parse_checksum(header: str) -> BodyDigest | None:
    """An Upload-Checksum header: an algorithm and base64.  Raises BadHeader."""
    if not header:
        return None
    algorithm, _, value = header.partition(" ")
    if algorithm not in BODY_DIGESTS:
        known = ", ".join(BODY_DIGESTS)
        raise BadHeader(f"Upload-Checksum: {algorithm[:40]!r} is none of {known}")
    try:
        return BodyDigest(algorithm, b64decode(value, validate=True))
    except ValueError as error:
        raise BadHeader(f"Upload-Checksum: {value[:100]!r} is not base64") from error


def parse_concat(header: str) -> Concat:
    """An Upload-Concat header: `partial`, or `final;` and the URLs of the parts.

    URLs may be without scheme and host.  Raises BadHeader.
    """
    if header in ("", PARTIAL):
        return Concat(header)
    if not header.startswith(FINAL):
        raise BadHeader(f"Upload-Concat is partial or final;..., not {header[:40]!r}")
    part_ids = tuple(part_id(url) for url in header.removeprefix(FINAL).split())
    if not part_ids:
        raise BadHeader("Upload-Concat names no parts")
    return Concat(header, part_ids)


def part_id(url: str) -> str:
    """Raises BadHeader."""
    try:
        found = UPLOAD_URL.search(unquote(urlsplit(url).path))
    except ValueError:
        found = None
    if not found:
        raise BadHeader(f"Upload-Concat: {url[:100]!r} is not the URL of an upload here")
    return found[1]
