"""Makers of large hostile files; each writes one to a path, in bounded memory."""

import gzip
import io
import json
import lzma
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from tests.apiapp.imports.formats.made_files import (
    arrow_file,
    arrow_stream,
    parquet_file,
    xls_file,
    xlsx_file,
    zip_file,
)

MIB, GIB = 1 << 20, 1 << 30
SHEET = "xl/worksheets/sheet1.xml"
SHEET_HEAD = (
    b'<?xml version="1.0"?>'
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)
SHEET_TAIL = b"</sheetData></worksheet>"
ODS_NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text")
)
ODS_HEAD = (
    f'<office:document-content {ODS_NAMES} office:version="1.3"><office:body>'
    '<office:spreadsheet><table:table table:name="Sheet1">'
).encode()
ODS_TAIL = b"</table:table></office:spreadsheet></office:body></office:document-content>"
ODS_CELL = '<table:table-cell office:value-type="string"{}><text:p>x</text:p></table:table-cell>'


class Written(Protocol):
    """What takes bytes."""

    def write(self, content: bytes, /) -> object: ...


def repeated(file: Written, piece: bytes, size_bytes: int) -> None:
    """`piece` again and again, about as many bytes."""
    block = piece * max(1, min(4 * MIB, size_bytes) // len(piece))
    for _ in range(size_bytes // len(block)):
        file.write(block)


def text(head: bytes, piece: bytes, tail: bytes, size_bytes: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with path.open("wb") as file:
            file.write(head)
            repeated(file, piece, size_bytes)
            file.write(tail)

    return make


def plain(content: Callable[[], bytes]) -> Callable[[Path], None]:
    return lambda path: void(path.write_bytes(content()))


def void(_: object) -> None:
    """Nothing: of what was written nobody asks how much."""


# --- text ------------------------------------------------------------------------------------------
def bad_bytes_in_the_middle(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"id,name\n")
        repeated(file, b"1,ok\n", 100 * MIB)
        file.write(b"2,\xff\xfe\xfa\n3,a\0b\n")
        repeated(file, b"1,ok\n", 100 * MIB)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"a,b\n1,2\n")
        file.truncate(GIB)


# --- JSON ------------------------------------------------------------------------------------------
ROW = json.dumps({"id": 1, "name": "Ångström", "price": 1.25, "tags": ["a", "b"]}).encode()


# --- workbooks -------------------------------------------------------------------------------------
def parts_of(workbook: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        return {name: parts.read(name) for name in parts.namelist()}


def workbook_with(path: Path, write: Callable[[Written], None], part: str = SHEET) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as parts:
        for name, content in parts_of(xlsx_file()).items():
            if name != part:
                parts.writestr(name, content)
        with parts.open(part, "w", force_zip64=True) as file:
            write(file)


def million_rows(path: Path) -> None:
    def write(file: Written) -> None:
        file.write(SHEET_HEAD)
        for start in range(1, 1_000_001, 10_000):
            file.write("".join(map(sheet_row, range(start, start + 10_000))).encode())
        file.write(SHEET_TAIL)

    workbook_with(path, write)


def sheet_row(number: int) -> str:
    cells = "".join(
        f'<c r="{column}{number}"><v>{number * 7 % 1000}.5</v></c>' for column in "ABCDEFGHIJ"
    )
    name = f'<c r="K{number}" t="inlineStr"><is><t>name {number}</t></is></c>'
    return f'<row r="{number}">{cells}{name}</row>'


def blank_cells(path: Path) -> None:
    """A sheet of 2 GiB that packs a thousand to one."""

    def write(file: Written) -> None:
        file.write(SHEET_HEAD)
        repeated(file, b'<row r="1"><c r="A1"/></row>', 2 * GIB)
        file.write(SHEET_TAIL)

    workbook_with(path, write)


def far_cells(path: Path) -> None:
    """Two cells in opposite corners: 17 thousand million cells between them."""

    def write(file: Written) -> None:
        file.write(SHEET_HEAD)
        file.write(b'<row r="1"><c r="A1"><v>1</v></c></row>')
        file.write(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>' + SHEET_TAIL)

    workbook_with(path, write)


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + "]>"
)


def laughs_in(part: str, body: str) -> Callable[[Path], None]:
    return lambda path: workbook_with(
        path, lambda file: void(file.write((LAUGHS + body).encode())), part
    )


def ods_of(write: Callable[[Written], None]) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as parts:
            parts.writestr("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")
            parts.writestr("META-INF/manifest.xml", b"<manifest/>")
            with parts.open("content.xml", "w", force_zip64=True) as file:
                file.write(ODS_HEAD)
                write(file)
                file.write(ODS_TAIL)

    return make


def repeated_cells(rows: int, columns: int) -> Callable[[Written], None]:
    cell = ODS_CELL.format(f' table:number-columns-repeated="{columns}"')
    row = f'<table:table-row table:number-rows-repeated="{rows}">{cell}</table:table-row>'
    return lambda file: void(file.write(row.encode()))


def looping_sectors(path: Path) -> None:
    """A compound file each of whose sectors is said to follow itself.  Source: MS-CFB, 2.2, 2.3."""
    content = bytearray(xls_file())
    (first_fat,) = struct.unpack_from("<I", content, 76)
    at = (first_fat + 1) * 512
    for sector in range(128):
        struct.pack_into("<I", content, at + sector * 4, sector)
    path.write_bytes(content)


# --- archives --------------------------------------------------------------------------------------
def zeros_in_gzip(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=9) as file:
        repeated(file, b"\0" * MIB, 4 * GIB)


def rows_in_gzip(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=9) as file:
        repeated(file, b"1,2,3\n", 4 * GIB)


def lines_of_zstd(path: Path) -> None:
    with path.open("wb") as file, zstandard.ZstdCompressor().stream_writer(file) as packed:
        repeated(packed, b"1,2,3\n", 16 * GIB)


def overlapping_entries(path: Path) -> None:
    """Each entry's data begins within that before it: the kernel is told of many times.

    Source: D. Fifield, A better zip bomb (2019), full overlap.
    """
    data = gzip.compress(b"1,2,3\n" * (20 * MIB))[10:-8]
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, 0, len(data), 120 * MIB, 5, 0)
    body = local + b"a.csv" + data
    directory = b"".join(
        struct.pack(
            "<4s6H3I5H2I",
            b"PK\1\2",
            20,
            20,
            0,
            8,
            0,
            0,
            0,
            len(data),
            120 * MIB,
            5,
            0,
            0,
            0,
            0,
            0,
            0,
        )
        + b"a.csv"
        for _ in range(9000)
    )
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 9000, 9000, len(directory), len(body), 0)
    path.write_bytes(body + directory + end)


def lying_size(path: Path) -> None:
    """Its directory and its member say 10 bytes; 4 GiB come out."""
    content = io.BytesIO()
    with (
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.csv", "w") as member,
    ):
        repeated(member, b"1,2,3\n", 400 * MIB)
    raw = bytearray(content.getvalue())
    at = raw.rfind(b"PK\1\2")
    struct.pack_into("<I", raw, at + 24, 10)
    struct.pack_into("<I", raw, 22, 10)
    path.write_bytes(raw)


def nested(path: Path) -> None:
    content = b"a,b\n1,2\n"
    for _ in range(20):
        content = zip_file({"a.zip": content})
    path.write_bytes(content)


def itself_inside(path: Path) -> None:
    """Nine levels of ten archives: the classic 42.zip in small."""
    content = b"\0" * MIB
    for _ in range(5):
        content = zip_file({f"{number}.zip": content for number in range(10)})
    path.write_bytes(content)


# --- Parquet and Arrow -----------------------------------------------------------------------------
def wide_parquet(path: Path) -> None:
    columns = {f"c{number}": [1] for number in range(100_000)}
    pq.write_table(pa.table(columns), path)


def one_value_of_parquet(path: Path) -> None:
    """A row group of 2,000 million rows of one value in some bytes."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000_000, pa.int32()), ["x" * 10_000])
    pq.write_table(pa.table({"x": column}), path, store_schema=False, row_group_size=20_000_000)


def huge_offsets(path: Path) -> None:
    """A column of text whose last value is said to end 2 GiB further on."""
    table = pa.table({"a": ["x" * 10, "yy", "zzz"]})
    content = arrow_file(table)
    offsets = struct.pack("<4i", 0, 10, 12, 15)
    assert content.count(offsets) == 1
    path.write_bytes(content.replace(offsets, struct.pack("<4i", 0, 10, 12, 2**31 - 1)))


def negative_offsets(path: Path) -> None:
    content = arrow_stream(pa.table({"a": ["x" * 10, "yy", "zzz"]}))
    offsets = struct.pack("<4i", 0, 10, 12, 15)
    assert content.count(offsets) == 1
    path.write_bytes(content.replace(offsets, struct.pack("<4i", 0, -(2**31), 12, 15)))


def many_rows_said(path: Path) -> None:
    """The footer says a million million rows, the pages have three."""
    content = parquet_file(pa.table({"a": [1, 2, 3]}))
    at = content.rfind(b"PAR1") - 4
    (length,) = struct.unpack_from("<I", content, at)
    footer = content[at - length : at]
    lie = footer.replace(b"\x16\x06", b"\x16\xfe\xff\xff\xff\xff\x0f")  # zigzag of 3
    path.write_bytes(content[: at - length] + lie + struct.pack("<I", len(lie)) + b"PAR1")


def mostly_random(content: Callable[[], bytes]) -> Callable[[Path], None]:
    return lambda path: void(path.write_bytes(content()[:200] + os.urandom(50 * MIB)))


FILES: dict[str, Callable[[Path], None]] = {
    "JSON array of 1 GiB": text(b"[" + ROW, b"," + ROW, b"]", GIB),
    "JSON Lines of 1 GiB": text(b"", ROW + b"\n", b"", GIB),
    "JSON in an object, 1 GiB": text(b'{"data": [' + ROW, b"," + ROW, b"]}", GIB),
    "JSON of numbers, 1 GiB": text(b'{"data": [1', b",1", b"]}", GIB),
    "JSON of empty lists, 1 GiB": text(b'{"data": [1', b",[]", b"]}", GIB),
    "JSON string of 1 GiB": text(b'[{"a":"', b"x", b'"}]', GIB),
    "JSON key of 1 GiB": text(b'[{"', b"x", b'":1}]', GIB),
    "JSON number of 1 GiB": text(b"[1", b"1", b"]", GIB),
    "JSON of spaces": text(b"[", b" ", b"1]", GIB),
    "JSON never closed": text(b'[{"a":1},{"b": x', b",1", b"", 200 * MIB),
    "JSON broken in the middle": text(b'[{"a":1},{"a" 2}', b',{"a":1}', b"]", 200 * MIB),
    "JSON as deep as it is long": text(b"", b"[", b"", 200 * MIB),
    "JSON objects, deep": text(b"", b'{"a":', b"", 200 * MIB),
    "JSON with ever new keys": lambda path: void(
        path.write_text("[" + ",".join(f'{{"k{number}":1}}' for number in range(500_000)) + "]")
    ),
    "JSON Lines, one of 1 GiB": text(b'{"a":1}\n{"a":"', b"x", b'"}\n', GIB),
    "CSV, a cell of 1 GiB": text(b'a,b\n1,"', b"x", b'"\n', GIB),
    "CSV, a line of 500 MiB": text(b"a,b\n", b"1,", b"\n", 500 * MIB),
    "CSV, a million columns": text(b"", b"1,", b"1\n1\n", 2 * MIB),
    "CSV, rows of a million": text(b"a,b\n1,2\n1,2\n", b"1," * 500_000 + b"1\n", b"", 200 * MIB),
    "CSV of quotes": text(b"a,b\n", b'"', b"\n", 100 * MIB),
    "CSV of lone quotes": text(b"a,b\n", b'1,"x\n', b"", 200 * MIB),
    "CSV of blank lines": text(b"a,b\n", b"\n", b"1,2\n", 500 * MIB),
    "CSV of delimiters": text(b"a,b\n", b",\n", b"1,2\n", 300 * MIB),
    "CSV of NUL bytes": text(b"a,b\n", b"\0", b"\n", 500 * MIB),
    "sparse file": sparse,
    "bad bytes in the middle": bad_bytes_in_the_middle,
    "xlsx, a million rows": million_rows,
    "xlsx, blank cells": blank_cells,
    "xlsx, far cells": far_cells,
    "xlsx, laughs in the sheet": laughs_in(
        SHEET,
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="str"><v>&a11;</v></c></row></sheetData></worksheet>',
    ),
    "xlsx, laughs in the strings": laughs_in(
        "xl/sharedStrings.xml", "<sst><si><t>&a11;</t></si></sst>"
    ),
    "xlsx, laughs in the workbook": laughs_in("xl/workbook.xml", "<workbook>&a11;</workbook>"),
    "xls, looping sectors": looping_sectors,
    "ods, all cells": ods_of(repeated_cells(1_048_576, 16_384)),
    "ods, all rows": ods_of(repeated_cells(1_048_576, 1)),
    "ods, more than all": ods_of(repeated_cells(2**31 - 1, 2**31 - 1)),
    "gzip of zeros": zeros_in_gzip,
    "gzip of rows": rows_in_gzip,
    "zstd of rows": lines_of_zstd,
    "gzip, cut": lambda path: void(path.write_bytes(gzip.compress(os.urandom(9 * MIB))[:-MIB])),
    "xz, cut": lambda path: void(path.write_bytes(lzma.compress(b"a,b\n" * MIB)[:-40])),
    "zip, overlapping entries": overlapping_entries,
    "zip, lying size": lying_size,
    "zip in zip in zip": nested,
    "zip of zips": itself_inside,
    "Parquet, 100,000 columns": wide_parquet,
    "Parquet, one value": one_value_of_parquet,
    "Parquet, many rows said": many_rows_said,
    "Arrow, huge offsets": huge_offsets,
    "Arrow, negative offsets": negative_offsets,
    "Parquet, random": mostly_random(parquet_file),
    "Arrow, random": mostly_random(arrow_file),
    "xls, random": mostly_random(xls_file),
}
