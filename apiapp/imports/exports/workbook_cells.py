"""Cells of a worksheet.  Text is inline and never becomes a formula.

What Excel would change is text as well: numbers of more than 15 digits, days before March 1900,
times with parts of a millisecond.  Times are in UTC: Excel knows no zones.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

# Source: Microsoft, "Excel specifications and limits".
CELL_CHARACTERS = 32_767  # units of UTF-16
EXACT_DIGITS = 15
EXACT_BELOW = 10**EXACT_DIGITS
# Excel counts days from 1900 and has a 29th of February there, which never was.
FIRST_DAY, DAY_ZERO = date(1900, 3, 1), date(1899, 12, 30)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_SERIAL = (EPOCH.date() - DAY_ZERO).days
S_PER_DAY = 86_400
EMPTY = "<c/>"
# Numbers of styles, as workbook_parts has them.
DATE, SECONDS, MILLISECONDS, HEADING = 1, 2, 3, 4
# What XML cannot hold is written _xHHHH_, and so is what looks like that (ST_Xstring); a line end
# of its own would be read as \n.
SPECIAL = re.compile("[<>&\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
MARKUP = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def escaped(text: str) -> str:
    return SPECIAL.sub(lambda found: MARKUP.get(found[0]) or f"_x{ord(found[0]):04X}_", text)


def cell_of_text(value: Any) -> str:
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escaped(str(value))}</t></is></c>'


def cell_of_heading(text: str) -> str:
    return cell_of_text(cut(text)).replace("<c ", f'<c s="{HEADING}" ', 1)


def cell_of_integer(number: int) -> str:
    if -EXACT_BELOW < number < EXACT_BELOW:
        return f"<c><v>{number}</v></c>"
    return cell_of_text(number)


def cell_of_decimal(number: Decimal) -> str:
    digits = f"{number:f}"
    if len(number.normalize().as_tuple().digits) <= EXACT_DIGITS and abs(number) < EXACT_BELOW:
        return f"<c><v>{digits}</v></c>"
    return cell_of_text(digits)


def cell_of_float(number: float) -> str:
    return f"<c><v>{number!r}</v></c>"


def cell_of_boolean(value: bool) -> str:
    return f'<c t="b"><v>{value:d}</v></c>'


def cell_of_date(day: date) -> str:
    if day < FIRST_DAY:
        return cell_of_text(day.isoformat())
    return f'<c s="{DATE}"><v>{(day - DAY_ZERO).days}</v></c>'


def cell_of_time(moment: datetime) -> str:
    if moment.date() < FIRST_DAY or moment.microsecond % 1000:
        return cell_of_text(f"{moment.replace(tzinfo=None).isoformat()}Z")
    since = moment - EPOCH
    part_of_day = (since.seconds + since.microseconds / 1_000_000) / S_PER_DAY
    style = MILLISECONDS if moment.microsecond else SECONDS
    return f'<c s="{style}"><v>{EPOCH_SERIAL + since.days + part_of_day!r}</v></c>'


CELLS: dict[str, Callable[[Any], str]] = {
    "integer": cell_of_integer,
    "decimal": cell_of_decimal,
    "float": cell_of_float,
    "boolean": cell_of_boolean,
    "date": cell_of_date,
    "timestamp": cell_of_time,
}


def cut(text: str) -> str:
    """As much of `text` as a cell holds, whole characters."""
    if len(text) <= CELL_CHARACTERS // 2:
        return text
    units = text.encode("utf-16-le")
    return units[: 2 * CELL_CHARACTERS].decode("utf-16-le", errors="ignore")
