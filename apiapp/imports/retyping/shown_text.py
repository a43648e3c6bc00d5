"""Values of a column as the text that another type is read from: what people see of them.

It is the text that the API shows, so that a column of text gets exactly that; where a type writes
the same value in a way that the next one does not read, it is written in that one's way.
"""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

Write = Callable[[Any], str]

MIDNIGHT = time(0)


def timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def yes_or_no(value: bool) -> str:
    return "true" if value else "false"


def digit(value: bool) -> str:
    return "1" if value else "0"


def whole(number: float | Decimal) -> str:
    """12.0 as 12; a number that is not whole as it is, to be refused."""
    exact = Decimal(str(number))
    return f"{exact:.0f}" if exact == exact.to_integral_value() else f"{exact:f}"


def day(moment: datetime) -> str:
    """A midnight as its day; any other moment as it is, to be refused."""
    at = moment.astimezone(UTC)
    return at.date().isoformat() if at.time() == MIDNIGHT else timestamp(moment)


WRITERS: dict[str, Write] = {
    "decimal": "{:f}".format,
    "float": repr,
    "boolean": yes_or_no,
    "date": date.isoformat,
    "timestamp": timestamp,
    "json": json_text,
}
# From one type to another.
WRITERS_FOR: dict[tuple[str, str], Write] = {
    ("decimal", "integer"): whole,
    ("float", "integer"): whole,
    ("decimal", "boolean"): whole,
    ("float", "boolean"): whole,
    ("boolean", "integer"): digit,
    ("boolean", "decimal"): digit,
    ("boolean", "float"): digit,
    ("timestamp", "date"): day,
}


def writer(*, from_type: str, to_type: str) -> Write:
    """Writes a value of `from_type` as `to_type` is to read it; None is empty text."""
    write = WRITERS_FOR.get((from_type, to_type)) or WRITERS.get(from_type, str)
    return lambda value: "" if value is None else write(value)
