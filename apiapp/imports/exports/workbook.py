"""Excel workbooks (ECMA-376), zipped while they are written: no temporary file, no tree in memory.

What Excel cannot hold is told on a sheet of its own at the end, never left out in silence.
"""

import zipfile
from collections.abc import Iterable, Sequence
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from apiapp.imports.exports import workbook_parts as parts
from apiapp.imports.exports.forms import Batch, Field, Widths, Writer, written_batch
from apiapp.imports.exports.sink import Sink
from apiapp.imports.exports.workbook_cells import (
    CELL_CHARACTERS,
    CELLS,
    EMPTY,
    cell_of_heading,
    cell_of_text,
    cut,
)

SHEET_ROWS = 1_048_576  # Source: Microsoft, "Excel specifications and limits"
NOTES_MAX = 1000
ZIP_LEVEL = 1  # a third of the default's time, for files that are a fifth longer
LONG_TEXT = ("text", "json")


class WorkbookForm:
    """One table; each further SHEET_ROWS rows are on a further sheet, with its header.

    sheet_rows: of a sheet at most, its header among them.  language: of the notes.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        *,
        headings: Sequence[str],
        sheet_rows: int = SHEET_ROWS,
        language: str = "en",
    ) -> None:
        self._language = language
        self._names = [field.label for field in fields]
        self._long = [at for at, field in enumerate(fields) if field.type in LONG_TEXT]
        self._writers: list[Writer] = [CELLS.get(field.type, cell_of_text) for field in fields]
        self._header = line(map(cell_of_heading, headings)) if headings else ""
        self._sheet_rows = sheet_rows
        self._sink = Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED, compresslevel=ZIP_LEVEL)
        self._titles: list[str] = []
        self._notes: list[str] = []

    def begin(self, widths: Widths) -> bytes:
        self._begin_sheet(f"Sheet{len(self._titles) + 1}")
        return self._sink.taken()

    def add(self, batch: Batch) -> bytes:
        cells = written_batch(self._shortened(batch), self._writers)
        rows = [line(row) for row in zip(*cells, strict=True)]
        while rows:
            room = self._sheet_rows - self._rows
            if not room:
                self._end_sheet()
                self._begin_sheet(f"Sheet{len(self._titles) + 1}")
                continue
            self._write("".join(rows[:room]), rows=min(room, len(rows)))
            del rows[:room]
        return self._sink.taken()

    def end(self) -> bytes:
        self._end_sheet()
        if self._notes:
            self._add_notes()
        for name, content in parts.of_workbook(self._titles).items():
            with self._zip.open(name, "w") as part:
                part.write(content.encode())
        self._zip.close()
        return self._sink.taken()

    # --- sheets
    def _begin_sheet(self, title: str) -> None:
        self._titles.append(title)
        self._sheet: IO[bytes] = self._zip.open(
            f"xl/worksheets/sheet{len(self._titles)}.xml", "w", force_zip64=True
        )
        self._rows = 0
        head = parts.SHEET_BEGIN_FROZEN if self._header else parts.SHEET_BEGIN
        self._write(head + self._header, rows=1 if self._header else 0)

    def _write(self, content: str, *, rows: int) -> None:
        self._sheet.write(content.encode())
        self._rows += rows

    def _end_sheet(self) -> None:
        self._write(parts.SHEET_END, rows=0)
        self._sheet.close()

    # --- what does not fit
    def _shortened(self, batch: Batch) -> Batch:
        columns = list(batch)
        for at in self._long:
            if any(value and len(value) > CELL_CHARACTERS // 2 for value in columns[at]):
                columns[at] = [self._cut(value, at, row) for row, value in enumerate(columns[at])]
        return columns

    def _cut(self, value: str | None, at: int, row: int) -> str | None:
        fitting = value if value is None else cut(value)
        if value is None or fitting == value:
            return value
        with override(self._language):
            told = _(
                "%(sheet)s, row %(row)s, %(column)s: a text of %(length)s characters was cut to the"
                " %(limit)s that Excel holds."
            ) % {
                "sheet": self._titles[-1],
                "row": self._rows + row + 1,
                "column": self._names[at],
                "length": f"{len(value):,}",
                "limit": f"{CELL_CHARACTERS:,}",
            }
        self._note(told)
        return fitting

    def _note(self, text: str) -> None:
        if len(self._notes) < NOTES_MAX:
            self._notes.append(text)
        elif len(self._notes) == NOTES_MAX:
            with override(self._language):
                more = _("And more: export as CSV, JSON Lines or Parquet to have it whole.")
            self._notes.append(more)

    def _add_notes(self) -> None:
        self._header = ""
        with override(self._language):
            self._begin_sheet(_("Notes"))
        self._write("".join(line([cell_of_text(note)]) for note in self._notes), rows=0)
        self._end_sheet()


def line(cells: Iterable[Any]) -> str:
    return f"<row>{''.join(cell or EMPTY for cell in cells)}</row>"
