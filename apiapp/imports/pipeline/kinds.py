"""What a file is, by its content and never by its name; and why some are not read."""

import struct
import zipfile
from typing import BinaryIO

from apiapp.imports.errors import BadPacking, NoTable
from apiapp.imports.pipeline.containers import archive, head_of, is_zip
from apiapp.imports.pipeline.dialect import TEXT
from apiapp.imports.pipeline.formats import json_layout
from apiapp.imports.pipeline.formats.json_scanner import encoding_of
from apiapp.imports.pipeline.other_texts import other_text

HEAD_BYTES = 1 << 20
OTHER_KINDS = {
    b"7z\xbc\xaf\x27\x1c": "it is a 7z archive",
    b"Rar!\x1a\x07": "it is a rar archive",
    b"SQLite format 3\0": "it is an SQLite database",
    b"%PDF-": "it is a PDF",
    b"\x89PNG\r\n\x1a\n": "it is a PNG picture",
    b"\xff\xd8\xff": "it is a JPEG picture",
    b"GIF8": "it is a GIF picture",
    b"\x7fELF": "it is a program",
    b"MZ\x90\0": "it is a program",
    b"PARE": "it is a Parquet file that is encrypted",
    b"{\\rtf": "it is an RTF document",
}
TAR_AT, TAR_MAGIC = 257, b"ustar"
PARQUET, ARROW_FILE = b"PAR1", b"ARROW1\0\0"
# An Arrow stream begins with a continuation and the length of the schema.  Source: the Arrow
# columnar format, "Encapsulated message format".
ARROW_STREAM, SCHEMA_LIMIT_BYTES = b"\xff\xff\xff\xff", 1 << 24

# Parts that tell what a zip archive is when it is no archive to people.
ZIP_PARTS = {
    "xl/workbook.xml": "xlsx",
    "xl/workbook.bin": "xlsb",
    "word/document.xml": "it is a Word document",
    "ppt/presentation.xml": "it is a PowerPoint presentation",
}
ODF_TYPE = "application/vnd.oasis.opendocument."
ODS_TYPES = ("spreadsheet", "spreadsheet-template")
ODF_TYPE_LIMIT_BYTES = 200

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLE_ENTRIES_BYTES = 64 * 128
OLE_STREAMS = {
    "EncryptedPackage": "it is protected by a password: save it without one",
    "WordDocument": "it is an old Word document",
    "PowerPoint Document": "it is an old PowerPoint presentation",
    "Workbook": "xls",
    "Book": "xls",
}
WORKBOOKS = ("xlsx", "xls", "xlsb", "ods")


def format_of(file: BinaryIO, *, is_whole: bool) -> str:
    """One of dialect.FORMATS, or "zip".  Raises NoTable and BadPacking; `file` is left anywhere.

    is_whole: the file does not go on beyond what is there.
    """
    head = head_of(file, HEAD_BYTES)
    refuse_other_kinds(head)
    if head.startswith(OLE):
        return readable_kind(ole_kind(file))
    if is_zip(head):
        return readable_kind(zip_kind(file))
    if head.startswith(PARQUET):
        return "parquet"
    if head.startswith(ARROW_FILE) or is_arrow_stream(head):
        return "arrow"
    return text_format(head, is_whole=is_whole and len(head) < HEAD_BYTES)


def refuse_other_kinds(head: bytes) -> None:
    """Raises NoTable for what begins as no table does."""
    for magic, what in OTHER_KINDS.items():
        if head.startswith(magic):
            raise NoTable(found=what)
    if head[TAR_AT:].startswith(TAR_MAGIC):
        raise NoTable(found="it is a tar archive")


def readable_kind(kind: str) -> str:
    if kind in (*WORKBOOKS, "zip"):
        return kind
    raise NoTable(found=kind)


def is_arrow_stream(head: bytes) -> bool:
    if not head.startswith(ARROW_STREAM) or len(head) < 8:
        return False
    (length,) = struct.unpack_from("<i", head, len(ARROW_STREAM))
    return 0 < length < SCHEMA_LIMIT_BYTES


def zip_kind(file: BinaryIO) -> str:
    """ "zip", a format, or what it is that is not read."""
    with archive(file) as parts:
        names = set(parts.namelist())
        for part, kind in ZIP_PARTS.items():
            if part in names:
                return kind
        return odf_kind(parts) if "mimetype" in names else "zip"


def odf_kind(parts: zipfile.ZipFile) -> str:
    try:
        with parts.open("mimetype") as part:
            type_ = part.read(ODF_TYPE_LIMIT_BYTES).decode("ascii", "replace").strip()
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise BadPacking(str(error)) from error
    if not type_.startswith(ODF_TYPE):
        return "zip"
    return (
        "ods"
        if type_.removeprefix(ODF_TYPE) in ODS_TYPES
        else "it is an OpenDocument, but no table"
    )


def ole_kind(file: BinaryIO) -> str:
    """What a compound file holds, by the names in its directory.  Source: MS-CFB, 2.2 and 2.6."""
    head = head_of(file, 512)
    if len(head) < 512:
        return "it is a damaged Office file"
    shift, first_sector = (
        struct.unpack_from("<H", head, 30)[0],
        struct.unpack_from("<I", head, 48)[0],
    )
    file.seek((first_sector + 1) << min(shift, 12))
    directory = file.read(OLE_ENTRIES_BYTES)
    for name, kind in OLE_STREAMS.items():
        if name.encode("utf-16-le") + b"\0\0" in directory:
            return kind
    return "it is a compound file of Windows, but no workbook"


def text_format(head: bytes, *, is_whole: bool) -> str:
    """JSON, JSON Lines or any other text.  Raises NoTable."""
    encoding, mark_bytes = encoding_of(head)
    text = head[mark_bytes:].decode(encoding, "replace")
    if what := other_text(text):
        raise NoTable(found=what)
    if json_layout.is_json_lines(text, is_whole=is_whole):
        return "jsonl"
    return "json" if json_layout.is_json(text, is_whole=is_whole) else TEXT
