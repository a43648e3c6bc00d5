"""Records of JSON: a list of rows, rows one behind the other, a list for each column, lines."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from apiapp.imports.errors import BadJson, CellTooLong, RecordTooLong
from apiapp.imports.pipeline.formats import json_layout as layouts
from apiapp.imports.pipeline.formats.json_cells import (
    Keys,
    cell_of,
    cells_of,
    flattened,
    settled_type,
    well_formed,
)
from apiapp.imports.pipeline.formats.json_layout import Layout
from apiapp.imports.pipeline.formats.json_scanner import (
    BLOCK_BYTES,
    RECORD_LIMIT_CHARS,
    JsonScanner,
    RepeatedKey,
    decoder,
)
from apiapp.imports.pipeline.formats.tables import CELL_LIMIT_CHARS
from apiapp.imports.pipeline.readers import BATCH_ROWS, Records

# The keys of all rows up to here are columns; a row beyond with another key is refused.
KEYS_FROM_BYTES = 64 << 20
BATCH_CELLS = 500_000
BATCH_BYTES = 4 << 20
COLUMNS_BUFFER_BYTES = 32 << 20
SINGLE_COLUMN = "value"


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that is none of JSON Lines, and why."""

    text: str
    reason: str


class JsonReader:
    """The records of a JSON text; objects have their keys for a header.

    has_header: of lists as rows, whether the first names the columns.
    keys_from_bytes: None to take the keys of all rows for columns, however long the file.
    """

    def __init__(
        self,
        file: BinaryIO,
        layout: Layout | None,
        *,
        has_header: bool,
        flatten: bool = False,
        keys_from_bytes: int | None = KEYS_FROM_BYTES,
    ) -> None:
        """layout: None for JSON Lines.  Raises UnreadableFile."""
        self.bytes_read = 0
        self._file, self._layout, self._flatten = file, layout, flatten
        self._has_header = has_header
        self._keys = Keys()
        self._first = next((row for row in self._rows() if not isinstance(row, Broken)), None)
        if isinstance(self._first, dict):
            self._collect_keys(keys_from_bytes)
        self.bytes_read = 0

    def header(self) -> list[str]:
        if isinstance(self._first, dict):
            return [well_formed(key) for key in self._keys.names]
        if isinstance(self._first, list):
            return [cell_of(value) for value in self._first] if self._has_header else []
        return [SINGLE_COLUMN]

    def type_of(self, index: int, inferred: str) -> str:
        """The type of a column whose cells, as text, speak for `inferred`."""
        return settled_type(inferred, has_text=index in self._keys.with_text)

    def batches(self) -> Iterator[Records]:
        rows = self._rows()
        if isinstance(self._first, list) and self._has_header:
            rows = skip_first_list(rows)
        at_most = max(1, min(BATCH_ROWS, BATCH_CELLS // (len(self._keys.names) or 1)))
        first_row = 1
        while batch := self._batch(rows, at_most, first_row):
            yield batch
            first_row += len(batch.rows)

    # --- rows ----------------------------------------------------------------------------------------
    def _collect_keys(self, up_to_bytes: int | None) -> None:
        for row in self._rows():
            if isinstance(row, dict):
                self._keys.add(row)
            if up_to_bytes is not None and self.bytes_read > up_to_bytes:
                break

    def _batch(self, rows: Iterator[Any], at_most: int, first_row: int) -> Records | None:
        columns = list(self._keys.names)
        cells: list[list[str]] = []
        broken: dict[int, str] = {}
        began_at = self.bytes_read
        for row in islice(rows, at_most):
            if reason := self._reason_against(row):
                broken[len(cells)] = reason
                cells.append([row.text if isinstance(row, Broken) else cell_of(row)])
            else:
                cells.append(row_cells(row, columns))
                refuse_long_cell(cells[-1], row_number=first_row + len(cells) - 1)
            if self.bytes_read - began_at > BATCH_BYTES:
                break
        return Records(first_row, cells, broken=broken) if cells else None

    def _reason_against(self, row: Any) -> str:
        if isinstance(row, Broken):
            return row.reason
        for kind, name in ((dict, "an object"), (list, "a list")):
            if isinstance(self._first, kind) and not isinstance(row, kind):
                return f"is not {name}, as the first row is"
        if not isinstance(self._first, dict | list) and isinstance(row, dict | list):
            return "is not a single value, as the first row is"
        return ""

    def _rows(self) -> Iterator[Any]:
        for row in self._values():
            yield flattened(row) if self._flatten and isinstance(row, dict) else row

    def _values(self) -> Iterator[Any]:
        if self._layout is None:
            return self._lines()
        if self._layout.kind == layouts.COLUMNS:
            return self._by_columns(self._layout)
        return self._by_rows(self._layout)

    def _by_rows(self, layout: Layout) -> Iterator[Any]:
        scanner = JsonScanner(self._file)
        scanner.enter(layout.path)
        places = scanner.elements() if layout.kind == layouts.LIST else values_at(scanner)
        for _ in places:
            scanner.row_number += 1
            value = scanner.value()
            self.bytes_read = scanner.bytes_read
            yield value
        if layout == Layout(layouts.LIST) and (rest := scanner.peek()):
            raise BadJson(row_number=scanner.row_number + 1, reason=f"{rest} after the list's end")

    def _by_columns(self, layout: Layout) -> Iterator[dict[str, Any]]:
        names = [column.path[0] for column in layout.columns]
        block_bytes = max(4096, min(BLOCK_BYTES, COLUMNS_BUFFER_BYTES // len(names)))
        scanners = [
            JsonScanner(self._file, at_byte=column.at_byte, block_bytes=block_bytes)
            for column in layout.columns
        ]
        columns = [values_of(scanner) for scanner in scanners]
        for values in zip(*columns, strict=True):
            # Each goes through its own part of the file, all at the same pace.
            self.bytes_read = sum(
                scanner.bytes_read - column.at_byte
                for scanner, column in zip(scanners[:1], layout.columns[:1], strict=True)
            ) * len(names)
            yield dict(zip(names, values, strict=True))

    def _lines(self) -> Iterator[Any]:
        scanner = JsonScanner(self._file)
        for line in self._text_lines(scanner):
            if line and not line.isspace():
                scanner.row_number += 1
                yield value_of(line)

    def _text_lines(self, scanner: JsonScanner) -> Iterator[str]:
        rest: list[str] = []
        length = 0
        for text in scanner.pieces():
            self.bytes_read = scanner.bytes_read
            *whole, last = text.split("\n")
            if whole:
                yield "".join([*rest, whole[0]])
                yield from whole[1:]
                rest, length = [], 0
            rest.append(last)
            length += len(last)
            if length > RECORD_LIMIT_CHARS:
                row_number = scanner.row_number + 1
                raise RecordTooLong(row_number=row_number, limit_bytes=RECORD_LIMIT_CHARS)
        yield "".join(rest)


def row_cells(row: Any, columns: Sequence[str]) -> list[str]:
    if isinstance(row, dict):
        return cells_of(row, columns)
    return [cell_of(each) for each in row] if isinstance(row, list) else [cell_of(row)]


def refuse_long_cell(cells: Sequence[str], *, row_number: int) -> None:
    """Raises CellTooLong."""
    if max(map(len, cells), default=0) > CELL_LIMIT_CHARS:
        raise CellTooLong(row_number=row_number, limit_chars=CELL_LIMIT_CHARS)


def value_of(line: str) -> Any:
    try:
        value, end = decoder.raw_decode(line, len(line) - len(line.lstrip()))
        if line[end:].strip():
            return Broken(line, "has more than one value of JSON")
    except RepeatedKey as error:
        return Broken(line, str(error))
    except RecursionError:
        return Broken(line, "is nested too deeply")
    except json.JSONDecodeError as error:
        return Broken(line, f"is not JSON: {error.msg.partition(': ')[0].lower()}")
    return value


def values_at(scanner: JsonScanner) -> Iterator[None]:
    """Stops before each of the values that stand one behind the other."""
    while scanner.peek():
        yield


def values_of(scanner: JsonScanner) -> Iterator[Any]:
    for _ in scanner.elements():
        scanner.row_number += 1
        yield scanner.value()


def skip_first_list(rows: Iterator[Any]) -> Iterator[Any]:
    for row in rows:
        if isinstance(row, list):
            break
        yield row
    yield from rows
