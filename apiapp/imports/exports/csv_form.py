"""CSV: RFC 4180, UTF-8, with a few things that spreadsheets want, by choice."""

import codecs
import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from apiapp.imports.csv_lines import harmless
from apiapp.imports.exports.forms import Batch, Field, Widths, Writer, written_batch

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
FREE_TEXT = ("text", "json")  # values of other types never begin a formula


def utc_text(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat()}Z"


WRITERS: dict[str, Writer] = {
    "decimal": "{:f}".format,
    "float": repr,
    "boolean": {True: "true", False: "false"}.__getitem__,
    "date": date.isoformat,
    "timestamp": utc_text,
}


class CsvForm:
    """headings: none for a file without a header.  The rest: see asking.Choices.

    An empty text and an empty cell look the same in it.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        *,
        headings: Sequence[str],
        delimiter: str,
        has_bom: bool,
        is_guarded: bool,
    ) -> None:
        self._headings = list(map(harmless, headings)) if is_guarded else headings
        self._delimiter = DELIMITERS[delimiter]
        self._bom = codecs.BOM_UTF8 if has_bom else b""
        writers = WRITERS | dict.fromkeys(FREE_TEXT if is_guarded else (), harmless)
        self._writers = [writers.get(field.type) for field in fields]

    def begin(self, widths: Widths) -> bytes:
        return self._bom + (self._lines([self._headings]) if self._headings else b"")

    def add(self, batch: Batch) -> bytes:
        return self._lines(zip(*written_batch(batch, self._writers), strict=True))

    def end(self) -> bytes:
        return b""

    def _lines(self, rows: Iterable[Sequence[Any]]) -> bytes:
        lines = io.StringIO(newline="")
        csv.writer(lines, delimiter=self._delimiter).writerows(rows)
        return lines.getvalue().encode()
