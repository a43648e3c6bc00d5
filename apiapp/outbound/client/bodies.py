"""What is sent: nothing, bytes, JSON, a form, XML, or a form with files that are read as they go."""

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from apiapp.outbound.errors import BadCall

PIECE_BYTES = 2**16


class Body(Protocol):
    """A body that can be sent again."""

    @property
    def content_type(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...

    def pieces(self) -> Iterator[bytes]:
        """All of it from the beginning.  Raises BadCall if it is not to be had any more."""


@dataclass(frozen=True, slots=True)
class Bytes:
    content: bytes = b""
    content_type: str = ""

    @property
    def size_bytes(self) -> int:
        return len(self.content)

    def pieces(self) -> Iterator[bytes]:
        if self.content:
            yield self.content


NOTHING = Bytes()


def json_body(value: Any) -> Bytes:
    """Raises BadCall."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return Bytes(text.encode(), "application/json")
    except ValueError as error:  # also of surrogates
        raise BadCall(f"this cannot be JSON: {error}") from error


def form_body(fields: Mapping[str, str | Sequence[str]]) -> Bytes:
    """Raises BadCall."""
    try:
        content = urlencode(fields, doseq=True).encode()
    except UnicodeEncodeError as error:
        raise BadCall("this cannot be a form: it is no Unicode") from error
    return Bytes(content, "application/x-www-form-urlencoded")


def xml_body(text: str) -> Bytes:
    """Raises BadCall."""
    return text_body(text, "application/xml")


def text_body(text: str, content_type: str = "text/plain") -> Bytes:
    """Raises BadCall."""
    try:
        return Bytes(text.encode(), f"{content_type}; charset=utf-8")
    except UnicodeEncodeError as error:
        raise BadCall("this cannot be sent: it is no Unicode") from error


@dataclass(frozen=True, slots=True)
class File:
    """A file of a form, read from its path piece by piece.  size_bytes: as it was announced."""

    field: str
    path: Path
    filename: str
    content_type: str = "application/octet-stream"
    size_bytes: int = 0

    @classmethod
    def of(cls, field: str, path: Path) -> "File":
        """Raises OSError."""
        return cls(field, path, path.name, size_bytes=os.stat(path).st_size)  # noqa: PTH116


@dataclass(frozen=True, slots=True)
class MultipartForm:
    """A form with files (RFC 7578); no more of a file is in memory than one piece."""

    fields: Mapping[str, str]
    files: Sequence[File]
    boundary: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self.boundary}"

    @property
    def size_bytes(self) -> int:
        heads = sum(len(self._field(name, value)) for name, value in self.fields.items())
        files = sum(len(self._head(file)) + file.size_bytes + 2 for file in self.files)
        return heads + files + len(self._end())

    def pieces(self) -> Iterator[bytes]:
        for name, value in self.fields.items():
            yield self._field(name, value)
        for file in self.files:
            yield self._head(file)
            yield from content_of(file)
            yield b"\r\n"
        yield self._end()

    def _field(self, name: str, value: str) -> bytes:
        head = f'--{self.boundary}\r\nContent-Disposition: form-data; name="{quoted(name)}"'
        return f"{head}\r\n\r\n{value}\r\n".encode()

    def _head(self, file: File) -> bytes:
        names = f'name="{quoted(file.field)}"; filename="{quoted(file.filename)}"'
        head = f"--{self.boundary}\r\nContent-Disposition: form-data; {names}"
        return f"{head}\r\nContent-Type: {file.content_type}\r\n\r\n".encode()

    def _end(self) -> bytes:
        return f"--{self.boundary}--\r\n".encode()


def content_of(file: File) -> Iterator[bytes]:
    """Exactly as many bytes as were announced.  Raises BadCall."""
    left = file.size_bytes
    try:
        with file.path.open("rb") as opened:
            while left and (piece := opened.read(min(PIECE_BYTES, left))):
                left -= len(piece)
                yield piece
    except OSError as error:
        raise BadCall(f"{file.filename} cannot be read: {error.strerror}") from error
    if left:
        raise BadCall(f"{file.filename} has become shorter")


def quoted(name: str) -> str:
    """As HTML has it ("multipart/form-data encoding algorithm")."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
