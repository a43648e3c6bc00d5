"""Every protocol by which files arrive, as a client speaks it that is cut off again and again.

A way sends one file and checks all that it is told on the way.
"""

import base64
import hashlib
import http.client
import json
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

PATIENCE_S = 120.0
BOUNDARY = "XX"
CHUNK_BYTES = 512 * 1024
PARTS = 3


class Lost(Exception):
    """Something that was acknowledged is not there any more."""


@dataclass
class Told:
    """An answer; status 0: there was none."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def path(self) -> str:
        """Where its Location leads."""
        return "/" + self.headers["location"].split("/", 3)[3]


class Line:
    """One client's requests to a server that is killed meanwhile."""

    def __init__(
        self,
        port: int,
        key: str,
        seed: int,
        *,
        on_answer: Callable[[], None],
        on_cut: Callable[[], None],
    ) -> None:
        self._port = port
        self._key = {"Authorization": f"Bearer {key}"}
        self._on_answer = on_answer
        self._on_cut = on_cut
        self._answered_at = time.monotonic()
        self.random = random.Random(seed)

    def ask(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Told:
        """Raises AssertionError: there has been no answer to any request for long."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            connection.request(method, path, body, {**self._key, **headers})
            answer = connection.getresponse()
            told = Told(answer.status, dict(answer.getheaders()), answer.read())
            self._on_answer()
        except (OSError, http.client.HTTPException):
            self._on_cut()
            told = Told(0)
        finally:
            connection.close()
        if 0 < told.status < 500:
            self._answered_at = time.monotonic()
        silent_s = time.monotonic() - self._answered_at
        assert silent_s < PATIENCE_S, "the server does not come back"
        return told

    def until_answered(
        self, method: str, path: str, headers: dict[str, str], body: bytes = b""
    ) -> Told:
        while not 0 < (told := self.ask(method, path, headers, body)).status < 500:
            time.sleep(0.01)
        return told


class Way(Protocol):
    """One protocol."""

    def send(self, line: Line, content: bytes) -> str:
        """Send a file; return its id once it was all acknowledged.  Raises Lost."""


class Tus:
    version = {"Tus-Resumable": "1.0.0"}

    def send(self, line: Line, content: bytes) -> str:
        path = self._begin(line, content, self.version)
        self._send_to(line, path, content)
        return id_in(path)

    def _begin(self, line: Line, content: bytes, headers: dict[str, str]) -> str:
        length = {**headers, "Upload-Length": str(len(content))}
        return line.until_answered("POST", "/api/tus/", length).path

    def _send_to(self, line: Line, path: str, content: bytes) -> None:
        offset = 0
        while offset < len(content):
            piece = some_of(content[offset:], line)
            told = line.ask("PATCH", path, self._headers(offset, piece, line), piece)
            if told.status != 204:
                told = line.until_answered("HEAD", path, self.version)
            offset = offset_told(told, least=offset)

    def _headers(self, offset: int, piece: bytes, line: Line) -> dict[str, str]:
        headers = {
            **self.version,
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
        }
        if line.random.random() < 0.3:
            sha1 = base64.b64encode(hashlib.sha1(piece).digest()).decode()
            headers["Upload-Checksum"] = f"sha1 {sha1}"
        return headers


class TusParts(Tus):
    """Parallel uploads of tus: parts of one length, which become one file (Concatenation)."""

    def send(self, line: Line, content: bytes) -> str:
        size = -(-len(content) // PARTS)
        pieces = [content[at : at + size] for at in range(0, len(content), size)]
        while True:
            partial = {**self.version, "Upload-Concat": "partial"}
            paths = [self._begin(line, piece, partial) for piece in pieces]
            line.random.shuffle(order := list(range(len(pieces))))
            for at in order:
                self._send_to(line, paths[at], pieces[at])
            final = {**self.version, "Upload-Concat": f"final;{' '.join(paths)}"}
            if (told := line.ask("POST", "/api/tus/", final)).status == 201:
                return id_in(told.path)
            # Whether the parts have become a file nobody told the client, so it begins again.


class Resumable:
    """draft-ietf-httpbis-resumable-upload."""

    version = {"Upload-Draft-Interop-Version": "8"}

    def send(self, line: Line, content: bytes) -> str:
        begun = {**self.version, "Upload-Complete": "?0", "Upload-Length": str(len(content))}
        path = line.until_answered("POST", "/api/resumable/", begun).path
        offset, is_complete = 0, False
        while not is_complete:  # all bytes may be there before the end of them is
            piece = some_of(content[offset:], line)
            is_last = offset + len(piece) == len(content)
            told = line.ask("PATCH", path, self._headers(offset, piece, is_last, line), piece)
            if told.status not in (200, 202, 204):
                told = line.until_answered("HEAD", path, self.version)
            if is_complete := told.headers.get("upload-complete") == "?1":
                offset_told(told, least=len(content))
            offset = offset_told(told, least=offset)
        return id_in(path)

    def _headers(self, offset: int, piece: bytes, is_last: bool, line: Line) -> dict[str, str]:
        headers = {
            **self.version,
            "Content-Type": "application/partial-upload",
            "Upload-Offset": str(offset),
            "Upload-Complete": "?1" if is_last else "?0",
        }
        if line.random.random() < 0.3:
            sha256 = base64.b64encode(hashlib.sha256(piece).digest()).decode()
            headers["Content-Digest"] = f"sha-256=:{sha256}:"
        return headers


class Chunks:
    """The chunk API, in any order."""

    def send(self, line: Line, content: bytes) -> str:
        announced = {"filename": "a.bin", "size": len(content), "chunk_size": CHUNK_BYTES}
        told = line.until_answered("POST", "/api/uploads/", JSON, json.dumps(announced).encode())
        path = f"/api/uploads/{told.json['file_id']}/"
        missing, acknowledged = set(range(told.json["total_chunks"])), set()
        while missing:
            index = line.random.choice(sorted(missing))
            got = line.ask("PUT", f"{path}chunks/{index}", {}, chunk_of(content, index))
            if got.status == 200:
                acknowledged.add(index)
                missing.discard(index)
                continue
            missing = self._missing(line.until_answered("GET", path, {}).json)
            if missing & acknowledged:
                raise Lost(f"{path}: {sorted(missing & acknowledged)} were acknowledged")
        got = line.until_answered("POST", f"{path}complete/", JSON, b"{}")
        if got.status not in (200, 202):
            raise Lost(f"{path}: all was acknowledged, but {got}")
        return str(told.json["file_id"])

    @staticmethod
    def _missing(upload: Any) -> set[int]:
        return {
            index for first, last in upload["missing_chunks"] for index in range(first, last + 1)
        }


class OneShot:
    """The form: all or nothing, so it is a small file."""

    def send(self, line: Line, content: bytes) -> str:
        body = form_of({}, content)
        return str(line.until_answered("POST", "/api/upload", FORM, body).json["file_id"])


class ResumableJs:
    """resumable.js: chunks are found again by what the client calls the file."""

    path = "/api/uploads/resumablejs/"

    def send(self, line: Line, content: bytes) -> str:
        total = max(len(content) // CHUNK_BYTES, 1)
        identifier = uuid.uuid4().hex
        left, told = list(range(total)), Told(0)
        line.random.shuffle(left)
        while left:
            index = left[-1]
            last = None if index == total - 1 else CHUNK_BYTES
            chunk = content[index * CHUNK_BYTES :][:last]
            fields = self._fields(identifier, content, chunk, index, total)
            told = line.ask("POST", self.path, FORM, form_of(fields, chunk))
            if told.status == 200:
                left.pop()
            elif 0 < told.status < 500:
                raise Lost(f"{identifier}: chunk {index} is refused: {told}")
        for index in range(total):
            fields = self._fields(identifier, content, chunk, index, total)
            got = line.until_answered("GET", f"{self.path}?{urlencode(fields)}", {})
            if got.status != 200:
                raise Lost(f"{identifier}: chunk {index} was acknowledged, but {got}")
        return str(told.json["file_id"])

    @staticmethod
    def _fields(
        identifier: str, content: bytes, chunk: bytes, index: int, total: int
    ) -> dict[str, str]:
        return {
            "resumableChunkNumber": str(index + 1),
            "resumableChunkSize": str(CHUNK_BYTES),
            "resumableTotalSize": str(len(content)),
            "resumableTotalChunks": str(total),
            "resumableIdentifier": identifier,
            "resumableFilename": "a.bin",
        }


JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
WAYS: dict[str, Way] = {
    "tus": Tus(),
    "parts of tus": TusParts(),
    "resumable": Resumable(),
    "chunks": Chunks(),
    "form": OneShot(),
    "resumablejs": ResumableJs(),
}


def some_of(rest: bytes, line: Line) -> bytes:
    return rest[: line.random.choice([10_000, 2**20, 3 * 2**20, len(rest)])]


def offset_told(told: Told, *, least: int) -> int:
    """Raises Lost."""
    offset = int(told.headers.get("upload-offset", -1))
    if offset < least:
        raise Lost(f"{least} was told, now {told}")
    return offset


def id_in(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def chunk_of(content: bytes, index: int) -> bytes:
    return content[index * CHUNK_BYTES :][:CHUNK_BYTES]


def form_of(fields: dict[str, str], content: bytes) -> bytes:
    body = b""
    for name, value in fields.items():
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        body += f"{value}\r\n".encode()
    opening = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    )
    return body + opening.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
