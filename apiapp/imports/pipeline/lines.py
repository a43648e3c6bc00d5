"""The lines of a text file in any encoding, in pieces of bounded size.

A byte that is no text does not stop the reading: it comes as a lone surrogate (PEP 383), which no
valid text has, and the check refuses the row it is in.
"""

import codecs
import io
import re
from collections.abc import Iterator
from typing import Protocol

from apiapp.imports.errors import RecordTooLong

BLOCK_BYTES = 1 << 20
LINE_LIMIT_BYTES = 16 << 20
BOM = codecs.BOM_UTF8
WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")  # a line end is more than one byte
MARK = "\ufeff"
drop_marks = re.compile(rf"(?:(?<=[\r\n])|\A){MARK}+").sub
KEEP = "sluice.keep_bytes"


def keep_bytes(error: UnicodeError) -> tuple[str, int]:
    """The bytes that are no text as lone surrogates; U+FFFD for one that would be ASCII."""
    assert isinstance(error, UnicodeDecodeError)
    bad = error.object[error.start : error.end]
    kept = (chr(0xDC00 + byte) if byte >= 0x80 else "\N{REPLACEMENT CHARACTER}" for byte in bad)
    return "".join(kept), error.end


codecs.register_error(KEEP, keep_bytes)


class Bytes(Protocol):
    """An open binary file, as far as it is needed here."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""

    def tell(self) -> int: ...


class TextBlocks:
    """Pieces of whole lines of an open binary file; the last may lack its line end."""

    def __init__(self, file: Bytes, encoding: str) -> None:
        self.bytes_read = 0
        self._file = file
        self._encoding = encoding

    def __iter__(self) -> Iterator[str]:
        """Raises RecordTooLong, without a row's number."""
        return self._wide() if self._encoding in WIDE else self._narrow()

    def _narrow(self) -> Iterator[str]:
        rest = b""
        while block := self._file.read(BLOCK_BYTES):
            self.bytes_read = self._file.tell()
            whole, rest = cut_at_line_end(rest + block)
            if len(rest) > LINE_LIMIT_BYTES:
                raise RecordTooLong(row_number=0, limit_bytes=LINE_LIMIT_BYTES)
            if whole:
                yield decoded(whole, self._encoding)
        if rest:
            yield decoded(rest, self._encoding)

    def _wide(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder(self._encoding)(KEEP)
        rest = ""
        while block := self._file.read(BLOCK_BYTES):
            self.bytes_read = self._file.tell()
            text = without_marks(rest + decoder.decode(block))
            whole, rest = cut_text(text)
            if len(rest) > LINE_LIMIT_BYTES:
                raise RecordTooLong(row_number=0, limit_bytes=LINE_LIMIT_BYTES)
            if whole:
                yield whole
        if rest := rest + decoder.decode(b"", final=True):
            yield rest


def decoded(data: bytes, encoding: str) -> str:
    text = data.decode(encoding, "surrogateescape" if encoding == "utf-8" else KEEP)
    return without_marks(text)


def without_marks(text: str) -> str:
    """The text without marks of byte order at the start of lines, where files were joined."""
    return drop_marks("", text) if MARK in text else text


def cut_at_line_end(data: bytes) -> tuple[bytes, bytes]:
    """`data` up to its last line end, and the rest.

    A CR at the very end is no line end yet: LF may follow.
    """
    end = data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, len(data) - 1) + 1
    return data[:end], data[end:]


def cut_text(text: str) -> tuple[str, str]:
    """As cut_at_line_end."""
    end = text.rfind("\n") + 1 or text.rfind("\r", 0, len(text) - 1) + 1
    return text[:end], text[end:]


def lines_of(text: str, line_end: str = "") -> list[str]:
    r"""The lines of `text`, their ends kept; a lone CR ends none where `line_end` is "\n"."""
    return io.StringIO(text, newline=line_end).readlines()


def without_end(line: str) -> str:
    return line.rstrip("\r\n") if line.endswith(("\n", "\r")) else line
