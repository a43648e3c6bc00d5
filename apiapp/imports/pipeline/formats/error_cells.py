"""The errors in a sheet of an xlsx workbook, which calamine leaves empty: `#N/A`, `#DIV/0!`...

Also where an xlsx workbook's real size is found out, as all of the sheet passes through here.
Source: ECMA-376, part 1, 18.3.1.4 (c) and 18.18.11 (ST_CellType, "e").
"""

import re
import zipfile
from typing import BinaryIO

from apiapp.imports.pipeline.formats.sheet_xml import column_number
from apiapp.imports.pipeline.formats.xlsx_parts import WORKBOOK, damage_told, part_of

PIECE_BYTES = 1 << 20
CELL_LIMIT_BYTES = 4096  # an error's cell has its formula, which has at most 8192 characters
ERRORS_LIMIT = 100_000
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
