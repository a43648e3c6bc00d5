"""A table on its way to a file: what is written, how, and what a right reading of it gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

from bench.imports.reading.tables import Row, Table

Grid = list[Row]


@dataclass(frozen=True, slots=True)
class Draft:
    """Rows of cells and the manner of writing them.

    header: 0 or more rows.  before, after: raw lines around the table.  between: raw lines to come
    after the row of that index.  row_rule: a raw line
    between header and rows.  quoting: which cells are quoted: "needed", "all", "text", "none".
    escape: how a quote within a quoted cell is written: doubled, after a backslash, or as it is.
    line_ends: used in turn.  garble: what becomes of the
    bytes at last.  answers: every right reading, the header (if any) first.
    """

    header: Grid
    rows: Grid
    answers: tuple[Grid, ...]
    delimiter: str = ","
    quote: str = '"'
    quoting: str = "needed"
    escape: str = "double"
    line_ends: Sequence[str] = ("\n",)
    is_last_line_ended: bool = True
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    between: tuple[tuple[int, str], ...] = ()
    row_start: str = ""
    row_end: str = ""
    row_rule: str = ""
    encoding: str = "utf-8"
    mark: bytes = b""
    garble: Callable[[bytes], bytes] = bytes

    def but(self, **changes: Any) -> "Draft":
        return replace(self, **changes)

    def answered(self, *grids: Grid) -> "Draft":
        return replace(self, answers=grids)

    def text(self) -> str:
        lines = [*self.before, *(self.line(row) for row in self.header)]
        lines += [self.row_rule] if self.row_rule else []
        extra = dict(self.between)
        for index, row in enumerate(self.rows):
            lines.append(self.line(row))
            if index in extra:
                lines.append(extra[index])
        lines += self.after
        ends = cycle(self.line_ends)
        text = "".join(line + next(ends) for line in lines)
        return text if self.is_last_line_ended else text.rstrip("\r\n")

    def data(self) -> bytes:
        """The file.  Raises UnicodeEncodeError if the encoding has no such letters."""
        return self.garble(self.mark + self.text().encode(self.encoding))

    def line(self, row: Row) -> str:
        return self.row_start + self.delimiter.join(map(self.cell, row)) + self.row_end

    def cell(self, text: str) -> str:
        if not self.is_quoted(text):
            return text
        if self.escape == "double":
            text = text.replace(self.quote, self.quote * 2)
        elif self.escape == "backslash":
            text = text.replace("\\", "\\\\").replace(self.quote, f"\\{self.quote}")
        return f"{self.quote}{text}{self.quote}"

    def is_quoted(self, text: str) -> bool:
        if self.quoting == "none":
            return False
        if self.quoting == "all":
            return True
        special = (self.delimiter, self.quote, "\n", "\r")
        if any(one in text for one in special) or (text != text.strip() and text):
            return True
        return self.quoting == "text" and any(letter.isalpha() for letter in text)


def draft_of(table: Table) -> Draft:
    grid = [table.header, *table.rows]
    return Draft(header=[table.header], rows=table.rows, answers=(grid,))
