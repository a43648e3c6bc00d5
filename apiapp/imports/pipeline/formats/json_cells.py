"""Cells from values of JSON, and the columns that objects have together."""

import json
from collections.abc import Sequence
from typing import Any

from apiapp.imports.errors import TooManyColumns
from apiapp.imports.pipeline.formats.json_scanner import LEVELS_LIMIT, Number

KEYS_LIMIT = 10_000
# JSON tells numbers from text: text that looks like one of these was meant as text.
TYPES_OF_JSON = {"boolean", "integer", "decimal", "float"}
CONSTANTS: dict[Any, str] = {None: "", True: "true", False: "false"}


def cell_of(value: Any) -> str:
    """A single value as text, a list or an object as JSON."""
    if isinstance(value, str):
        return well_formed(str(value))
    if isinstance(value, list | dict):
        return well_formed(json_text(value))
    return CONSTANTS[value]


def well_formed(text: str) -> str:
    """`text` with half a character, which an escape of JSON can be, as the bytes it would be.

    So it is refused where it is checked, like other bytes that are no text.
    """
    if text.isascii():
        return text
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    return text


def json_text(value: Any) -> str:
    """JSON with the numbers as they were written."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(json_text, value))}]"
    if isinstance(value, dict):
        pairs = (
            f"{json.dumps(key, ensure_ascii=False)}: {json_text(each)}"
            for key, each in value.items()
        )
        return f"{{{', '.join(pairs)}}}"
    return json.dumps(value, ensure_ascii=False)


def flattened(row: dict[str, Any], prefix: str = "", levels: int = 0) -> dict[str, Any]:
    """The row with `a.b` in place of an object `a` that has `b`; an empty object stays."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict) and value and levels < LEVELS_LIMIT:
            flat |= flattened(value, f"{prefix}{key}.", levels + 1)
        else:
            flat[prefix + key] = value
    return flat


class Keys:
    """The keys of objects, in the order in which they first appear, and which have had text."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.with_text: set[int] = set()

    def add(self, row: dict[str, Any]) -> None:
        """Raises TooManyColumns."""
        names = self.names
        for key, value in row.items():
            index = names.setdefault(key, len(names))
            if type(value) is str and value:
                self.with_text.add(index)
        if len(names) > KEYS_LIMIT:
            raise TooManyColumns(columns=len(names), limit=KEYS_LIMIT)


def cells_of(row: Any, columns: Sequence[str]) -> list[str]:
    """The cells of an object; those of keys that are no column follow, with their names."""
    cells = [cell_of(row[key]) if key in row else "" for key in columns]
    known = sum(key in row for key in columns)
    if known < len(row):
        names = set(columns)
        cells += [well_formed(f"{key}: {cell_of(row[key])}") for key in row if key not in names]
    return cells


def settled_type(inferred: str, *, has_text: bool) -> str:
    return "text" if has_text and inferred in TYPES_OF_JSON else inferred
