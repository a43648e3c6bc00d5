"""Where the table is within the file: what stands before, between and after tables.

Rows are told by their profile: how many cells they have, how many of them are filled, and whether
they name columns.  Source of the classes: Vitagliano et al., "Pollock: a data loading benchmark"
(2023).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from apiapp.imports.pipeline.sniffing.header import is_ruler, sniff_header_rows
from apiapp.imports.pipeline.sniffing.kinds import LOOSE, TEXT, is_typed, kind_of
from apiapp.imports.pipeline.tolerant import Row

RUN_ROWS = 3  # so many rows of another width can be a table
SPARSE_CELLS = 1
FIRST_WEIGHT = 4  # what stands first is what a file is about, unless it is dwarfed
FOOTER_ROWS_LIMIT = 30
TITLE_WORDS = 5  # so many are no name of columns
PREAMBLE_ROWS_LIMIT = 30  # of several cells each: more of them are rows of the table
TYPED_RATIO = 0.5  # of the cells above a note are numbers, dates...
REPEATS_LIMIT = 3  # a header that comes more often is one of pages
is_total = re.compile(
    r"(?:grand |sub-?)?(?:total|sum|average|mean|summe|gesamt|gesamtsumme|somme|totale|suma|итого|всего"
    r"|合计|总计|小计|合計|総計|小計|합계)s?\b.{0,40}",
    re.IGNORECASE,
).fullmatch
starts_note = re.compile(
    r"(?:notes?|sources?|remarks?|footnotes?|copyright|generated|exported|created|printed|report"
    r"|end of|disclaimer|quelle|stand|anmerkung|hinweis|注|备注|来源|出典|資料)\b\W?"
    r"|\*|†|\(?\d+ rows?\b|\(c\)|©|rows?:|records?:|count:|page \d|--+|==+",
    re.IGNORECASE,
).match


@dataclass(frozen=True, slots=True)
class Table:
    """Rows from `first` up to `last`, not included, most of which have `width` cells."""

    first: int
    last: int
    width: int

    @property
    def rows(self) -> int:
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class Numbered:
    """Records with the line each begins at, from 0, and whether blank lines are before it."""

    rows: Sequence[Row]
    starts: Sequence[int]
    after_blank: Sequence[bool]


def tables_in(found: Numbered, width: int) -> list[Table]:
    """The tables among the rows, in their order; `width`: that of most rows."""
    tables: list[Table] = []
    neighbours = runs(found.rows)
    if max(last - first for _, first, last in neighbours) < RUN_ROWS:
        return [Table(0, len(found.rows), width)]  # no two tables where rows are ragged
    for size, first, last in neighbours:
        if not tables or tables[-1].width != size:
            if not begins(found, tables, size, first, last, width):
                continue
            tables.append(Table(first, last, size))
            continue
        tables[-1] = Table(tables[-1].first, last, size)
    return [piece for table in tables for piece in pieces(found, table)] or [
        Table(0, len(found.rows), width)
    ]


def runs(rows: Sequence[Row]) -> list[tuple[int, int, int]]:
    """Neighbours of one width: the width, the first, and the one after the last."""
    found = []
    first = 0
    for size, group in groupby(map(len, rows)):
        last = first + sum(1 for _ in group)
        found.append((size, first, last))
        first = last
    return found


def begins(
    found: Numbered, tables: Sequence[Table], size: int, first: int, last: int, width: int
) -> bool:
    """Whether a run of another width is a table of its own, and not ragged rows."""
    if size < 2:
        return size == width and not tables
    if not tables:
        return size == width or (last - first >= RUN_ROWS and names_columns(found.rows[first:last]))
    if last - first < RUN_ROWS:
        return False
    is_apart = found.after_blank[first] or len(found.rows[first - 1]) == 1
    return names_columns(found.rows[first:last]) or (is_apart and last - first > 2 * RUN_ROWS)


def names_columns(rows: Sequence[Row]) -> bool:
    """Whether the first row is a header beyond doubt: every cell filled, none as those below."""
    filled = [cell for cell in rows[0] if cell.strip()]
    if len(filled) < len(rows[0]) or len(set(filled)) < len(filled) or len(rows) < 2:
        return False
    count, _, confidence = sniff_header_rows(rows)
    return count > 0 and confidence > 0.6


def pieces(found: Numbered, table: Table) -> list[Table]:
    """The table, cut where its header comes again, or another one after a blank line."""
    cuts = [table.first, *restarts(found, table), table.last]
    return [Table(a, b, table.width) for a, b in zip(cuts, cuts[1:], strict=False)]


def restarts(found: Numbered, table: Table) -> list[int]:
    """Rows within `table` at which another one of its width begins."""
    header, last = found.rows[table.first], table.last
    places = range(table.first + 2, last - 1)
    again = [at for at in places if found.rows[at] == header != found.rows[at + 1] and any(header)]
    if again and names_columns(found.rows[table.first : again[0]]):
        return again if len(again) < REPEATS_LIMIT else []
    return [at for at in places if found.after_blank[at] and names_columns(found.rows[at:last])]


def largest(tables: Sequence[Table]) -> int:
    """The index of the first table, or of one with many times its rows."""
    longest = max(range(len(tables)), key=lambda index: (tables[index].rows, -index))
    return longest if tables[longest].rows > FIRST_WEIGHT * tables[0].rows else 0


def without_preamble(found: Numbered, table: Table) -> Table:
    """The table from its header on: rows that fill one cell, or none, are no header of several."""
    first = first_close(found, table)
    above = [at for at in range(first) if len(found.rows[at]) > 1]
    if len(above) > PREAMBLE_ROWS_LIMIT:
        first = above[0]
    usual = usually_filled(found, table)
    while first < table.last - 1 and usual > 1:
        count = filled_in(found.rows[first])
        if count > SPARSE_CELLS or (count and not is_title(found.rows[first])):
            break
        first += 1
    while first < table.last - 1 and not filled_in(found.rows[first]):
        first += 1
    return Table(first, table.last, table.width)


def is_title(row: Row) -> bool:
    """Whether the only cell filled is one, and neither a value nor a name above some columns."""
    text = "".join(row).strip()
    if is_typed(kind_of(text)):
        return False
    return bool(row[0].strip()) or "\n" in text or len(text.split()) >= TITLE_WORDS


def first_close(found: Numbered, table: Table) -> int:
    """The first row of the table, or of those right above that are nearly as wide and as full."""
    first = table.first
    least = usually_filled(found, table) / 2
    while first and not found.after_blank[first]:
        above = found.rows[first - 1]
        is_close = table.width - len(above) <= max(1, table.width // 4)
        if len(above) < 2 or not is_close or filled_in(above) < least:
            break
        first -= 1
    return first


def usually_filled(found: Numbered, table: Table) -> int:
    """How many cells most rows fill; those that a spreadsheet leaves empty count for nothing."""
    counts = sorted(filter(None, map(filled_in, found.rows[table.first : table.last])))
    return counts[len(counts) // 2] if counts else 0


def filled_in(row: Row) -> int:
    return sum(bool(cell.strip()) for cell in row)


def footer_rows(found: Numbered, table: Table) -> int:
    """How many of the rows at the end of `table`, and after it, are totals and notes."""
    last = len(found.rows)
    while last > table.first + 2 and last > len(found.rows) - FOOTER_ROWS_LIMIT:
        row = found.rows[last - 1]
        if any(map(str.strip, row)) and not is_footer(found, last - 1, table):
            break
        last -= 1
    while last < len(found.rows) and not is_footer(found, last, table):
        last += 1  # rows of empty cells are no footer of their own
    return len(found.rows) - last


def is_noted(found: Numbered, at: int, table: Table) -> bool:
    """Whether a row of two columns is a note's name and its text: the text stands below numbers."""
    row = found.rows[at]
    if not starts_note(row[0].strip()):
        return False
    above = [each[1] for each in found.rows[table.first + 1 : at] if len(each) == 2]
    typed = sum(is_typed(kind_of(cell)) for cell in above)
    return kind_of(row[1]) in (TEXT, LOOSE) and typed > TYPED_RATIO * len(above)


def are_of_prose(cells: Row) -> bool:
    """Whether they are what commas part a sentence into."""
    return all(cell[:1] == " " for cell in cells)


def is_footer(found: Numbered, at: int, table: Table) -> bool:
    """Whether a row at the end is a note: rows as wide as the table are none, but for one cell."""
    row, width = found.rows[at], table.width
    filled = [cell.strip() for cell in row if cell.strip()]
    if not filled:
        return False
    if is_ruler(row):
        return True
    if len(row) == width:
        if width == 2:
            return is_noted(found, at, table)
        return len(filled) == 1 and bool(starts_note(filled[0]))
    if len(filled) == 1 and width > 1 and (is_total(filled[0]) or starts_note(filled[0])):
        return True
    if len(row) < width and starts_note(filled[0]) and are_of_prose(row[1:]):
        return True
    if is_total(filled[0]) and found.after_blank[at]:
        return True
    is_text = not is_typed(kind_of(filled[0]))  # else a row that lacks its other cells
    return len(row) == 1 and is_text and (width > 2 or found.after_blank[at])
