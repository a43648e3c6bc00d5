"""A workbook that is read a few rows at a time says what it says when it is read at once."""

import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from apiapp.imports.errors import BadDialect, UnreadableFile
from apiapp.imports.pipeline.containers import Limits
from apiapp.imports.pipeline.formats import large_workbook, sheet_xml
from apiapp.imports.pipeline.formats.workbook import read_workbook
from tests.apiapp.imports.formats.made_files import saved, with_part, xlsx_file

SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def made(fill: Callable[[Worksheet], Any]) -> bytes:
    workbook = openpyxl.Workbook()
    assert isinstance(workbook.active, Worksheet)
    fill(workbook.active)
    return saved(workbook)


def all_values(sheet: Worksheet) -> None:
    sheet.append(["whole", "fraction", "yes", "day", "moment", "hours", "text"])
    moment = datetime.fromisoformat("2020-01-31 23:59:58")
    for number in range(300):
        hours = timedelta(hours=number, minutes=5)
        text = f"  <b> & {number % 7} 号 t=\"s\" <c t='s'>"
        sheet.append([number, number / 8, number % 2 == 0, date(2020, 1, 31), moment, hours, text])


def far_apart(sheet: Worksheet) -> None:
    """Blank rows, cells at the edges far below, and formats without a value beyond them."""
    sheet["C4"], sheet["D4"], sheet["C90"], sheet["D90"] = "id", "x", 1, "y"
    sheet["B700"], sheet["F801"] = "left", "right"
    sheet["Z5"].font = sheet["A6"].font = Font(bold=True)


def with_merges(sheet: Worksheet) -> None:
    for row in (["Region", "2023", "", "2024", ""], ["", "Q1", "Q2", "Q1", "Q2"]):
        sheet.append(row)
    for number in range(200):
        sheet.append([f"Region {number}", number, 2, 3, 4])
    for merge in ("A1:A2", "B1:C1", "D1:E1"):
        sheet.merge_cells(merge)


def rich(sheet: Worksheet) -> None:
    for number in range(200):
        sheet.append([number, CellRichText("plain ", TextBlock(InlineFont(b=True), f"b{number}"))])


def of_xml(rows: str, tag: str = "") -> bytes:
    """A workbook whose sheet is written as it stands here, with the prefix `tag`."""
    xmlns = f'xmlns:{tag[:-1]}="{MAIN}"' if tag else f'xmlns="{MAIN}"'
    xml = f"<{tag}worksheet {xmlns}><{tag}sheetData>{rows}</{tag}sheetData></{tag}worksheet>"
    return with_part(xlsx_file(), SHEET, xml.encode())


def number_rows(form: str, count: int = 300) -> str:
    return "".join(form.format(n=number) for number in range(1, count))


TEXTS = "".join(f"<si><t>text {number}</t></si>" for number in range(5000)).encode()
WORKBOOKS = {
    "values of all types": made(all_values),
    "far apart": made(far_apart),
    "merged cells": made(with_merges),
    "rich text": made(rich),
    "cells without their places": of_xml(
        number_rows("<row><c/><c><v>{n}</v></c><c/><c><v>7</v></c><c/></row>")
    ),
    "places of some cells": of_xml(
        number_rows('<row r="{n}0"><c r="C{n}0"><v>{n}</v></c><c><v>8</v></c></row><row/>')
    ),
    "an error": of_xml(
        number_rows('<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}" t="n"><v>1</v></c></row>')
        + '<row r="400"><c r="A400" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
    ),
    "a prefix": of_xml(
        number_rows('<x:row r="{n}"><x:c r="B{n}"><x:v>{n}</x:v></x:c></x:row>'), "x:"
    ),
    "shared strings in any order": with_part(
        of_xml(
            number_rows(
                '<row r="{n}"><c r="A{n}" t="s"><v>{n}7</v></c><c r="B{n}" t="s"><v>3</v></c>'
                "<c r='C{n}' t='s'><f>x</f><v>4{n}</v></c><c r=\"D{n}\" t=\"s\"/></row>"
            )
        ),
        STRINGS,
        b'<sst xmlns="%s">%s</sst>' % (MAIN.encode(), TEXTS),
    ),
    "a comment": of_xml(number_rows("<row><c><v>{n}</v></c></row><!-- <row> -->")),
}  # fmt: skip


def told(content: bytes, **asked: Any) -> tuple[Any, ...]:
    table = read_workbook(io.BytesIO(content), asked, Limits())
    rows = [row for _, batch in table.batches for row in batch]
    return table.header, rows, table.dialect, table.reasons, table.warnings, table.choices


def read_by_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_workbook, "LARGE_BYTES", 0)
    monkeypatch.setattr(large_workbook, "BATCH_CELLS", 60)
    monkeypatch.setattr(sheet_xml, "BLOCK_BYTES", 3000)


@pytest.mark.parametrize("name", WORKBOOKS)
def test_what_a_workbook_says_does_not_depend_on_how_it_is_read(
    name: str, monkeypatch: pytest.MonkeyPatch
):
    at_once = told(WORKBOOKS[name])

    read_by_rows(monkeypatch)

    assert told(WORKBOOKS[name]) == at_once
    assert len(at_once[1]) >= 3


def test_the_sheet_is_chosen_among_those_of_a_large_workbook(monkeypatch: pytest.MonkeyPatch):
    workbook = openpyxl.Workbook()
    for name in ("One", "Two"):
        all_values(workbook.create_sheet(name))
    content = saved(workbook)
    read_by_rows(monkeypatch)

    assert told(content)[2]["sheet"] == "One"
    assert told(content, sheet="Two")[2]["sheet"] == "Two"
    with pytest.raises(BadDialect, match="'Three' is not there"):
        told(content, sheet="Three")


def test_a_large_workbook_whose_sheet_is_cut_is_refused(monkeypatch: pytest.MonkeyPatch):
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData><row><c><v>1</v></c></row>'
    content = with_part(made(all_values), SHEET, sheet.encode())
    read_by_rows(monkeypatch)

    with pytest.raises(UnreadableFile, match="its sheet ends in the middle"):
        told(content)


def test_a_string_that_a_large_workbook_has_not_is_refused(monkeypatch: pytest.MonkeyPatch):
    cells = of_xml('<row><c t="s"><v>99</v></c></row>')
    content = with_part(cells, STRINGS, b"<sst><si><t>one</t></si></sst>")
    read_by_rows(monkeypatch)

    with pytest.raises(UnreadableFile, match="it has no shared string 99"):
        told(content)
