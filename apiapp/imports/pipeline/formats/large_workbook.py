"""A large xlsx workbook, read a few thousand rows at a time in a bounded memory.

calamine keeps all of a sheet and all shared strings; so it is given small workbooks, one after
another, each of them the same but for its rows and strings.  What a cell says is told by calamine
alone, and is the same as if it had read all of it.
"""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from python_calamine import CalamineWorkbook, SheetMetadata, load_workbook

from apiapp.imports.errors import UnreadableFile
from apiapp.imports.pipeline.containers import Limits, Unpacking
from apiapp.imports.pipeline.formats.error_cells import ERRORS_LIMIT, errors_of
from apiapp.imports.pipeline.formats.shared_strings import SharedStrings
from apiapp.imports.pipeline.formats.sheet_xml import (
    NotPlain,
    SheetXml,
)
from apiapp.imports.pipeline.formats.xlsx_parts import (
    RELATIONS,
    STRINGS,
    WORKBOOK,
    damage_told,
    part_of,
    small_part,
)

BATCH_CELLS = 100_000
LARGE_BYTES = 16 << 20  # of sheets and shared strings, unpacked: what is less is read at once
AROUND = (WORKBOOK, RELATIONS, "xl/styles.xml", "_rels/.rels", "[Content_Types].xml")

Merge = tuple[tuple[int, int], tuple[int, int]]
Cells = list[Any]


def is_large(file: BinaryIO) -> bool:
    """Whether it is xlsx, and says that it has so much in it."""
    file.seek(0)
    if not zipfile.is_zipfile(file):
        return False
    with damage_told(), zipfile.ZipFile(file) as parts:
        sizes = {info.filename: info.file_size for info in parts.infolist()}
    if WORKBOOK not in sizes:
        return False
    return (
        sum(size for name, size in sizes.items() if name == STRINGS or "/worksheets/" in name)
        >= LARGE_BYTES
    )


class LargeWorkbook:
    """Like CalamineWorkbook, as far as a table needs it; the file stays the caller's."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        """Raises NotPlain and UnreadableFile."""
        self._file, self._limits = file, limits
        with damage_told():
            self._parts = zipfile.ZipFile(file)
            if WORKBOOK not in self._parts.namelist() or RELATIONS not in self._parts.namelist():
                raise NotPlain
            self._around = {
                name: small_part(self._parts, name)
                for name in AROUND
                if name in self._parts.namelist()
            }
        self._empty = self.with_parts({})
        self._strings: SharedStrings | None = None

    @property
    def sheets_metadata(self) -> list[SheetMetadata]:
        return self._empty.sheets_metadata

    def get_sheet_by_name(self, name: str) -> "LargeSheet":
        """Looks through all of it.  Raises NotPlain and UnreadableFile."""
        with damage_told():
            part = part_of(self._parts, name)
            if part not in self._parts.namelist():
                raise NotPlain
            return LargeSheet(self, name, part, SheetXml(self._parts, part))

    def with_parts(self, parts: dict[str, bytes]) -> CalamineWorkbook:
        """The workbook with these parts instead of its sheets and strings."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for name, data in (self._around | parts).items():
                archive.writestr(name, data)
        content.seek(0)
        return load_workbook(content)

    def strings(self) -> SharedStrings | None:
        """Unpacked where they are first asked for; None without any."""
        if self._strings is None and STRINGS in self._parts.namelist():
            info = self._parts.getinfo(STRINGS)
            with self._parts.open(info) as stream:
                unpacking = Unpacking(
                    stream,
                    packed=self._file,
                    packed_bytes=info.compress_size,
                    limits=self._limits,
                )
                unpacking.unpack()
            self._strings = SharedStrings(unpacking.file, folder_of(self._limits))
        return self._strings

    def close(self) -> None:
        """Give back the disk that the strings take."""
        if self._strings:
            self._strings.close()
            self._strings = None


class LargeSheet:
    """Like CalamineSheet, as far as a table needs it.

    errors: the cells with an error of the workbook, by row and column from 0.
    """

    def __init__(self, book: LargeWorkbook, name: str, part: str, xml: SheetXml) -> None:
        """Looks through all of the sheet.  Raises NotPlain and UnreadableFile."""
        self.name = name
        self.errors: dict[tuple[int, int], str] = {}
        self.total_height = 0
        self._book, self._part, self._xml = book, part, xml
        used: set[int] = set()
        for block in xml.blocks():
            used |= xml.used_columns(block)
            self.total_height = xml.last_row(block, after_row=self.total_height)
            if b't="e"' in block and len(self.errors) <= ERRORS_LIMIT:
                self.errors |= errors_of(block)
        self._left, self._right = (min(used), max(used)) if used else (0, -1)
        self.start = (0, self._left) if used else None
        self.width = self._right - self._left + 1

    @property
    def merged_cell_ranges(self) -> list[Merge] | None:
        content = self._xml.of_rows(b"", after_row=0)
        return (
            self._book.with_parts({self._part: content})
            .get_sheet_by_name(self.name)
            .merged_cell_ranges
        )

    def iter_rows(self) -> Iterator[Cells]:
        """The rows from the sheet's first on, [] for those without cells."""
        try:
            yield from self._rows()
        finally:
            self._book.close()

    def _rows(self) -> Iterator[Cells]:
        at_most = max(1, BATCH_CELLS // (self.width or 1))
        done = given = 0  # numbers of rows, from 1: that have been read, and given
        for block in self._xml.blocks():
            for rows in self._xml.parts_of(block, at_most=at_most):
                for number, cells in self._read(rows, after_row=done):
                    if number > given + 1:
                        yield from ([] for _ in range(number - given - 1))
                    yield cells
                    given = number
                done = self._xml.last_row(rows, after_row=done)

    def _read(self, rows: bytes, *, after_row: int) -> Iterator[tuple[int, Cells]]:
        strings = self._book.strings()
        parts = {}
        if strings:
            rows, parts[STRINGS] = strings.of_rows(rows)
        parts[self._part] = self._xml.of_rows(rows, after_row=after_row)
        sheet = self._book.with_parts(
            {name: data for name, data in parts.items() if data}
        ).get_sheet_by_name(self.name)
        if sheet.start is None or sheet.end is None:
            return
        (top, left), (_, right) = sheet.start, sheet.end
        if left < self._left or right > self._right:
            raise UnreadableFile("the workbook is damaged: its cells are not where they say")
        before, behind = [""] * (left - self._left), [""] * (self._right - right)
        for number, cells in enumerate(sheet.to_python(skip_empty_area=True), top + 1):
            yield number, [*before, *cells, *behind] if before or behind else cells


def folder_of(limits: Limits) -> Path | None:
    return limits.folder if limits.folder and limits.folder.is_dir() else None
