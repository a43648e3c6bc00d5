"""Small files of every format with the same table in them, and what packs them."""

import bz2
import gzip
import io
import json
import lzma
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import xlwt
import zstandard

from apiapp.imports.pipeline.opening import Opened, opened

HEADER = ["id", "name", "price", "born", "active"]
ROWS: list[list[Any]] = [
    [1, "Ångström", 1.5, date(2020, 1, 31), True],
    [2, 'said "no", left', 20.25, date(1999, 12, 1), False],
    [3, "007", -3.0, None, True],
]


# --- text ------------------------------------------------------------------------------------------
def csv_file() -> bytes:
    return (
        "id,name,price,born,active\n"
        "1,Ångström,1.5,2020-01-31,true\n"
        '2,"said ""no"", left",20.25,1999-12-01,false\n'
        "3,007,-3,,true\n"
    ).encode()


def objects() -> list[dict[str, Any]]:
    rows = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
    return [row | {"born": row["born"] and row["born"].isoformat()} for row in rows]


def json_file() -> bytes:
    return json.dumps(objects(), indent=2).encode()


def json_lines_file() -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in objects()).encode()


# --- workbooks -------------------------------------------------------------------------------------
def xlsx_file(rows: Sequence[Sequence[Any]] = (HEADER, *ROWS)) -> bytes:
    workbook = openpyxl.Workbook()
    assert workbook.active
    for row in rows:
        workbook.active.append(row)
    return saved(workbook)


def saved(workbook: Any) -> bytes:
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def xls_file() -> bytes:
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("Sheet1")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for row, values in enumerate([HEADER, *ROWS]):
        for column, value in enumerate(values):
            style = [day] if isinstance(value, date) else []
            sheet.write(row, column, value, *style)
    return saved(workbook)


def ods_file() -> bytes:
    """The least that an OpenDocument spreadsheet has."""
    body = "".join(
        f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>"
        for row in [HEADER, *ROWS]
    )
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f'<office:document-content {names} office:version="1.3"><office:body>'
        f'<office:spreadsheet><table:table table:name="Sheet1">{body}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return zip_file(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": b'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
            "content.xml": content.encode(),
        }
    )


def ods_cell(value: Any) -> str:
    if value is None:
        return "<table:table-cell/>"
    kinds: list[tuple[type, str]] = [
        (bool, 'boolean" office:boolean-value="{}"'),
        (int, 'float" office:value="{}"'),
        (float, 'float" office:value="{}"'),
        (date, 'date" office:date-value="{}"'),
    ]
    for kind, attributes in kinds:
        if isinstance(value, kind):
            said = str(value).lower() if kind is bool else value
            return f'<table:table-cell office:value-type="{attributes.format(said)}/>'
    text = value.replace('"', "&quot;")
    return (
        f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
    )


def xlsb_file() -> bytes:
    """The least that a binary workbook has.  Source: MS-XLSB, 2.4; dates are days since 1899-12-30."""
    cells = b""
    for number, row in enumerate([HEADER, *ROWS]):
        cells += record(0, struct.pack("<IIHHBI", number, 0, 300, 0, 0, 0))
        for column, value in enumerate(row):
            cells += xlsb_cell(column, value)
    end = struct.pack("<IIII", 0, len(ROWS), 0, len(HEADER) - 1)
    sheet = record(129) + record(148, end) + record(145) + cells + record(146) + record(130)
    bundle = struct.pack("<II", 0, 1) + wide("rId1") + wide("Sheet1")
    formats = struct.pack("<I", 2) + xlsb_format(0) + xlsb_format(14)
    styles = (
        record(617, formats[:4])
        + record(47, formats[4:20])
        + record(47, formats[20:])
        + record(618)
    )
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relation = '<Relationship Id="{}" Type="' + office + '/{}" Target="{}"/>'
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        "{}</Relationships>"
    )
    return zip_file(
        {
            "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": relations.format(
                relation.format("rId1", "officeDocument", "xl/workbook.bin")
            ).encode(),
            "xl/workbook.bin": record(131)
            + record(143)
            + record(156, bundle)
            + record(144)
            + record(132),
            "xl/_rels/workbook.bin.rels": relations.format(
                relation.format("rId1", "worksheet", "worksheets/sheet1.bin")
                + relation.format("rId2", "styles", "styles.bin")
            ).encode(),
            "xl/styles.bin": record(278) + styles + record(279),
            "xl/worksheets/sheet1.bin": sheet,
        }
    )


def xlsb_format(number: int) -> bytes:
    return struct.pack("<HHHHHBBHH", 0, number, 0, 0, 0, 0, 0, 0, 0)[:16]


def xlsb_cell(column: int, value: Any) -> bytes:
    style = 1 if isinstance(value, date) else 0
    place = struct.pack("<II", column, style)
    if value is None:
        return b""
    if isinstance(value, bool):
        return record(4, place + bytes([value]))
    if isinstance(value, date):
        return record(5, place + struct.pack("<d", (value - date(1899, 12, 30)).days))
    if isinstance(value, int | float):
        return record(5, place + struct.pack("<d", value))
    return record(6, place + wide(value))


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def record(kind: int, content: bytes = b"") -> bytes:
    name = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = len(content), b""
    while True:
        length += bytes([size & 0x7F | (0x80 if size > 127 else 0)])
        size >>= 7
        if not size:
            return name + length + content


# --- Parquet and Arrow -------------------------------------------------------------------------------
def arrow_table() -> pa.Table:
    columns = dict(zip(HEADER, zip(*ROWS, strict=True), strict=True))
    return pa.table({name: list(values) for name, values in columns.items()})


def parquet_file(table: pa.Table | None = None, **options: Any) -> bytes:
    content = io.BytesIO()
    pq.write_table(arrow_table() if table is None else table, content, **options)
    return content.getvalue()


def arrow_file(table: pa.Table | None = None) -> bytes:
    return ipc(pa.ipc.new_file, table)


def arrow_stream(table: pa.Table | None = None) -> bytes:
    return ipc(pa.ipc.new_stream, table)


def ipc(begin: Callable[..., Any], table: pa.Table | None) -> bytes:
    table = arrow_table() if table is None else table
    content = io.BytesIO()
    with begin(content, table.schema) as writer:
        writer.write_table(table)
    return content.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "text": csv_file,
    "json": json_file,
    "jsonl": json_lines_file,
    "xlsx": xlsx_file,
    "xls": xls_file,
    "xlsb": xlsb_file,
    "ods": ods_file,
    "parquet": parquet_file,
    "arrow": arrow_file,
    "arrow stream": arrow_stream,
}


# --- what packs them -------------------------------------------------------------------------------
def zip_file(members: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


def with_part(workbook: bytes, name: str, content: bytes) -> bytes:
    """A workbook with one part that is another, or is new."""
    parts = zipfile.ZipFile(io.BytesIO(workbook))
    return zip_file({each: parts.read(each) for each in parts.namelist()} | {name: content})


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "none": lambda content: content,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda content: zstandard.ZstdCompressor().compress(content),
    "zip": lambda content: zip_file({"things.dat": content}),
}


# --- reading them ----------------------------------------------------------------------------------
def written(folder: Path, content: bytes) -> Path:
    """A file whose name says nothing of what is in it."""
    path = folder / "things"
    path.write_bytes(content)
    return path


def read(path: Path, **asked: Any) -> tuple[list[str], list[list[str]]]:
    with opened(path, asked=asked) as content:
        return records(content)


def records(content: Opened) -> tuple[list[str], list[list[str]]]:
    source = content.source()
    header = source.header()
    return header, [row for part in source.batches() for row in part.rows]
