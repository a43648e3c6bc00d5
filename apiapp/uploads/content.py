"""What a finished file is answered with: conditions (RFC 9110, section 13), ranges (section 14),
and headers that keep a browser from ever taking a stranger's file for a page of this server.
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import quote

from django.utils.http import http_date, parse_etags, parse_http_date_safe

from apiapp.http.errors import PreconditionFailed
from apiapp.keys.callers import Caller
from apiapp.uploads import services
from apiapp.uploads.content_ranges import UNIT, ByteRange, ranges_in
from apiapp.uploads.errors import StoredFileMissing
from apiapp.uploads.models import Upload
from apiapp.uploads.storage import FileStore

BLOCK_BYTES = 256 * 2**10
ANY = "*"
OCTETS = "application/octet-stream"
# Whatever it is, it is saved and not shown; and if it were shown, it could do nothing.
GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# RFC 8187, section 3.2.1: what needs no escape, besides letters and digits.
ATTR_CHARS = "!#$&+-.^_`|~"
UNQUOTED = set('"\\%/')  # browsers differ in how they read these in a quoted name


@dataclass(frozen=True, slots=True)
class Plan:
    """An answer to be sent.

    segments: of its body, in order: bytes as they are, and ranges of the file.
    """

    status: int
    headers: dict[str, str]
    segments: list[bytes | ByteRange] = field(default_factory=list)


class Content:
    """A planned answer with its file open.  Blocking; to be used in one thread at a time."""

    def __init__(self, plan: Plan, file: BinaryIO) -> None:
        self.plan = plan
        self._file = file
        self._left = list(reversed(plan.segments))

    def read(self) -> bytes:
        """The next bytes of the body, BLOCK_BYTES at most; none at its end.

        Raises StoredFileMissing: the file is shorter than it was; StoreUnavailable.
        """
        if not self._left:
            return b""
        segment = self._left.pop()
        if isinstance(segment, bytes):
            return segment
        self._file.seek(segment.offset)
        block = self._file.read(min(BLOCK_BYTES, segment.length))
        if not block:
            raise StoredFileMissing
        if len(block) < segment.length:
            rest = ByteRange(segment.offset + len(block), segment.length - len(block))
            self._left.append(rest)
        return block

    def __iter__(self) -> "Content":
        return self

    def __next__(self) -> bytes:
        if block := self.read():
            return block
        raise StopIteration

    def close(self) -> None:
        self._file.close()


def open_answer(
    *, caller: Caller, file_id: str, method: str, asked: Mapping[str, str], store: FileStore
) -> Content:
    """The answer to GET or HEAD; `asked`: the headers of the request, in lower case.

    Raises UnknownUpload, UploadNotFinished, StoredFileMissing, StoreUnavailable,
    PreconditionFailed, RangeNotSatisfiable.
    """
    upload = services.finished_upload(caller, file_id)
    plan = planned(upload, method=method, asked=asked)
    return Content(plan, services.open_content(upload, store))


def planned(upload: Upload, *, method: str, asked: Mapping[str, str]) -> Plan:
    """Raises PreconditionFailed, RangeNotSatisfiable."""
    size = upload.size or 0
    headers = {**GUARDS, **described(upload)}
    etag, modified_at = headers["ETag"], headers.get("Last-Modified", "")
    require_match(asked, etag=etag, modified_at=modified_at)
    if is_unchanged(asked, etag=etag, modified_at=modified_at):
        return Plan(304, headers)
    headers |= {
        "Accept-Ranges": UNIT,
        "Content-Disposition": disposition(upload.filename),
        "Content-Type": OCTETS,
    }
    ranges = []
    if method == "GET" and is_range_meant(asked, etag=etag, modified_at=modified_at):
        ranges = ranges_in(asked.get("range", ""), size=size)
    plan = whole(size, headers)
    if len(ranges) == 1:
        plan = one_part(ranges[0], size, headers)
    if len(ranges) > 1:
        plan = several_parts(ranges, size, headers)
    return plan if method == "GET" else Plan(plan.status, plan.headers)


# --- what is said of the file ---------------------------------------------------------------------


def described(upload: Upload) -> dict[str, str]:
    """What is said of the file in every answer.  What an id means never changes."""
    headers = {
        "ETag": f'"{upload.sha256 or upload.file_id}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Cookie",
    }
    if upload.finished_at:
        headers["Last-Modified"] = http_date(upload.finished_at.timestamp())
    if upload.sha256:  # RFC 9530, section 3
        digest = base64.b64encode(bytes.fromhex(upload.sha256)).decode()
        headers["Repr-Digest"] = f"sha-256=:{digest}:"
    return headers


def disposition(filename: str) -> str:
    """Content-Disposition (RFC 6266): save it under this name, whatever is in the name."""
    name = services.clean_filename(filename)
    plain = "".join("_" if char in UNQUOTED or not char.isascii() else char for char in name)
    value = f'attachment; filename="{plain}"'
    if plain == name:
        return value
    return f"{value}; filename*=UTF-8''{quote(name, safe=ATTR_CHARS, errors='replace')}"


# --- conditions -----------------------------------------------------------------------------------


def require_match(asked: Mapping[str, str], *, etag: str, modified_at: str) -> None:
    """If-Match, by the strong comparison, else If-Unmodified-Since.  Raises PreconditionFailed."""
    if "if-match" in asked:
        wanted = parse_etags(asked["if-match"])
        if ANY not in wanted and etag not in wanted:
            raise PreconditionFailed(etag=etag)
        return
    since, at = date_in(asked, "if-unmodified-since"), parse_http_date_safe(modified_at)
    if since is not None and at is not None and at > since:
        raise PreconditionFailed(etag=etag)


def is_unchanged(asked: Mapping[str, str], *, etag: str, modified_at: str) -> bool:
    """By If-None-Match, in the weak comparison, else by If-Modified-Since."""
    if "if-none-match" in asked:
        known = parse_etags(asked["if-none-match"])
        return ANY in known or etag in (tag.removeprefix("W/") for tag in known)
    since, at = date_in(asked, "if-modified-since"), parse_http_date_safe(modified_at)
    return since is not None and at is not None and at <= since


def is_range_meant(asked: Mapping[str, str], *, etag: str, modified_at: str) -> bool:
    """If-Range (section 13.1.5): a part is wanted only of the very same file."""
    if "if-range" not in asked:
        return True
    return asked["if-range"].strip() in (etag, modified_at)


def date_in(asked: Mapping[str, str], name: str) -> int | None:
    """Seconds since 1970; None: there is none, or what is there is no date."""
    return parse_http_date_safe(asked.get(name, ""))


# --- bodies ---------------------------------------------------------------------------------------


def whole(size: int, headers: dict[str, str]) -> Plan:
    segments: list[bytes | ByteRange] = [ByteRange(0, size)] if size else []
    return Plan(200, headers | {"Content-Length": str(size)}, segments)


def one_part(part: ByteRange, size: int, headers: dict[str, str]) -> Plan:
    told = {"Content-Length": str(part.length), "Content-Range": part.content_range(size=size)}
    return Plan(206, headers | told, [part])


def several_parts(parts: list[ByteRange], size: int, headers: dict[str, str]) -> Plan:
    """As multipart/byteranges (section 14.6)."""
    boundary = secrets.token_hex(16)
    segments: list[bytes | ByteRange] = []
    for part in parts:
        head = f"Content-Type: {OCTETS}\r\nContent-Range: {part.content_range(size=size)}"
        segments += [f"\r\n--{boundary}\r\n{head}\r\n\r\n".encode(), part]
    segments.append(f"\r\n--{boundary}--\r\n".encode())
    length = sum(len(each) if isinstance(each, bytes) else each.length for each in segments)
    told = {
        "Content-Length": str(length),
        "Content-Type": f"multipart/byteranges; boundary={boundary}",
    }
    return Plan(206, headers | told, segments)
