"""The XML of a worksheet as blocks of whole rows, however large it is.

Only plain markup is cut, as all that is known to write workbooks has it: UTF-8 without comments,
CDATA and declarations.  Other XML raises NotPlain, and is parsed whole.
Source: ECMA-376, part 1, 18.3.1.99 (worksheet), 18.3.1.80 (sheetData), 18.3.1.73 (row), 18.3.1.4 (c).
"""

import re
import zipfile
from collections.abc import Iterator, Sequence

from apiapp.imports.errors import UnreadableFile

BLOCK_BYTES = 4 << 20
HEAD_LIMIT_BYTES = 1 << 20
ROW_LIMIT_BYTES = 64 << 20
TAIL_LIMIT_BYTES = 16 << 20
worksheet = re.compile(rb"<((?:\w+:)?)worksheet\b[^>]*>")
encoding = re.compile(rb"""<\?xml[^>]*\bencoding\s*=\s*["']([^"']+)["']""")
merges = re.compile(rb"<((?:\w+:)?)mergeCells\b.*?</\1mergeCells\s*>", re.DOTALL)
row_number = re.compile(rb"""\br=["']([0-9]{1,7})["']""")
# A cell's own tag, whether nothing is in it, and the column that it says.
cell_tag = re.compile(rb"<(?:\w+:)?c(?=[\s/>])([^>]*?)(/?>(?:</)?)")
place = re.compile(rb"""\br=["']([A-Z]{1,3})""")


class NotPlain(Exception):
    """The XML is written in a way that only a parser is to be trusted with."""


class SheetXml:
    """One worksheet of an open workbook.

    merged: its element `mergeCells`, b"" before `blocks` has come to its end, or without any.
    """

    def __init__(self, parts: zipfile.ZipFile, name: str) -> None:
        """Raises NotPlain."""
        self._parts, self._name = parts, name
        self.merged = b""
        with parts.open(name) as part:
            head = part.read(HEAD_LIMIT_BYTES)
        found, said = worksheet.search(head), encoding.search(head)
        if not found or (said and said[1].lower() != b"utf-8"):
            raise NotPlain
        self.prefix, self._start_tag = found[1], found[0]
        self._row_tag = b"<%srow" % self.prefix
        self._row_start = re.compile(rb"<%srow(?=[\s/>])([^>]*)>" % self.prefix)
        data = re.compile(rb"<%ssheetData(\s[^>]*)?>" % self.prefix).search(head, found.end())
        if not data or data[0].endswith(b"/>") or b"<!" in head[: data.end()]:
            raise NotPlain
        if re.compile(rb"<%sc[\t\r\n]|</%srow\s" % (self.prefix, self.prefix)).search(head):
            raise NotPlain  # who writes tags like that does so from the first row on
        self._rows_at = data.end()

    def of_rows(self, rows: bytes, *, after_row: int) -> bytes:
        """A worksheet of these rows alone, which come after the row of a number (from 1; 0: none)."""
        tag = self.prefix
        before = b'<%srow r="%d"></%srow>' % (tag, after_row, tag) if after_row else b""
        return b"%s<%ssheetData>%s%s</%ssheetData>%s</%sworksheet>" % (
            self._start_tag, tag, before, rows, tag, b"" if rows else self.merged, tag
        )  # fmt: skip

    def blocks(self) -> Iterator[bytes]:
        """The rows, some whole ones at a time.  Raises UnreadableFile where they do not end."""
        end_tag = b"</%ssheetData" % self.prefix
        with self._parts.open(self._name) as part:
            part.read(self._rows_at)
            text = b""
            while block := part.read(BLOCK_BYTES):
                looked_at, text = max(0, len(text) - len(end_tag)), text + block
                if (end := text.find(end_tag, looked_at)) >= 0:
                    yield text[:end]
                    self._end(text[end:] + part.read(TAIL_LIMIT_BYTES))
                    return
                if (cut := text.rfind(self._row_tag, looked_at)) > 0:
                    yield text[:cut]
                    text = text[cut:]
                if len(text) > ROW_LIMIT_BYTES:
                    raise UnreadableFile(
                        "the workbook is damaged: it has a row of more than 64 MiB"
                    )
        raise UnreadableFile("the workbook is damaged: its sheet ends in the middle")

    def _end(self, tail: bytes) -> None:
        found = merges.search(tail)
        self.merged = found[0] if found else b""

    def parts_of(self, block: bytes, *, at_most: int) -> Iterator[bytes]:
        """The rows of a block, so many at a time."""
        if block.count(self._row_tag) <= at_most:
            yield block
            return
        starts = [found.start() for found in self._row_start.finditer(block)]
        for first in range(0, len(starts), at_most):
            end = starts[first + at_most] if first + at_most < len(starts) else len(block)
            yield block[starts[first] : end]

    def last_row(self, rows: bytes, *, after_row: int) -> int:
        """The number of the last of some rows: as it says, or counted from the last that says it."""
        last = self._row_start.match(rows, max(0, rows.rfind(self._row_tag)))
        if last and (number := row_number.search(last[1])):
            return int(number[1])
        attributes = self._row_start.findall(rows)
        for back, said in enumerate(reversed(attributes)):
            if number := row_number.search(said):
                return int(number[1]) + back
        return after_row + len(attributes)

    def used_columns(self, block: bytes) -> set[int]:
        """From 0, of the cells with something in them: the first and the last of each row.

        Raises NotPlain.
        """
        if b"<!" in block or b"<?" in block:
            raise NotPlain
        used: set[int] = set()
        tags = [b"<%sc%s" % (self.prefix, end) for end in (b" ", b">", b"/")]
        for row in block.split(b"</%srow>" % self.prefix):
            used |= last_column(row, tags) if 0 in used else columns_of(cell_tag.findall(row))
        return used


def last_column(row: bytes, tags: Sequence[bytes]) -> set[int]:
    """The last of a row, and maybe others; tags: the beginnings that a cell's tag may have."""
    last = cell_tag.match(row, max(0, *(row.rfind(tag) for tag in tags)))
    if last and last[2] == b">":
        if at := place.search(last[1]):
            return {column_number(at[1])}
        if b' r="' not in row and b" r='" not in row:
            return {sum(row.count(tag) for tag in tags) - 1}
    return columns_of(cell_tag.findall(row))


def columns_of(cells: Sequence[tuple[bytes, bytes]]) -> set[int]:
    """The first and the last column with something in it; who does not say where it stands is
    behind the one before.
    """
    filled = [at for at, (_, end) in enumerate(cells) if end == b">"]
    if not filled:
        return set()
    if not any(b"r=" in said for said, _ in cells):
        return {filled[0], filled[-1]}
    column, used = -1, set()
    for said, end in cells:
        at = place.search(said)
        column = column_number(at[1]) if at else column + 1
        if end == b">":
            used.add(column)
    return {min(used), max(used)}


def column_number(letters: bytes) -> int:
    """0 for A, 26 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1
