"""Records of a text file, in batches, in bounded memory.

What csv can read exactly, csv reads; lines it stumbles over, and dialects it does not know, are
read by tolerant.py.  Which of the two reads a line makes no difference to lines that are written
as the dialect says.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

from apiapp.imports.errors import CellTooLong, RecordTooLong
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.lines import Bytes, TextBlocks, lines_of
from apiapp.imports.pipeline.parsing import CELL_LIMIT_CHARS, BlockParser, Parsed

BATCH_ROWS = 10_000
is_ruler_cell = re.compile(r"[-=+:_| ]*[-=]{2,}[-=+:_| ]*").fullmatch


@dataclass(frozen=True, slots=True)
class Records:
    """Consecutive records as lists of cells; `first_row` is the number of the first (from 1).

    mended: indices of rows whose quotes do not match, read as they stand.
    broken: of those that are no rows, by index, why ("is not JSON"); their cells are what was read.
    """

    first_row: int
    rows: list[list[str]]
    mended: Sequence[int] = ()
    broken: Mapping[int, str] = field(default_factory=dict)


class RecordSource(Protocol):
    """Where rows of text cells come from; read once, from the start."""

    @property
    def bytes_read(self) -> int:
        """How far the source is, for a progress bar; never more than its size."""

    def header(self) -> list[str]:
        """The names of the columns as they are written, [] without any.  Raises UnreadableFile."""

    def batches(self) -> Iterator[Records]:
        """The rows below the header, in batches of bounded size.  Raises UnreadableFile."""


class DelimitedReader:
    """The records of an open binary file.

    Blank lines are skipped and not counted: row 1 is the first record below the header.  A batch
    ends soon after the block of bytes it began in, so the limits bound what is in memory.
    """

    def __init__(self, file: Bytes, dialect: Dialect) -> None:
        self._dialect = dialect
        self._blocks = TextBlocks(file, dialect.encoding)
        self._labels: list[str] | None = None
        self._rows_read = 0  # of all, those of the header too
        self._parts = self._parse()
        self._held = Parsed()  # read, and not given yet

    @property
    def bytes_read(self) -> int:
        return self._blocks.bytes_read

    def header(self) -> list[str]:
        """The first records as names, or [] where there are none.  Raises UnreadableFile."""
        if self._labels is None:
            count = self._header_rows
            while len(self._held.rows) < count and (part := next(self._parts, None)):
                self._held = self._held.followed_by(part)
            self._labels = labels_of(self._held.rows[:count])
            self._held = self._held.cut(count)[1]
        return self._labels

    def batches(self) -> Iterator[Records]:
        """The records below the header.  Raises UnreadableFile."""
        self.header()
        footer = self._dialect.footer_rows
        before = 0
        for part in chain([Parsed()], self._parts):
            held = self._held.followed_by(part)
            ready, self._held = held.cut(max(0, len(held.rows) - footer))
            for at in range(0, len(ready.rows), BATCH_ROWS):
                rows = ready.rows[at : at + BATCH_ROWS]
                mended = [each - at for each in ready.mended if at <= each < at + BATCH_ROWS]
                yield Records(before + 1, rows, mended)
                before += len(rows)

    @property
    def _header_rows(self) -> int:
        return self._dialect.header_rows if self._dialect.has_header else 0

    def _parse(self) -> Iterator[Parsed]:
        parser = BlockParser(self._dialect)
        rest: list[str] = []
        try:
            for lines in self._lines():
                part = parser.parse([*rest, *lines] if rest else lines, is_last=False)
                rest = part.left
                self._rows_read += len(part.rows)
                yield part
            yield parser.parse(rest, is_last=True)
        except RecordTooLong as error:
            row_number = max(0, self._rows_read - self._header_rows + 1)
            raise RecordTooLong(
                row_number=row_number if self._rows_read else 0, limit_bytes=error.limit_bytes
            ) from error
        except CellTooLong as error:
            row_number = max(0, self._rows_read - self._header_rows + error.row_number)
            raise CellTooLong(row_number=row_number, limit_chars=CELL_LIMIT_CHARS) from error

    def _lines(self) -> Iterator[list[str]]:
        """The lines of the table, by block."""
        first, last = self._dialect.skip_lines, self._dialect.end_line
        at = 0
        for text in self._blocks:
            lines = lines_of(text, self._dialect.line_end)
            begin, at = at, at + len(lines)
            if begin < first:
                lines = lines[first - begin :]
            if last and at >= last:
                yield lines[: len(lines) - (at - last)]
                return
            yield lines


def labels_of(rows: Sequence[Sequence[str]]) -> list[str]:
    """One name for each column: the cells of all header rows above one another, joined by a space.

    An upper cell that is empty, above one that is not, is that to its left, merged over several
    columns.
    """
    if len(rows) < 2:
        return [*rows[0]] if rows else []
    width = max(map(len, rows))
    padded = [[*row, *[""] * (width - len(row))] for row in rows]
    filled = [spread(row, padded[at:]) for at, row in enumerate(padded[:-1], 1)] + padded[-1:]
    named = (
        [cell for cell in cells if cell and not is_ruler_cell(cell)]
        for cells in zip(*filled, strict=True)
    )
    return [" ".join(names) for names in named]


def spread(row: Sequence[str], lower: Sequence[Sequence[str]]) -> list[str]:
    cells: list[str] = []
    merged = ""
    for cell, *below in zip(row, *lower, strict=True):
        merged = cell if cell.strip() else merged
        cells.append(merged if any(map(str.strip, below)) else cell)
    return cells
