"""Rows that come as JSON, as records like those of a file."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from apiapp.imports.errors import BadRows
from apiapp.imports.pipeline.convert import is_text
from apiapp.imports.pipeline.infer import type_of
from apiapp.imports.pipeline.readers import BATCH_ROWS, Records

# JSON tells numbers from text: text that looks like one of these was meant as text.
TYPES_OF_JSON = {"boolean", "integer", "decimal", "float"}


class InlineRows:
    """A list of flat objects.  A key that an object lacks is an empty cell.

    keys: of all objects, in the order in which they first appear.
    """

    def __init__(self, rows: Sequence[Any]) -> None:
        """Raises BadRows."""
        self.bytes_read = 0
        if not rows:
            raise BadRows("rows must be a list of at least one object")
        for number, row in enumerate(rows):
            check_row(row, f"rows[{number}]")
        self._rows = rows
        self.keys = list(dict.fromkeys(key for row in rows for key in row))
        if not self.keys:
            raise BadRows("the objects in rows have no keys")

    def types(self) -> list[str]:
        """The type that the values of each key speak for."""
        return [self._type_of(key) for key in self.keys]

    def header(self) -> list[str]:
        return self.keys

    def batches(self) -> Iterator[Records]:
        for at in count(0, BATCH_ROWS):
            rows = self._rows[at : at + BATCH_ROWS]
            if not rows:
                return
            yield Records(at + 1, [[cell_of(row.get(key)) for key in self.keys] for row in rows])

    def _type_of(self, key: str) -> str:
        values = [row.get(key) for row in self._rows]
        type_ = type_of([cell_of(value) for value in values])
        has_text = any(isinstance(value, str) and value for value in values)
        return "text" if has_text and type_ in TYPES_OF_JSON else type_


def check_row(row: Any, where: str) -> None:
    if not isinstance(row, dict):
        raise BadRows(f"{where} is not an object")
    for key, value in row.items():
        if isinstance(value, list | dict):
            raise BadRows(f"{where}.{key} is not a single value")
        if not is_text(key) or (isinstance(value, str) and not is_text(value)):
            raise BadRows(f"{where}.{key} has a NUL or half a character in it")


def cell_of(value: Any) -> str:
    """The cell that a single value of JSON would be in a file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)
