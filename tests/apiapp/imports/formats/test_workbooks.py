"""What is in a workbook: sheets, headers, values."""

import io
import re
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from apiapp.imports.errors import BadDialect, EmptyFile, NoTable, UnreadableFile
from apiapp.imports.pipeline.opening import opened
from tests.apiapp.imports.formats.made_files import records, saved, written, xlsx_file, zip_file

SHEET = "xl/worksheets/sheet1.xml"


def made(fill: Callable[[Worksheet], Any]) -> bytes:
    workbook = openpyxl.Workbook()
    assert isinstance(workbook.active, Worksheet)
    fill(workbook.active)
    return saved(workbook)


def filled(sheet: Worksheet, cells: dict[str, Any], *merges: str) -> None:
    for place, value in cells.items():
        sheet[place] = value
    for merge in merges:
        sheet.merge_cells(merge)


def test_values_are_the_text_that_a_csv_of_the_sheet_would_have(tmp_path: Path):
    rows = [
        ["whole", "fraction", "large", "yes", "day", "moment", "time", "hours", "text", "blank"],
        [7, 0.25, 123456789012, True, date(2020, 1, 31), datetime.fromisoformat("2020-01-31 23:59:58"), time(9, 5),
         timedelta(hours=26, minutes=30), " 007 ", None],
        [-7.0, 1e-7, 1e20, False, date(1999, 12, 1), datetime.fromisoformat("2020-01-31"), time(0, 0, 1), timedelta(minutes=1), "1e5", None],
    ]  # fmt: skip
    with opened(written(tmp_path, xlsx_file(rows))) as content:
        header, cells = records(content)

    assert header == rows[0]
    assert cells == [
        ["7", "0.25", "123456789012", "TRUE", "2020-01-31", "2020-01-31 23:59:58", "09:05:00",
         "26:30:00", " 007 ", ""],
        ["-7", "1e-07", "1e+20", "FALSE", "1999-12-01", "2020-01-31", "00:00:01", "00:01:00", "1e5", ""],
    ]  # fmt: skip


def test_rows_and_columns_that_are_empty_at_the_edges_are_no_part_of_the_table(tmp_path: Path):
    content = made(
        lambda sheet: filled(sheet, {"C4": "id", "D4": "x", "C5": 1, "C7": 2, "D7": "y"})
    )

    with opened(written(tmp_path, content)) as found:
        assert records(found) == (["id", "x"], [["1", ""], ["2", "y"]])


def test_merged_cells_of_a_header_are_filled_across_and_its_rows_are_joined(tmp_path: Path):
    cells = {
        "A1": "Region", "B1": "2023", "D1": "2024", "B2": "Q1", "C2": "Q2", "D2": "Q1", "E2": "Q2",
        "A3": "North", "B3": 1, "C3": 2, "D3": 3, "E3": 4,
        "A4": "South", "B4": 5, "C4": 6, "D4": 7, "E4": 8,
    }  # fmt: skip
    content = made(lambda sheet: filled(sheet, cells, "A1:A2", "B1:C1", "D1:E1"))

    with opened(written(tmp_path, content)) as found:
        header, rows = records(found)
        assert found.dialect.header_rows == 2
        assert "merged" in found.reasons["has_header"]

    assert header == ["Region", "2023 Q1", "2023 Q2", "2024 Q1", "2024 Q2"]
    assert rows == [["North", "1", "2", "3", "4"], ["South", "5", "6", "7", "8"]]


def test_a_title_above_the_table_is_passed_over_and_told(tmp_path: Path):
    cells = {"A1": "Sales of the year", "A3": "id", "B3": "what", "C3": "sum",
             "A4": 1, "B4": "x", "C4": 2.5, "A5": 2, "B5": "y", "C5": 3}  # fmt: skip
    content = made(lambda sheet: filled(sheet, cells, "A1:C1"))

    with opened(written(tmp_path, content)) as found:
        assert records(found) == (["id", "what", "sum"], [["1", "x", "2.5"], ["2", "y", "3"]])
        assert "1 row above it is a title" in found.reasons["has_header"]


