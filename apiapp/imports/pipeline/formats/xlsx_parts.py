"""The parts of an xlsx workbook: which sheet is in which, and the small ones as they are.

Source: ECMA-376, part 2 (Open Packaging Conventions), and part 1, 18.2.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree.ElementTree import ParseError  # nosec B405 # the error alone

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from apiapp.imports.errors import UnreadableFile

PART_LIMIT_BYTES = 16 << 20  # of the parts that say which sheet is where
WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
STRINGS = "xl/sharedStrings.xml"
RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


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
