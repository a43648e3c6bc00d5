"""Where a page of rows begins, as text that a client hands back."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apiapp.imports import values
from apiapp.imports.errors import BadRowQuery
from apiapp.imports.row_query import Order


@dataclass(frozen=True, slots=True)
class Cursor:
    """The keys of the row next to the page, which is after it, or before it if `is_backward`."""

    keys: tuple[Any, ...]
    is_backward: bool = False


def dumps(cursor: Cursor, order: Sequence[Order]) -> str:
    keys = [None if key is None else values.write(key) for key in cursor.keys]
    text = json.dumps([",".join(map(str, order)), int(cursor.is_backward), keys])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def loads(text: str, order: Sequence[Order], types: Mapping[str, str]) -> Cursor:
    """Raises BadRowQuery for a cursor that is damaged, or was made for another order."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        made_for, is_backward, keys = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, TypeError, RecursionError) as error:
        raise BadRowQuery(parameter="cursor", reason="damaged; begin again without it") from error
    if made_for != ",".join(map(str, order)):
        raise BadRowQuery(parameter="cursor", reason="it belongs to another order; begin again")
    try:
        read = tuple(
            None if key is None else values.read(types[each.column], key)
            for each, key in zip(order, keys, strict=True)
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise BadRowQuery(parameter="cursor", reason="damaged; begin again without it") from error
    return Cursor(read, bool(is_backward))
