"""What is sent: nothing, bytes, JSON, a form, XML, or files that are read as they go."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self
from urllib.parse import urlencode

from apiapp.outbound.errors import BadCall

PIECE_BYTES = 2**16
OCTETS = "application/octet-stream"


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
    return Bytes(encoded(text), f"{content_type}; charset=utf-8")


@dataclass(frozen=True, slots=True)
class File:
    """A file, by itself a body; opened anew each time it is sent, and read piece by piece.

    size_bytes: as it is announced.  read: its pieces from the beginning; raises BadCall.
    """

    filename: str
    size_bytes: int
    read: Callable[[], Iterator[bytes]]
    content_type: str = OCTETS

    @classmethod
    def at(cls, path: Path) -> Self:
        """Raises OSError."""
        return cls(path.name, path.stat().st_size, partial(read_path, path))

    def pieces(self) -> Iterator[bytes]:
        """Exactly as many bytes as were announced.  Raises BadCall."""
        left = self.size_bytes
        for piece in self.read():
            announced = piece[:left]
            left -= len(announced)
            yield announced
            if not left:
                return
        if left:
            raise BadCall(f"{self.filename} has become shorter")


def read_path(path: Path) -> Iterator[bytes]:
    """Raises BadCall."""
    try:
        with path.open("rb") as opened:
            yield from pieces_of(opened)
    except OSError as error:
        raise BadCall(f"{path.name} cannot be read: {error.strerror}") from error


def pieces_of(opened: BinaryIO) -> Iterator[bytes]:
    while piece := opened.read(PIECE_BYTES):
        yield piece


@dataclass(frozen=True, slots=True)
class MultipartForm:
    """A form with files (RFC 7578); no more of a file is in memory than one piece.

    files: (name of the field, file).
    """

    fields: Mapping[str, str]
    files: Sequence[tuple[str, File]]
    boundary: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self.boundary}"

    @property
    def size_bytes(self) -> int:
        """Raises BadCall."""
        heads = sum(len(self._field(name, value)) for name, value in self.fields.items())
        files = sum(len(self._head(*each)) + each[1].size_bytes + 2 for each in self.files)
        return heads + files + len(self._end())

    def pieces(self) -> Iterator[bytes]:
        for name, value in self.fields.items():
            yield self._field(name, value)
        for name, file in self.files:
            yield self._head(name, file)
            yield from file.pieces()
            yield b"\r\n"
        yield self._end()

    def _field(self, name: str, value: str) -> bytes:
        head = f'--{self.boundary}\r\nContent-Disposition: form-data; name="{quoted(name)}"'
        return encoded(f"{head}\r\n\r\n{value}\r\n")

    def _head(self, name: str, file: File) -> bytes:
        names = f'name="{quoted(name)}"; filename="{quoted(file.filename)}"'
        head = f"--{self.boundary}\r\nContent-Disposition: form-data; {names}"
        return encoded(f"{head}\r\nContent-Type: {file.content_type}\r\n\r\n")

    def _end(self) -> bytes:
        return f"--{self.boundary}--\r\n".encode()


def encoded(text: str) -> bytes:
    """Raises BadCall."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadCall("this cannot be sent: it is no Unicode") from error


def quoted(name: str) -> str:
    """As HTML has it ("multipart/form-data encoding algorithm")."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
