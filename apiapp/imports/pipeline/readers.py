"""Records of a delimited text file, in batches, in bounded memory.

An invalid byte of UTF-8 does not stop the reading: it comes as a lone surrogate (PEP 383,
"surrogateescape"), which no valid text has, and the check refuses the row it is in.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO, Protocol

from apiapp.imports.errors import (
    CellTooLong,
    QuoteNeverClosed,
    RecordTooLong,
    UnreadableFile,
)
from apiapp.imports.pipeline.dialect import Dialect

BLOCK_BYTES = 1 << 20
RECORD_LIMIT_BYTES = 16 << 20
CELL_LIMIT_CHARS = 1 << 20
BATCH_ROWS = 10_000
BOM = b"\xef\xbb\xbf"

# Fed to csv after the last line: if it does not come back as a record of its own, the file ended
# inside a quoted cell.
END = "\x00\x00the end of the file\x00\x00"

# The csv module keeps this for the whole process; nothing else here reads CSV with another.
csv.field_size_limit(CELL_LIMIT_CHARS)


@dataclass(frozen=True, slots=True)
class Records:
    """Consecutive records as lists of cells; `first_row` is the number of the first (from 1)."""

    first_row: int
    rows: list[list[str]]


class RecordSource(Protocol):
    """Where rows of text cells come from; read once, from the start."""

    @property
    def bytes_read(self) -> int:
        """How far the source is, for a progress bar; never more than its size."""

    def batches(self) -> Iterator[Records]:
        """The rows below the header, in batches of bounded size.  Raises UnreadableFile."""


class DelimitedReader:
    """The records of an open binary file.

    Blank lines are skipped and not counted: row 1 is the first record below the header.  A batch
    ends soon after the block of bytes it began in, so the limits above bound what is in memory.
    """

    def __init__(self, file: BinaryIO, dialect: Dialect) -> None:
        self.bytes_read = 0
        self._file = file
        self._is_header_due = dialect.has_header
        self._is_over = False
        self._rows_before = 0
        self._taken: list[list[str]] = []
        self._taken_from_byte = 0
        self._records = csv.reader(
            chain(chain.from_iterable(self._blocks()), [END]),
            delimiter=dialect.delimiter,
            quotechar=dialect.quote,
        )

    def header(self) -> list[str]:
        """The first record, or [] where the dialect has no header.  Raises UnreadableFile."""
        record: list[str] = []
        while self._is_header_due and not self._is_over:
            record = next(iter(self._take(1)), [])
            self._is_header_due = not record
        return record

    def batches(self) -> Iterator[Records]:
        """The records below the header.  Raises UnreadableFile."""
        self.header()
        while not self._is_over:
            rows = self._take(BATCH_ROWS)
            if rows:
                yield Records(self._rows_before + 1, rows)
            self._rows_before += len(rows)

    def _take(self, at_most: int) -> list[list[str]]:
        rows = self._taken = []
        began_at = self._taken_from_byte = self.bytes_read
        try:
            for record in islice(self._records, at_most):
                rows.append(record)
                if self.bytes_read > began_at:
                    break
        except csv.Error as error:
            raise self._unreadable(error) from error
        self._notice_the_end(rows)
        return [row for row in rows if row] if [] in rows else rows

    def _notice_the_end(self, rows: list[list[str]]) -> None:
        last = rows[-1] if rows else []
        if not last or not last[-1].endswith(END):
            return
        if last != [END]:
            rows.pop()
            raise QuoteNeverClosed(row_number=self._row_at_hand())
        rows.pop()
        self._is_over = True

    def _blocks(self) -> Iterator[io.StringIO]:
        """The text in pieces of whole lines; each yields its lines, ends included."""
        rest = b""
        while block := self._file.read(BLOCK_BYTES):
            if self.bytes_read == 0:
                block = block.removeprefix(BOM)
            self.bytes_read = self._file.tell()
            whole, rest = cut_at_line_end(rest + block)
            if len(rest) > RECORD_LIMIT_BYTES or self._is_record_endless():
                raise RecordTooLong(row_number=self._row_at_hand(), limit_bytes=RECORD_LIMIT_BYTES)
            yield lines_of(whole)
        yield lines_of(rest)

    def _is_record_endless(self) -> bool:
        """A batch ends with the first record after its block: more blocks are one record's."""
        return self.bytes_read - self._taken_from_byte > RECORD_LIMIT_BYTES + 2 * BLOCK_BYTES

    def _row_at_hand(self) -> int:
        """The number of the record that is being read; 0: the header."""
        if self._is_header_due:
            return 0
        return self._rows_before + sum(map(bool, self._taken)) + 1

    def _unreadable(self, error: csv.Error) -> UnreadableFile:
        if "field limit" in str(error):
            return CellTooLong(row_number=self._row_at_hand(), limit_chars=CELL_LIMIT_CHARS)
        return UnreadableFile(f"row {self._row_at_hand()} cannot be read: {error}")


def cut_at_line_end(data: bytes) -> tuple[bytes, bytes]:
    """`data` up to its last line end, and the rest.

    A CR at the very end is no line end yet: LF may follow.
    """
    end = data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, len(data) - 1) + 1
    return data[:end], data[end:]


def lines_of(data: bytes) -> io.StringIO:
    """Lines of UTF-8 text that ends with a line; invalid bytes come as lone surrogates."""
    return io.StringIO(data.decode("utf-8", "surrogateescape"), newline="")
