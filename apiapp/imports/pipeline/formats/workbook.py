"""Tables in workbooks: xlsx, xls, xlsb and ods.

A cell becomes the text that it would be in a CSV file of the same table: dates and times in ISO
8601, numbers in their shortest form and whole ones without a point, TRUE and FALSE, formulas as
their values, errors as Excel writes them (`#N/A`).  Blank rows are passed over.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from typing import Any, BinaryIO

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from apiapp.imports.errors import BadDialect, CellTooLong, EmptyFile, NoTable, UnreadableFile
from apiapp.imports.pipeline.containers import Limits
from apiapp.imports.pipeline.counted import counted
from apiapp.imports.pipeline.formats.error_cells import error_cells
from apiapp.imports.pipeline.formats.large_workbook import LargeSheet, LargeWorkbook, is_large
from apiapp.imports.pipeline.formats.sheet_xml import NotPlain
from apiapp.imports.pipeline.formats.tables import BATCH_ROWS, CELL_LIMIT_CHARS, Table
from apiapp.imports.pipeline.sniffing.header import sniff_header_rows

LOOKED_AT_ROWS = 200  # to find the header
TITLE_ROWS_LIMIT = 20
HEADER_ROWS_LIMIT = 20
LEAST_WIDTH = 3  # of a table whose title can be told from its rows
EXACT_BELOW = 10**16  # a double holds every whole number below it
SECONDS_PER_HOUR, SECONDS_PER_MINUTE = 3600, 60
TOLD_SHEETS = 20
BATCH_CELLS = 100_000  # two batches are in memory at times

Row = list[str]
Workbook = CalamineWorkbook | LargeWorkbook
Sheet = CalamineSheet | LargeSheet
Merge = tuple[tuple[int, int], tuple[int, int]]  # (row, column) of its first and its last cell


@dataclass(frozen=True, slots=True)
class Placed:
    """A row that is not blank, and its number in the sheet from 0."""

    number: int
    cells: Row


@dataclass(frozen=True, slots=True)
class Head:
    """How many of the first rows are a title, and how many name the columns."""

    title_rows: int
    header_rows: int
    labels: list[str]
    reason: str


def read_workbook(file: BinaryIO, asked: Mapping[str, Any], limits: Limits) -> Table:
    """Raises UnreadableFile, and BadDialect for a sheet that is not there."""
    if is_large(file):
        with suppress(NotPlain), damage_of_workbooks_told():
            return table_of(LargeWorkbook(file, limits), file, asked)
    with damage_of_workbooks_told():
        file.seek(0)
        return table_of(load_workbook(file), file, asked)


@contextmanager
def damage_of_workbooks_told() -> Iterator[None]:
    try:
        yield
    except PasswordError as error:
        raise NoTable(found="it is protected by a password: save it without one") from error
    except CalamineError as error:
        raise UnreadableFile(
            f"the workbook is damaged: {error}; open it and save it again, or its table as CSV"
        ) from error


def table_of(workbook: Workbook, file: BinaryIO, asked: Mapping[str, Any]) -> Table:
    sheet, reason = choose_sheet(workbook, asked.get("sheet", ""))
    errors = sheet.errors if isinstance(sheet, LargeSheet) else error_cells(file, sheet.name)
    rows = placed_rows(sheet, errors)
    first = list(islice(rows, LOOKED_AT_ROWS))
    if not first:
        raise EmptyFile
    merges = sheet.merged_cell_ranges or []
    head = head_of(first, shifted(merges, sheet), asked)
    below = first[head.title_rows + head.header_rows :]
    return Table(
        header=head.labels,
        batches=batches(chain(below, rows), height=sheet.total_height or 1, width=sheet.width),
        dialect={
            "sheet": sheet.name,
            "has_header": bool(head.header_rows),
            "header_rows": max(1, head.header_rows),
        },
        reasons={"sheet": reason, "has_header": head.reason},
        choices=[name for name, _ in sheets_of(workbook)],
        warnings=told_errors(errors),
    )


# --- sheets ----------------------------------------------------------------------------------------
def sheets_of(workbook: Workbook) -> list[tuple[str, bool]]:
    """Names of the sheets of cells, and whether people see them."""
    return [
        (each.name, each.visible == SheetVisibleEnum.Visible)
        for each in workbook.sheets_metadata
        if each.typ == SheetTypeEnum.WorkSheet
    ]


def choose_sheet(workbook: Workbook, wanted: str) -> tuple[Sheet, str]:
    """The sheet that is asked for, else the first with data, hidden ones last; and why."""
    sheets = sheets_of(workbook)
    names = [name for name, _ in sheets]
    if wanted:
        if wanted not in names:
            raise BadDialect(
                field="sheet", reason=f"{wanted!r} is not there; known: {', '.join(names)}"
            )
        return workbook.get_sheet_by_name(wanted), told_sheets(sheets, wanted)
    for name, _ in sorted(sheets, key=lambda each: not each[1]):
        sheet = workbook.get_sheet_by_name(name)
        if sheet.start is not None:
            return sheet, told_sheets(sheets, name)
    raise EmptyFile


def told_sheets(sheets: Sequence[tuple[str, bool]], chosen: str) -> str:
    others = [
        name if is_visible else f"{name} (hidden)" for name, is_visible in sheets if name != chosen
    ]
    if not others:
        return "the workbook has one sheet"
    more = ", ..." if len(others) > TOLD_SHEETS else ""
    return f"the workbook has other sheets too: {', '.join(others[:TOLD_SHEETS])}{more}"


# --- the header ------------------------------------------------------------------------------------
def shifted(merges: Sequence[Merge], sheet: Sheet) -> list[Merge]:
    """The merges with columns counted from the first that has anything in it."""
    left = sheet.start[1] if sheet.start else 0
    return [((top, a - left), (bottom, b - left)) for (top, a), (bottom, b) in merges]


def head_of(first: Sequence[Placed], merges: Sequence[Merge], asked: Mapping[str, Any]) -> Head:
    title_rows = count_title_rows(first, merges)
    rows = first[title_rows:]
    if "has_header" in asked and not asked["has_header"]:
        return Head(title_rows, 0, [], "")
    depth, reason = header_rows_of(rows, merges)
    if not depth and "has_header" not in asked:
        return Head(title_rows, 0, [], reason)
    depth = min(asked.get("header_rows") or depth or 1, len(rows))
    labels = joined_labels([spread(row, merges) for row in rows[:depth]])
    if title_rows:
        above = counted(title_rows, "row above it is", "rows above it are")
        reason += f"; {above} a title"
    return Head(title_rows, depth, labels, reason)


def header_rows_of(rows: Sequence[Placed], merges: Sequence[Merge]) -> tuple[int, str]:
    """How many of the first rows name the columns, and why."""
    if (depth := header_depth(rows, merges)) > 1:
        return depth, f"merged cells make a header of {depth} rows"
    depth, reason, _ = sniff_header_rows([row.cells for row in rows])
    return depth, reason


def count_title_rows(rows: Sequence[Placed], merges: Sequence[Merge]) -> int:
    """Rows at the top with one cell, or one merged over all columns, above a wider table."""
    width = max(filled(row) for row in rows)
    if width < LEAST_WIDTH:
        return 0
    for index, row in enumerate(rows[:TITLE_ROWS_LIMIT]):
        is_group = any(top == row.number and a < b for (top, a), (_, b) in merges)
        spans_all = any(top == row.number and b - a + 1 >= width for (top, a), (_, b) in merges)
        if filled(row) > 1 or (is_group and not spans_all):
            return index
    return 0


def filled(row: Placed) -> int:
    return sum(map(bool, row.cells))


def header_depth(rows: Sequence[Placed], merges: Sequence[Merge]) -> int:
    """1, or more where cells of the header are merged, down or across with names below."""
    top = rows[0].number
    last = top
    for (first, left), (bottom, right) in sorted(merges):
        if top <= first <= last:
            last = max(last, bottom, first + 1 if right > left else first)
    depth = sum(row.number <= last for row in rows)
    return depth if depth < len(rows) and depth <= HEADER_ROWS_LIMIT else 1


def spread(row: Placed, merges: Sequence[Merge]) -> Row:
    """The cells, each of those merged across having the text of the first."""
    cells = list(row.cells)
    for (top, left), (_, right) in merges:
        if top == row.number:
            for column in range(left + 1, min(right + 1, len(cells))):
                cells[column] = cells[left]
    return cells


def joined_labels(rows: Sequence[Row]) -> list[str]:
    """The texts of each column from above to below, each once."""
    columns = zip(*rows, strict=True)
    return [" ".join(dict.fromkeys(text for text in column if text)) for column in columns]


# --- rows ------------------------------------------------------------------------------------------
def placed_rows(sheet: Sheet, errors: Mapping[tuple[int, int], str]) -> Iterator[Placed]:
    left = sheet.start[1] if sheet.start else 0
    rows_with_errors = {row for row, _ in errors}
    for number, values in enumerate(sheet.iter_rows()):
        cells = [TEXT_OF[type(value)](value) for value in values]
        if number in rows_with_errors:
            for column, cell in enumerate(cells):
                cells[column] = cell or errors.get((number, column + left), "")
        if any(cells):
            yield Placed(number, cells)


def batches(
    rows: Iterator[Placed], *, height: int, width: int
) -> Iterator[tuple[float, list[Row]]]:
    at_most = max(1, min(BATCH_ROWS, BATCH_CELLS // (width or 1)))
    number = 0
    while batch := list(islice(rows, at_most)):
        for row in batch:
            number += 1
            if max(map(len, row.cells)) > CELL_LIMIT_CHARS:
                raise CellTooLong(row_number=number, limit_chars=CELL_LIMIT_CHARS)
        yield min(1.0, batch[-1].number / height), [row.cells for row in batch]


def told_errors(errors: Mapping[tuple[int, int], str]) -> list[str]:
    if not errors:
        return []
    kinds = ", ".join(sorted(set(errors.values())))
    told = counted(len(errors), "cell holds", "cells hold")
    return [f"{told} an error of the workbook: {kinds}."]


# --- cells -----------------------------------------------------------------------------------------
def number_text(value: float) -> str:
    if value.is_integer() and abs(value) < EXACT_BELOW:
        return str(int(value))
    return repr(value)


def moment_text(value: datetime) -> str:
    """To the millisecond, which is what the number behind it can tell."""
    rounded = value + timedelta(microseconds=500)
    rounded = rounded.replace(microsecond=rounded.microsecond // 1000 * 1000)
    text = rounded.isoformat(" ")
    return text.rstrip("0") if rounded.microsecond else text


def duration_text(value: timedelta) -> str:
    """Hours, which may be more than a day has, minutes and seconds."""
    seconds = value.total_seconds()
    hours, rest = divmod(abs(round(seconds)), SECONDS_PER_HOUR)
    minutes, left = divmod(rest, SECONDS_PER_MINUTE)
    return f"{'-' * (seconds < 0)}{hours:02}:{minutes:02}:{left:02}"


def time_text(value: time) -> str:
    return replace_fraction(value).isoformat()


def replace_fraction(value: time) -> time:
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


TEXT_OF: dict[type, Callable[[Any], str]] = {
    str: lambda value: value,
    float: number_text,
    int: str,
    bool: lambda value: "TRUE" if value else "FALSE",
    date: date.isoformat,
    datetime: moment_text,
    time: time_text,
    timedelta: duration_text,
}
