"""The errors in a sheet of an xlsx workbook, which calamine leaves empty: `#N/A`, `#DIV/0!`...

Also where an xlsx workbook's real size is found out, as all of the sheet passes through here.
Source: ECMA-376, part 1, 18.3.1.4 (c) and 18.18.11 (ST_CellType, "e").
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO
from xml.etree.ElementTree import ParseError  # nosec B405 # the error alone

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from apiapp.imports.errors import UnreadableFile

PIECE_BYTES = 1 << 20
PART_LIMIT_BYTES = 16 << 20  # of the parts that say which sheet is where
CELL_LIMIT_BYTES = 4096  # an error's cell has its formula, which has at most 8192 characters
ERRORS_LIMIT = 100_000
WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
error_cell = re.compile(rb'<(?:\w+:)?c\s([^>]*\bt="e"[^>]*)>(.{0,9000}?)</(?:\w+:)?c>', re.DOTALL)
place = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
shown = re.compile(rb"<(?:\w+:)?v>([^<]{1,20})</")


def error_cells(file: BinaryIO, sheet_name: str) -> dict[tuple[int, int], str]:
    """What stands in each cell with an error, by row and column from 0; empty unless it is xlsx."""
    file.seek(0)
    if not zipfile.is_zipfile(file):
        return {}
    with damage_told(), zipfile.ZipFile(file) as parts:
        if WORKBOOK not in parts.namelist():
            return {}
        part = part_of(parts, sheet_name)
        return errors_in(parts, part) if part in parts.namelist() else {}


@contextmanager
def damage_told() -> Iterator[None]:
    try:
        yield
    except DefusedXmlException as error:
        raise UnreadableFile("the workbook is damaged: it declares entities") from error
    except (ParseError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise UnreadableFile(f"the workbook is damaged: {error}") from error


def part_of(parts: zipfile.ZipFile, sheet_name: str) -> str:
    """The name of the part that holds the sheet; "" if it cannot be told."""
    book = defusedxml.ElementTree.fromstring(small_part(parts, WORKBOOK))
    relation = next(
        (
            each.get(RELATION_ID)
            for each in book.iter()
            if each.tag.endswith("}sheet") and each.get("name") == sheet_name
        ),
        None,
    )
    for each in defusedxml.ElementTree.fromstring(small_part(parts, RELATIONS)):
        if each.get("Id") == relation:
            target = each.get("Target", "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return ""


def small_part(parts: zipfile.ZipFile, name: str) -> bytes:
    with parts.open(name) as part:
        content = part.read(PART_LIMIT_BYTES + 1)
    if len(content) > PART_LIMIT_BYTES:
        raise UnreadableFile(f"the workbook is damaged: {name} is too long")
    return content


def errors_in(parts: zipfile.ZipFile, name: str) -> dict[tuple[int, int], str]:
    found: dict[tuple[int, int], str] = {}
    kept = b""
    with parts.open(name) as part:
        while piece := part.read(PIECE_BYTES):
            text = kept + piece
            if b't="e"' in text:
                found |= errors_of(text)
            if len(found) > ERRORS_LIMIT:
                break
            kept = text[-2 * CELL_LIMIT_BYTES :]
    return found


def errors_of(text: bytes) -> dict[tuple[int, int], str]:
    found = {}
    for cell in error_cell.finditer(text):
        at, value = place.search(cell[1]), shown.search(cell[2])
        if at and value:
            found[int(at[2]) - 1, column_number(at[1])] = value[1].decode("ascii", "replace")
    return found


def column_number(letters: bytes) -> int:
    """0 for A, 26 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1
