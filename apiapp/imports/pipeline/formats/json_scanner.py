"""Values of a long JSON text, one after another, in bounded memory.

The text is read in pieces; a value that is asked for must fit into RECORD_LIMIT_CHARS, whatever
holds it may be of any size.  Numbers keep the form in which they are written.
"""

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from apiapp.imports.errors import BadJson, RecordTooLong, UnreadableFile

BLOCK_BYTES = 1 << 20
RECORD_LIMIT_CHARS = 16 << 20
LEVELS_LIMIT = 100
SHOWN_KEY_CHARS = 40
QUICK_FAILURES = 4
TOKEN_CHARS = 16  # more than the longest word of JSON, `-Infinity`, and than an escape
BOMS = {  # UTF-32 before UTF-16, whose mark begins its own
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
OPEN = "[{"
no_space = re.compile(r"[^ \t\n\r]")


class Number(str):
    """A number as it is written."""

    __slots__ = ()


class RepeatedKey(ValueError):
    """An object has a key twice: whichever value were taken, the other would be lost."""


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise RepeatedKey(f"has the key {twice[:SHOWN_KEY_CHARS]!r} twice")
    return found


decoder = json.JSONDecoder(
    object_pairs_hook=object_of, parse_float=Number, parse_int=Number, parse_constant=Number
)
# Several times faster, for what is passed over.
quick_decoder = json.JSONDecoder()
# Values of a list that are neither lists nor objects, each with its comma; nothing is tried twice.
single_values = re.compile(r'(?:(?:[^"\[\]{},]++|"(?:[^"\\]++|\\.)*+")++,)++', re.DOTALL)


def encoding_of(head: bytes) -> tuple[str, int]:
    """The encoding that a mark at the start tells, and the mark's length; UTF-8 without any."""
    return next(
        ((name, len(mark)) for mark, name in BOMS.items() if head.startswith(mark)), ("utf-8", 0)
    )


class JsonScanner:
    """A place in a JSON text that moves forward.  Every method may raise BadJson."""

    def __init__(self, file: BinaryIO, *, at_byte: int = 0, block_bytes: int = BLOCK_BYTES) -> None:
        """Reads `file`, also beside other scanners of it, from a value's first byte."""
        file.seek(0)
        encoding, mark_bytes = encoding_of(file.read(4))
        self.bytes_read = max(mark_bytes, at_byte)
        self.row_number = 0  # said in errors
        self._file = file
        self._block_bytes = block_bytes
        errors = "surrogateescape" if encoding == "utf-8" else "replace"
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        self._text, self._at = "", 0
        self._is_over = False
        self._failed_quickly = 0  # on the text at hand

    # --- one step ------------------------------------------------------------------------------------
    def peek(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            if found := no_space.search(self._text, self._at):
                self._at = found.start()
                return found[0]
            self._at = len(self._text)
            if not self._more():
                return ""

    def take(self, expected: str) -> None:
        found = self.peek()
        if found != expected:
            raise self._bad(f"{found or 'the end'} where {expected} is expected")
        self._at += 1

    def value(self) -> Any:
        """The next value, whole.  Raises RecordTooLong for a row that is too long to be one."""
        self.peek()
        wanted_chars = self._block_bytes
        while True:
            value, end = self._decoded()
            if (end or len(self._text)) - self._at > RECORD_LIMIT_CHARS:
                raise self._too_long()
            if end and (self._is_over or not self._may_go_on(end)):
                self._at = end
                return value
            self._fill(min(wanted_chars, self._at + RECORD_LIMIT_CHARS + 1 - len(self._text)))
            wanted_chars *= 2

    def _may_go_on(self, end: int) -> bool:
        """Whether a number that ends at `end` may go on in what was not read yet."""
        rest = self._text[end : end + TOKEN_CHARS]
        return not rest or (rest[0] in ".eE" and len(rest) < TOKEN_CHARS)

    def _decoded(self) -> tuple[Any, int]:
        """The value at hand and its end, which is 0 where more of it has to be read."""
        try:
            return decoder.raw_decode(self._text, self._at)
        except RepeatedKey as error:
            raise self._bad(f"it {error}") from error
        except RecursionError as error:
            raise self._bad("it is nested too deeply") from error
        except json.JSONDecodeError as error:
            if self._is_over or self._is_sure(error):
                raise self._bad(error.msg.partition(": ")[0].lower()) from error
            return None, 0

    def _is_sure(self, error: json.JSONDecodeError) -> bool:
        """Whether nothing that follows can mend it: it is not where the text at hand was cut."""
        return (
            not error.msg.startswith("Unterminated") and error.pos < len(self._text) - TOKEN_CHARS
        )

    def at_byte(self) -> int:
        """Where the scanner is, in a text of UTF-8."""
        pending, _ = self._decoder.getstate()
        rest = self._text[self._at :].encode("utf-8", "surrogateescape")
        return self.bytes_read - len(pending) - len(rest)

    # --- whole arrays and objects --------------------------------------------------------------------
    def elements(self) -> Iterator[None]:
        """Stops before each element of the array here, which the caller has to take."""
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        while True:
            yield
            if self.peek() != ",":
                self.take("]")
                return
            self.take(",")

    def keys(self) -> Iterator[str]:
        """The keys of the object here; before the next the caller has to take the value."""
        self.take("{")
        if self.peek() == "}":
            self.take("}")
            return
        while True:
            key = self.value() if self.peek() == '"' else None
            if key is None:
                raise self._bad(f"{self.peek() or 'the end'} where a key is expected")
            self.take(":")
            yield key
            if self.peek() != ",":
                self.take("}")
                return
            self.take(",")

    def skip_singles(self) -> int:
        """Within a list, pass over what is at hand of it and is neither a list nor an object.

        Returns how many values that were; 0 where the next is to be taken by itself.
        """
        found = single_values.match(self._text, self._at) if self._may_be_quick() else None
        if not found:
            return 0
        try:
            count = len(quick_decoder.decode(f"[{found[0][:-1]}]"))
        except ValueError:
            self._failed_quickly += 1
            return 0
        self._at = found.end()
        return count

    def skip(self, levels: int = 0) -> None:
        """Pass over the value here, however long."""
        start = self.peek()
        if self._skip_at_hand():
            return
        if start and start in OPEN and levels >= LEVELS_LIMIT:
            raise self._bad(f"nested more than {LEVELS_LIMIT} levels deep")
        if start == "[":
            for _ in self.elements():
                self.skip(levels + 1)
        elif start == "{":
            for _ in self.keys():
                self.skip(levels + 1)
        else:
            self.value()

    def _skip_at_hand(self) -> bool:
        """Pass over a list or an object that was read whole; False for what is to be looked at."""
        if self.peek() not in ("[", "{") or not self._may_be_quick():
            return False
        try:
            _, self._at = quick_decoder.raw_decode(self._text, self._at)
        except (ValueError, RecursionError):
            self._failed_quickly += 1
            return False
        return True

    def _may_be_quick(self) -> bool:
        """No text is read in vain again and again."""
        return self._failed_quickly < QUICK_FAILURES

    def enter(self, path: Sequence[str]) -> None:
        """Go to the value that the keys of `path` lead to.  Raises BadJson if there is none."""
        for step in path:
            if self.peek() != "{" or not self._find(step):
                raise self._bad(f"there is no {'.'.join(path)!r}")

    def _find(self, wanted: str) -> bool:
        for key in self.keys():
            if key == wanted:
                return True
            self.skip()
        return False

    def pieces(self) -> Iterator[str]:
        """All the text from here on, as it is read."""
        while self._more():
            yield self._text
            self._at = len(self._text)
        yield self._text[self._at :]

    # --- reading -------------------------------------------------------------------------------------
    def _fill(self, wanted_chars: int) -> None:
        had = len(self._text) - self._at
        while len(self._text) - self._at < had + wanted_chars and self._more():
            pass

    def _more(self) -> bool:
        """Read another piece; False at the end."""
        if self._is_over:
            return False
        self._file.seek(self.bytes_read)
        block = self._file.read(self._block_bytes)
        self.bytes_read += len(block)
        self._is_over = not block
        self._text = self._text[self._at :] + self._decoder.decode(block, final=not block)
        self._at = self._failed_quickly = 0
        return not self._is_over

    def _too_long(self) -> UnreadableFile:
        if self.row_number:
            return RecordTooLong(row_number=self.row_number, limit_bytes=RECORD_LIMIT_CHARS)
        return self._bad(
            f"a value is longer than {RECORD_LIMIT_CHARS:,} characters;"
            " a quote may be opened there and never closed"
        )

    def _bad(self, reason: str) -> BadJson:
        return BadJson(row_number=self.row_number, reason=reason)
