"""Whether the first rows name the columns, and how many of them do."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, zip_longest

from apiapp.imports.pipeline.counted import counted
from apiapp.imports.pipeline.sniffing.kinds import EMPTY, LOOSE, TEXT, is_typed, kind_of
from apiapp.imports.pipeline.tolerant import Row

BODY_ROWS = 100
SAME_RATIO = 0.75  # of the cells below are of one kind, or of one form
ROWS_LIMIT = 5
PAGES_RATIO = 0.2  # of the rows may be the header of another page
is_ruler_cell = re.compile(r"[-=+:_| ]*[-=]{2,}[-=+:_| ]*").fullmatch

# kg, km/h, µg/m³, °C, degrees_north...: what a row below the names says of numbers.
is_unit = re.compile(
    r"%|‰|°[CFNESWK]?|deg[CFNESW]?|[Dd]egrees?(?:_\w+)?|PSU|psu|pp[mb]|dB|UTC|ISO|EUR|USD|GBP|[€$£]"
    r"|mi|ft|in|lb|oz|mph|kt|knots|rpm|min|yr|[A-Za-z]+_per_\w+"
    r"|[kMGTcdmnhuµμ]?(?:m|g|s|l|L|A|V|W|Wh|Hz|Pa|J|K|N|mol|bar|eV|B|Ω|lx|t|h|d)[23²³]?"
    r"(?:[/·* .][kcdmnuµμ]?(?:m|g|s|l|L|mol|h|d|W|K|min)(?:\^?-?\d|[²³])?)*"
    r"|[YyMDdHhms]{2,4}(?:[-/.: T][YyMDdHhms]{2,4})+"
).fullmatch


def sniff_header_rows(rows: Sequence[Row]) -> tuple[int, str, float]:
    """How many of the first rows name the columns, 0 for none; why; and a confidence.

    Each column votes: for a header if its first cell is not of the kind, or the form, of those
    below, against it if it is, or if it comes again below.
    """
    first = rows[0]
    body = without_pages(first, body_below(rows, 1))
    votes = [vote(cell, below(body, index)) for index, cell in enumerate(first)]
    if sum(votes) > 0:
        told = sum(each > 0 for each in votes)
        count = further_rows(rows)
        reason = f"the first row does not fit the types below it in {counted(told, 'column')}"
        return count, reason, 0.6 + 0.4 * told / len(votes)
    if sum(votes) < 0:
        against = sum(each < 0 for each in votes)
        reason = f"the first row is like the rows below it in {counted(against, 'column')}"
        return 0, reason, 0.6 + 0.4 * against / len(votes)
    named = [cell.strip() for cell in first if cell.strip()]
    are_names = all(not is_typed(kind_of(cell)) or is_year(cell) for cell in named)
    if named and are_names and len(set(named)) == len(named):
        return further_rows(rows), "the first row has distinct words only", 0.6
    return 0, "the first row has no names of columns", 0.6


def body_below(rows: Sequence[Row], count: int) -> Sequence[Row]:
    return [row for row in rows[count : count + BODY_ROWS] if not is_ruler(row)]


def without_pages(names: Row, body: Sequence[Row]) -> Sequence[Row]:
    """The rows without the few that are the first again, as on each page of a report."""
    others = [row for row in body if row != names]
    return others if len(body) - len(others) < PAGES_RATIO * len(body) else body


def is_ruler(row: Row) -> bool:
    """A line drawn below the names: ---- ----."""
    return bool(row) and all(is_ruler_cell(cell) for cell in row if cell.strip()) and any(row)


def further_rows(rows: Sequence[Row]) -> int:
    """How many rows name the columns, given that the first does.

    A row more where a line is drawn, where the row above it leaves cells empty that it fills, be
    there a row of empty cells between them, or where it, too, has words above most columns of
    numbers or dates.
    """
    count = 1
    names = rows[0]
    while count < min(len(rows) - 1, ROWS_LIMIT):
        row = rows[count]
        if is_ruler(row):
            return count + 1
        if not any(map(str.strip, row)) and fills_spans(names, rows[count + 1]):
            count += 1
            row = rows[count]
        if fills_spans(names, row):
            names = [own or above for own, above in zip_longest(row, names, fillvalue="")]
            count += 1
            continue
        if not is_further(rows[count - 1], row, body_below(rows, count + 1)):
            return count
        count += 1
    return count


def is_further(first: Row, row: Row, body: Sequence[Row]) -> bool:
    votes = [vote(cell, below(body, index)) for index, cell in enumerate(row)]
    typed = [index for index in range(len(row)) if common_kind(below(body, index))]
    for_it = sum(each == 1 for each in votes)
    if not typed or any(each == -1 for each in votes):
        return False
    is_full = all(cell.strip() for cell in row[1:])
    if row == first or has_spans(first) or are_units(row):
        return for_it > 0 and is_full
    return for_it > 1 and not is_full and for_it == sum(bool(cell.strip()) for cell in row)


def are_units(row: Row) -> bool:
    """(kg), [m]..., or kg and km/h, of which no letter may be another one."""
    filled = [cell.strip() for cell in row if cell.strip()]
    are_bracketed = all(cell[0] in "([" and cell[-1] in ")]" for cell in filled)
    return len(filled) > 1 and (are_bracketed or all(map(is_unit, filled)))


def fills_spans(above: Row, row: Row) -> bool:
    """Whether `row` has names only where the row above it names several columns at once.

    The first column's name, and others that are one column's own, have nothing below them.
    """
    names = [cell.strip() for cell in row if cell.strip()]
    if len(names) < 2 or len(row) > len(above) or not above[0].strip():
        return False
    if any(is_typed(kind_of(name)) for name in names):
        return False
    is_own = [bool(name.strip() and right.strip()) for name, right in pairwise([*above, "x"])]
    is_own[0] = True
    return not any(own and cell.strip() for own, cell in zip(is_own, row, strict=False))


def has_spans(row: Row) -> bool:
    """Names with empty cells between them, as merged cells are written, or repeated."""
    inner = row[:]
    while inner and not inner[0].strip():
        inner = inner[1:]
    has_gap = len(inner) > 1 and any(not cell.strip() for cell in inner[:2])
    return has_gap or any(here and here == there for here, there in zip(row, row[1:], strict=False))


def below(body: Sequence[Row], index: int) -> list[str]:
    return [row[index] for row in body if len(row) > index and kind_of(row[index]) != EMPTY]


def vote(first: str, cells: Sequence[str]) -> float:
    """1 for a header, -1 against one, 0 for neither; a half where only the form of text tells."""
    if not first.strip() or not cells or is_year(first):
        return 0
    kind = common_kind(cells)
    if kind:
        own = kind_of(first)
        return -1 if is_typed(own) else 1 if own != EMPTY else 0
    if first in cells:
        return -1
    form = common_form(cells)
    return 0.5 if form and form_of(first) != form else 0


def common_kind(cells: Sequence[str]) -> str:
    """The kind, not text, of nearly all `cells`; "" for none."""
    kinds = Counter(map(kind_of, cells))
    typed = sum(count for kind, count in kinds.items() if kind not in (TEXT, LOOSE, EMPTY))
    return max(kinds, key=lambda kind: kinds[kind]) if typed > SAME_RATIO * len(cells) else ""


def common_form(cells: Sequence[str]) -> str:
    """The form of codes like MG-8769, where they have digits and nearly all have the same."""
    forms = Counter(map(form_of, cells))
    form, count = forms.most_common(1)[0]
    has_digit = "9" in form
    return form if has_digit and len(cells) > 2 and count > SAME_RATIO * len(cells) else ""


def form_of(cell: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell.strip()[:60]))


def is_year(cell: str) -> bool:
    """Years head the columns of many tables, and prove nothing."""
    return len(cell) == 4 and cell.isdecimal() and "1800" <= cell <= "2200"