def test_whether_there_is_a_header_can_be_said(tmp_path: Path):
    path = written(tmp_path, xlsx_file([["a", "b"], [1, 2]]))

    with opened(path, asked={"has_header": False}) as found:
        assert records(found) == ([], [["a", "b"], ["1", "2"]])


def workbook_of_sheets() -> bytes:
    workbook = openpyxl.Workbook()
    assert isinstance(workbook.active, Worksheet)
    workbook.active.title = "Empty"
    hidden = workbook.create_sheet("Secret")
    hidden.sheet_state = "hidden"
    filled(hidden, {"A1": "s", "A2": 9})
    filled(workbook.create_sheet("Data"), {"A1": "d", "A2": 1})
    filled(workbook.create_sheet("More"), {"A1": "m", "A2": 2})
    return saved(workbook)


def test_the_first_sheet_with_data_that_people_see_is_read_and_the_others_are_told(tmp_path: Path):
    path = written(tmp_path, workbook_of_sheets())

    with opened(path) as found:
        assert records(found) == (["d"], [["1"]])
        assert found.dialect.sheet == "Data"
        assert found.choices["sheet"] == ["Empty", "Secret", "Data", "More"]
        assert found.reasons["sheet"].endswith("Empty, Secret (hidden), More")
    with opened(path, asked={"sheet": "Secret"}) as found:
        assert records(found) == (["s"], [["9"]])
    with (
        pytest.raises(BadDialect, match="sheet 'None' is not there"),
        opened(path, asked={"sheet": "None"}),
    ):
        pass
    with (
        pytest.raises(EmptyFile),
        opened(path, asked={"sheet": "Empty"}),
    ):
        pass


def changed(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one part of it changed."""
    parts = zipfile.ZipFile(io.BytesIO(content))
    members = {each: parts.read(each) for each in parts.namelist()}
    return zip_file(members | {name: change(members[name])})


def with_an_error(sheet: bytes) -> bytes:
    """As Excel writes a formula that failed."""
    cell = b'<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
    return re.sub(rb'<c r="B2"[^>]*>.*?</c>', cell, sheet)


def test_errors_are_told_and_stand_as_excel_writes_them_and_formulas_are_their_values(
    tmp_path: Path,
):
    content = changed(xlsx_file([["a", "b"], [1, 2], [3, 4]]), SHEET, with_an_error)
    path = written(tmp_path, content)

    with opened(path) as found:
        assert records(found)[1] == [["1", "#DIV/0!"], ["3", "4"]]
        assert found.warnings == ["1 cell holds an error of the workbook: #DIV/0!."]


def test_a_workbook_with_a_password_is_refused_with_what_to_do(tmp_path: Path):
    directory = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0") + bytes(64)
        for name in ("Root Entry", "EncryptionInfo", "EncryptedPackage", "")
    )
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(30, b"\0") + b"\x09\0" + bytes(16) + bytes(4)

    with (
        pytest.raises(NoTable, match="protected by a password"),
        opened(written(tmp_path, header.ljust(512, b"\0") + directory)),
    ):
        pass


def test_a_damaged_workbook_is_refused(tmp_path: Path):
    content = changed(xlsx_file(), SHEET, lambda sheet: sheet[:-200])

    with pytest.raises(UnreadableFile), opened(written(tmp_path, content)) as found:
        records(found)


@pytest.mark.parametrize(
    ("part", "place"), [(SHEET, b"<t>x</t>"), ("xl/workbook.xml", b'name="Sheet"')]
)
def test_entities_of_a_workbook_are_not_expanded(part: str, place: bytes, tmp_path: Path):
    """ "Billion laughs": each entity is ten of the one before."""
    laughs = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 10))
    start = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>'.encode()

    def laughing(xml: bytes) -> bytes:
        assert place in xml
        return start + xml.replace(place, re.sub(rb"x|Sheet", b"&l9;", place))

    path = written(tmp_path, changed(xlsx_file([["a", "b"], ["x", "y"]]), part, laughing))

    with suppress(UnreadableFile), opened(path) as found:
        header, rows = records(found)
        assert max(len(cell) for row in [header, *rows] for cell in row) < 1000
