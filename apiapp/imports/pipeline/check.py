"""From records of text cells to columns of converted values, and what is refused and why.

A row with a refused cell is not loaded; every refused cell of it is told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress

from apiapp.imports.pipeline.convert import BadBytes, convert_column
from apiapp.imports.pipeline.readers import Records
from apiapp.imports.pipeline.rules import ALLOWED, PATTERN, RANGE, REFERENCE, breaches
from apiapp.imports.pipeline.schema import ColumnSpec

# The taxonomy: what can be wrong with a cell or with the cells of a row.
TYPE, REQUIRED, UNIQUE, ENCODING = "type", "required", "unique", "encoding"
EXTRA_CELL, MISSING_CELL, DUPLICATE_ROW = "extra_cell", "missing_cell", "duplicate_row"
BROKEN_ROW = "broken_row"  # what is in the file there is no row at all
KINDS = (
    *(TYPE, REQUIRED, UNIQUE, ENCODING, PATTERN, RANGE, ALLOWED, REFERENCE),
    *(EXTRA_CELL, MISSING_CELL, DUPLICATE_ROW, BROKEN_ROW),
)

# Both databases find duplicates by an index, and PostgreSQL's hold 2,704 bytes.
UNIQUE_LIMIT_CHARS = 600


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused cell.  `value` is the cell as it was read, `reason` a sentence about it."""

    row_number: int
    column: str
    value: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows ready to be loaded, by column, in the forms of convert.py; an empty cell is NULL."""

    row_numbers: Sequence[int]
    columns: Sequence[Sequence[str]]
    refusals: Sequence[Refusal]
    rows_refused: int


@dataclass(slots=True)
class Findings:
    """What is refused of one batch of records."""

    first_row: int
    refusals: list[Refusal] = field(default_factory=list)
    # Indices of rows with anything refused, and of those that have no cells to look at.
    bad_rows: set[int] = field(default_factory=set)
    torn_rows: set[int] = field(default_factory=set)

    def refuse(self, index: int, column: str, value: str, kind: str, reason: str) -> None:
        self.bad_rows.add(index)
        self.refusals.append(Refusal(self.first_row + index, column, readable(value), kind, reason))


def check(records: Records, columns: Sequence[ColumnSpec]) -> Batch:
    """Convert every cell of `records`, whose cells are in the order of `columns`."""
    found = Findings(records.first_row)
    rows = full_rows(records, columns, found)
    cells_by_column = list(zip(*rows, strict=True)) or [()] * len(columns)
    values = [
        checked_column(column, cells, found)
        for column, cells in zip(columns, cells_by_column, strict=True)
    ]
    row_numbers: Sequence[int] = range(records.first_row, records.first_row + len(rows))
    if found.bad_rows:
        is_good = [index not in found.bad_rows for index in range(len(rows))]
        values = [list(compress(cells, is_good)) for cells in values]
        row_numbers = list(compress(row_numbers, is_good))
    found.refusals.sort(key=lambda refusal: refusal.row_number)
    return Batch(row_numbers, values, found.refusals, len(found.bad_rows))


def full_rows(records: Records, columns: Sequence[ColumnSpec], found: Findings) -> list[list[str]]:
    """The rows, with empty ones in place of those that are none or have the wrong width."""
    width = len(columns)
    rows = records.rows
    if not records.broken and {width}.issuperset(map(len, rows)):
        return rows
    nothing = [""] * width
    full = []
    for index, row in enumerate(rows):
        if index not in records.broken and len(row) == width:
            full.append(row)
            continue
        full.append(nothing)
        found.torn_rows.add(index)
        if index in records.broken:
            found.refuse(index, "", ", ".join(row), BROKEN_ROW, f"The row {records.broken[index]}.")
        else:
            refuse_width(index, row, columns, found)
    return full


def refuse_width(
    index: int, row: list[str], columns: Sequence[ColumnSpec], found: Findings
) -> None:
    width = len(columns)
    reason = f"has {counted(len(row))} where {width} are expected"
    if len(row) > width:
        found.refuse(index, "", ", ".join(row[width:]), EXTRA_CELL, f"The row {reason}.")
    else:
        found.refuse(index, columns[len(row)].label, "", MISSING_CELL, f"The row {reason}.")


def counted(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"


def checked_column(column: ColumnSpec, cells: Sequence[str], found: Findings) -> Sequence[str]:
    values, bad = convert_column(column.type, cells, column.form)
    for index, error in bad:
        kind = ENCODING if isinstance(error, BadBytes) else TYPE
        found.refuse(index, column.label, cells[index], kind, f"The cell {error}.")
    if column.required and "" in values:
        refuse_empty(column, cells, values, found)
    if column.unique and max(map(len, values), default=0) > UNIQUE_LIMIT_CHARS:
        refuse_long(column, cells, values, found)
    if column.conditions:
        for index, kind, reason in breaches(column.conditions, type_=column.type, values=values):
            found.refuse(index, column.label, cells[index], kind, reason)
    return values


def refuse_empty(
    column: ColumnSpec, cells: Sequence[str], values: Sequence[str], found: Findings
) -> None:
    for index in indices(not value for value in values):
        is_empty = not cells[index].strip(" ")
        if is_empty and index not in found.torn_rows:
            reason = "The cell is empty; the column requires a value."
            found.refuse(index, column.label, cells[index], REQUIRED, reason)


def refuse_long(
    column: ColumnSpec, cells: Sequence[str], values: Sequence[str], found: Findings
) -> None:
    reason = f"The cell is longer than the {UNIQUE_LIMIT_CHARS} characters of a unique column."
    for index in indices(len(value) > UNIQUE_LIMIT_CHARS for value in values):
        found.refuse(index, column.label, cells[index], UNIQUE, reason)


def indices(flags: Iterator[bool]) -> Iterator[int]:
    return (index for index, flag in enumerate(flags) if flag)


def readable(value: str) -> str:
    r"""`value` as text that can be stored: bytes that are none are shown as \xNN."""
    raw = value.encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
