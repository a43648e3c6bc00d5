"""Records as PostgreSQL shall have them: numbered, without skipped cells, numbers in its own form.

Bytes are moved, not read: of records that were checked it is known where their cells end.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.lanes.doubt import Doubtful
from apiapp.imports.pipeline.lanes.local_patterns import DATES, form_of
from apiapp.imports.pipeline.lanes.records import LINE_END, NO_QUOTE, Offsets, Places
from apiapp.imports.pipeline.schema import ColumnSpec

Codes = NDArray[np.uint8]
ZERO, POINT, SPACE = ord("0"), ord("."), ord(" ")
NUMBER_CODES = b"0123456789-\r"


class Rewriter:
    """Rewrites the checked records of blocks, all of the same columns and dialect."""

    def __init__(self, columns: Sequence[ColumnSpec], dialect: Dialect) -> None:
        self._width = len(columns)
        self._dialect = dialect
        self._kept = [index for index, each in enumerate(columns) if each.name]
        self._forms = {
            index: form
            for index in self._kept
            if columns[index].type not in DATES and (form := form_of(columns[index]))
        }

    def csv(self, data: bytes, bounds: Offsets, numbers: NDArray[np.int64]) -> bytes:
        """The records that begin and end at `bounds`, each behind its number.

        Raises Doubtful where records have not the cells that they were checked to have.
        """
        codes, starts = np.frombuffer(data, np.uint8), bounds[:-1].astype(np.intp)
        if self._forms or len(self._kept) < self._width:
            codes, starts = self._edited(codes, bounds)
        return numbered(codes, starts, numbers, ord(self._dialect.delimiter))

    def _edited(self, codes: Codes, bounds: Offsets) -> tuple[Codes, Places]:
        ends = self._cell_ends(codes, rows=len(bounds) - 1)
        codes = codes.copy()
        for index, form in self._forms.items():
            make_plain(
                codes, starts_of(ends, index), ends[:, index], form=form, quote=self._dialect.quote
            )
        if len(self._kept) == self._width:
            return codes, bounds[:-1].astype(np.intp)
        is_kept = np.ones(len(codes), np.bool_)
        for starts, stops in self._skipped(ends):
            is_kept[between(starts, stops)] = False
        gone = np.flatnonzero(~is_kept)
        starts = bounds[:-1] - np.searchsorted(gone, bounds[:-1])
        return codes[is_kept], starts

    def _cell_ends(self, codes: Codes, *, rows: int) -> Places:
        """One row for each record, a column for each cell.  Raises Doubtful."""
        delimiter, quote = ord(self._dialect.delimiter), ord(self._dialect.quote or NO_QUOTE)
        is_mark = codes == delimiter
        is_mark |= codes == LINE_END
        is_mark |= codes == quote
        marks = np.flatnonzero(is_mark)
        is_quote = codes[marks] == quote
        # Behind an odd number of quotes it is within them: the last bit of a sum is enough.
        is_within = np.cumsum(is_quote, dtype=np.uint8) & 1
        ends = marks[(is_within | is_quote) == 0]
        if len(ends) != rows * self._width:
            raise Doubtful("a record that has other cells than it was checked to have")
        return ends.reshape(rows, self._width)

    def _skipped(self, ends: Places) -> Iterator[tuple[Places, Places]]:
        """From where to where: skipped cells, each with a delimiter that goes with it."""
        for index in set(range(self._width)) - set(self._kept):
            if index < self._kept[0]:
                yield starts_of(ends, index), ends[:, index] + 1
            else:
                yield ends[:, index - 1], ends[:, index]


def starts_of(ends: Places, index: int) -> Places:
    """Where the cells of a column begin."""
    if index:
        return ends[:, index - 1] + 1
    return np.concatenate(([0], ends[:-1, -1] + 1))


def between(starts: Places, stops: Places) -> Places:
    """Every place from each start to before its stop."""
    sizes = stops - starts
    before = np.cumsum(sizes) - sizes
    return np.repeat(starts - before, sizes) + np.arange(sizes.sum())


def make_plain(codes: Codes, starts: Places, stops: Places, *, form: str, quote: str) -> None:
    """Numbers in these places with a point, and nothing between thousands.

    They are moved to the right within their places: spaces before a number count for nothing, and
    all other bytes stay where they are.
    """
    places = between(starts, stops)
    found = codes[places]
    is_part = np.zeros(256, np.bool_)
    is_part[list(NUMBER_CODES + quote.encode() + form[0].encode())] = True
    is_kept = is_part[found]
    found[found == ord(form[0])] = POINT
    if is_kept.all():
        codes[places] = found
        return
    ends = np.cumsum(stops - starts)
    kept = np.concatenate(([0], np.cumsum(is_kept)))
    kept_of = kept[ends] - kept[ends - (stops - starts)]
    codes[places] = SPACE
    codes[between(stops - kept_of, stops)] = found[is_kept]


def numbered(codes: Codes, starts: Places, numbers: NDArray[np.int64], delimiter: int) -> bytes:
    """The records that begin at `starts`, each behind its number and a delimiter."""
    prefixes = digits(numbers, delimiter)
    rows, size = prefixes.shape
    places = (starts + size * np.arange(rows))[:, None] + np.arange(size)
    found = np.empty(len(codes) + rows * size, np.uint8)
    is_record = np.ones(len(found), np.bool_)
    is_record[places] = False
    found[places] = prefixes
    found[is_record] = codes
    return found.tobytes()


def digits(numbers: NDArray[np.int64], behind: int) -> Codes:
    """A row of codes for each number, all of one length, and the code `behind` at its end."""
    length = len(str(numbers[-1])) if len(numbers) else 1
    found = np.empty((len(numbers), length + 1), np.uint8)
    found[:, length] = behind
    rest = numbers
    for place in reversed(range(length)):
        rest, found[:, place] = np.divmod(rest, 10)
    found[:, :length] += ZERO
    return found
