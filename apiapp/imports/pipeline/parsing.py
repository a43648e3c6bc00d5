"""Records from lines: by csv where it reads them exactly, else by the tolerant parser."""

import csv
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from apiapp.imports.errors import CellTooLong
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.tolerant import (
    BLANK,
    SPAN_LIMIT_CHARS,
    Parsed,
    Row,
    TolerantParser,
)

if TYPE_CHECKING:
    import _csv

CELL_LIMIT_CHARS = 1 << 20
WINDOW_LINES = 32  # read tolerantly where csv stumbled, before csv goes on
RETURNS_LIMIT = 50  # how often csv goes on within one block
FIRST_LINES = 200  # tell how many cells a row has

# The csv module keeps this for the whole process; nothing else here reads CSV with another.
csv.field_size_limit(CELL_LIMIT_CHARS)


class BlockParser:
    """Parses block after block of lines in one dialect."""

    def __init__(self, dialect: Dialect, *, width: int = 0) -> None:
        """`width`: how many cells a row has; 0: as many as most of the first rows have."""
        self._dialect = dialect
        self._tolerant = TolerantParser(dialect)
        self._width = width

    @property
    def width(self) -> int:
        """How many cells a row has; 0 until the first lines are parsed."""
        return self._width

    def parse(self, lines: list[str], *, is_last: bool) -> Parsed:
        """The records of `lines`, but one that goes on unless `is_last`.  Raises CellTooLong,
        whose row's number counts from the first of `lines`.
        """
        if not self._width:
            is_all = is_last and len(lines) <= FIRST_LINES
            first = self._tolerant.parse(lines[:FIRST_LINES], width=0, is_last=is_all)
            self._width = usual_width(first.rows)
        if is_csv(self._dialect):
            return self._by_csv(lines, is_last)
        return self._tolerantly(lines, is_last)

    def _tolerantly(self, lines: list[str], is_last: bool) -> Parsed:
        found = self._tolerant.parse(lines, width=self._width, is_last=is_last)
        refuse_long_cells(found.rows)
        return found

    def _by_csv(self, lines: list[str], is_last: bool) -> Parsed:
        """csv as far as it reads well, then some lines tolerantly, then csv again."""
        found = Parsed()
        for _ in range(RETURNS_LIMIT):
            rows, lines, is_cut = self._well_read(lines)
            found = found.followed_by(Parsed(rows))
            if not lines:
                return found
            if is_cut and not is_last and sum(map(len, lines)) < SPAN_LIMIT_CHARS:
                found.left = lines
                return found
            part = self._window(lines, is_last, len(found.rows))
            found, lines = found.followed_by(part), part.left
            if not part.rows:
                return found
        return found.followed_by(self._tolerantly(lines, is_last))

    def _well_read(self, lines: list[str]) -> tuple[list[Row], list[str], bool]:
        """The rows up to the first that csv stumbles over, the lines from there on, and whether
        they end within a quoted cell.
        """
        rows: list[Row] = []
        is_cut, is_whole = False, True
        try:
            rows.extend(csv_reader(lines, self._dialect, strict=True))
        except csv.Error as error:
            is_cut, is_whole = "unexpected end" in str(error), False
        suspect = next(self._suspects(rows, len(lines)), None)
        if suspect is not None:
            rows, is_cut, is_whole = rows[:suspect], False, False
        if not is_whole:
            reader = csv_reader(lines, self._dialect, strict=True)
            deque(islice(reader, len(rows)), maxlen=0)
            lines = lines[reader.line_num :]
        return without_blank(rows, self._width), [] if is_whole else lines, is_cut

    def is_suspect(self, row: Row) -> bool:
        """Whether stray quotes may have made `row`, which may be from several lines."""
        return any(True for _ in self._suspects([row], lines=2))

    def _suspects(self, rows: Sequence[Row], lines: int) -> Iterator[int]:
        """Rows that a stray quote may have made."""
        has_lines_within = len(rows) < lines
        if not self._dialect.quote:
            return
        if not has_lines_within and {self._width}.issuperset(map(len, rows)):
            return
        for index, row in enumerate(rows):
            if len(row) != self._width:
                if any(map(self._is_torn, row)):
                    yield index
            elif has_lines_within and self._has_rows_within(max(row, key=len), least_lines=3):
                yield index

    def _is_torn(self, cell: str) -> bool:
        """Whether a cell of a row of another width seems to have swallowed, or lost, a quote."""
        return cell.count(self._dialect.quote) % 2 == 1 or self._has_rows_within(cell, 1)

    def _has_rows_within(self, cell: str, least_lines: int) -> bool:
        """Whether a cell has so many line ends, and delimiters as whole rows would have them."""
        ends = cell.count("\n") or cell.count("\r")
        delimiters = (self._width - 1) * max(1, ends - 1)
        return ends >= least_lines and 0 < delimiters <= cell.count(self._dialect.delimiter)

    def _window(self, lines: list[str], is_last: bool, rows_before: int) -> Parsed:
        """The records of the first lines, and the lines after them."""
        size = WINDOW_LINES
        while True:
            is_all = size >= len(lines)
            part = self._tolerant.parse(
                lines[:size],
                width=self._width,
                is_last=is_all and is_last,
                at_most=WINDOW_LINES,
            )
            if part.rows or is_all:
                break
            size *= 4
        part.left += lines[size:]
        refuse_long_cells(part.rows, rows_before)
        return part


def csv_reader(lines: Sequence[str], dialect: Dialect, *, strict: bool) -> "_csv.Reader":
    return csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        strict=strict,
    )


def is_csv(dialect: Dialect) -> bool:
    """Whether csv reads exactly what is well written in this dialect."""
    is_other = (
        dialect.widths
        or dialect.escape
        or dialect.comment
        or dialect.line_end
        or dialect.skip_spaces
        or dialect.merge_delimiters
    )
    return not is_other and len(dialect.delimiter) == 1


def usual_width(rows: Sequence[Row]) -> int:
    """How many cells most rows have; the wider where two are as many."""
    counts = Counter(map(len, rows))
    return max(counts, key=lambda width: (counts[width], width), default=0)


def without_blank(rows: list[Row], width: int) -> list[Row]:
    """Without blank lines, and without those of spaces in a table of several columns."""
    if {width}.issuperset(map(len, rows)) and width > 1:
        return rows
    return [row for row in rows if row and (len(row) > 1 or width == 1 or row[0].strip(BLANK))]


def refuse_long_cells(rows: Sequence[Row], rows_before: int = 0) -> None:
    """Raises CellTooLong, with the number of the row among those before and `rows`."""
    for number, row in enumerate(rows, start=rows_before + 1):
        if len(max(row, key=len)) >= CELL_LIMIT_CHARS:
            raise CellTooLong(row_number=number, limit_chars=CELL_LIMIT_CHARS)
