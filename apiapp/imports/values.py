"""Values of columns as text in addresses: read strictly, written to read back the same."""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

INT64 = range(-(2**63), 2**63)
WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
DIGITS_MAX = 1000  # before and after the point, far below what PostgreSQL's numeric takes
WORDS = {"true": True, "false": False, "1": True, "0": False}
STORABLE = re.compile("[^\0\ud800-\udfff]*")

WANTED = {
    "text": "text that can be stored: it has a NUL or half a character",
    "integer": "a whole number of 64 bits, like 42",
    "decimal": "a number of at most 1000 digits, like 3.14",
    "float": "a finite number, like 3.14 or 6.02e23",
    "boolean": "true or false",
    "date": "a date like 2026-01-31",
    "timestamp": "a time like 2026-01-31T23:59:59Z (a + in an address is written %2B)",
    "uuid": "a UUID like 0f8fad5b-d9cb-469f-a165-70867728950e",
}


def read(type_: str, text: str) -> Any:
    """The value that `text` writes.  Raises ValueError; WANTED[type_] says what is right."""
    try:
        return READERS[type_](text)
    except OverflowError as error:  # a time that is outside the calendar once it is in UTC
        raise ValueError(text) from error


def write(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):  # and datetime, which is one
        return value.isoformat()
    return repr(value) if isinstance(value, float) else str(value)


def demand(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(text)
    return text


def read_text(text: str) -> str:
    return demand(STORABLE, text)


def read_integer(text: str) -> int:
    number = int(demand(WHOLE, text))
    if number not in INT64:
        raise ValueError(text)
    return number


def read_decimal(text: str) -> Decimal:
    return short_enough(Decimal(demand(NUMBER, text)))


def short_enough(number: Decimal) -> Decimal:
    """`number`, unless writing it out takes more than DIGITS_MAX digits on either side."""
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or not -DIGITS_MAX <= exponent <= DIGITS_MAX:
        raise ValueError(str(number))
    if number.adjusted() >= DIGITS_MAX:
        raise ValueError(str(number))
    return number


def read_float(text: str) -> float:
    number = float(demand(NUMBER, text))
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def read_boolean(text: str) -> bool:
    if text.lower() not in WORDS:
        raise ValueError(text)
    return WORDS[text.lower()]


def read_timestamp(text: str) -> datetime:
    """A time without a zone is in UTC."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


READERS: dict[str, Callable[[str], Any]] = {
    "text": read_text,
    "integer": read_integer,
    "decimal": read_decimal,
    "float": read_float,
    "boolean": read_boolean,
    "date": date.fromisoformat,
    "timestamp": read_timestamp,
    "uuid": UUID,
}
