"""Bodies of many rows: JSON Lines and CSV, beside the lists that JSON and XML have."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from apiapp.http.parsers import BOM, read_json
from apiapp.imports.bulk.faults import Faults
from apiapp.imports.errors import TooManyRows
from apiapp.imports.row_json import RowReader
from apiapp.imports.rows import ColumnSpec

ROWS_MAX = 10_000
INSTEAD = "send them as a file to /api/upload/ and import that"


class TextRows(list[Any]):
    """Rows whose values are text, whatever their columns hold."""


class JsonLinesParser(BaseParser):
    """One object on each line; blank lines are passed over."""

    media_type = "application/x-ndjson"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Raises ParseError with the line."""
        lines = stream.read().removeprefix(BOM).splitlines()
        return [row_in(line, number) for number, line in enumerate(lines, 1) if line.strip()]


class JsonLinesParser2(JsonLinesParser):
    media_type = "application/jsonl"


def row_in(line: bytes, number: int) -> Any:
    try:
        return read_json(
            line,
            max_depth=settings.BODY_MAX_DEPTH,
            max_fields=settings.DATA_UPLOAD_MAX_NUMBER_FIELDS,
        )
    except ParseError as error:
        raise ParseError(f"line {number}: {error.detail}") from error


class CsvParser(BaseParser):
    """RFC 4180 in UTF-8 with the names of columns first; an empty cell is null."""

    media_type = "text/csv"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Raises ParseError with the line."""
        body = stream.read().removeprefix(BOM)
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise ParseError(f"the body is not UTF-8 at byte {error.start}") from error
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            return TextRows(rows_in(reader))
        except csv.Error as error:
            raise ParseError(f"line {reader.line_num}: {error}") from error


def rows_in(reader: Any) -> Iterator[dict[str, Any]]:
    names: list[str] = next(reader, [])
    if len(set(names)) < len(names) or not names:
        raise csv.Error("the first line has the names of columns, each once")
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(names):
            raise csv.Error(f"{len(cells)} cells where {len(names)} columns are named")
        yield {name: cell or None for name, cell in zip(names, cells, strict=True)}


def read_rows(
    data: Sequence[Any], columns: Iterable[ColumnSpec]
) -> tuple[list[dict[str, Any]], Faults]:
    """The attributes that each row names, and what is wrong with them.  Raises TooManyRows."""
    if len(data) > ROWS_MAX:
        raise TooManyRows(limit=ROWS_MAX, instead=INSTEAD)
    reader = RowReader(columns, is_text=isinstance(data, TextRows))
    faults = Faults()
    rows = []
    for number, each in enumerate(data, start=1):
        values, errors = reader.read(each)
        rows.append(values)
        for column, reasons in errors.items():
            faults.add(number, column, *(reasons if isinstance(reasons, list) else [reasons]))
    return rows, faults
