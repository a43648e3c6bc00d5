"""From a cell's text to what a column of its type holds.

Converting gives text again, in the one form of each value that both databases read alike:

| type      | what is taken                                          | the form                     |
| --------- | ------------------------------------------------------ | ---------------------------- |
| text      | anything but NUL and invalid bytes, as it is           | unchanged                    |
| integer   | a sign or none, digits; 64 bits                        | digits                       |
| decimal   | a sign or none, digits, a point or none                | digits                       |
| float     | the same and an exponent; finite                       | Python's shortest            |
| boolean   | true/false, yes/no, t/f, y/n, 1/0, upper or lower case | 1 or 0                       |
| date      | YYYY-MM-DD                                             | the same                     |
| timestamp | YYYY-MM-DD, T or a space, HH:MM[:SS[.fraction]], then  | YYYY-MM-DD HH:MM:SS[.ffffff] |
|           | Z, an offset or nothing, which is UTC; or a date       | in UTC                       |
| uuid      | 8-4-4-4-12 hex digits, or 32                           | 8-4-4-4-12, lower case       |
| json      | RFC 8259; at most 100 levels deep                      | unchanged                    |

A column may have a form of its own for numbers and dates (local_forms.py); then that is what it
takes.  Digits are ASCII only, nothing else groups them.  Spaces around a cell count in text alone.  An empty
cell, quoted or not, is NULL in every type, and empty text stands for it here.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from apiapp.imports.pipeline.column_matcher import column_matcher
from apiapp.imports.pipeline.local_forms import Canonical, canonical

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
INT64_DIGITS = 19
DECIMAL_LIMIT_CHARS = 1000  # PostgreSQL holds 16,383 digits after the point, SQLite any text
JSON_LIMIT_LEVELS = 100
TRUE, FALSE = "1", "0"
BOOLEANS = {
    "true": TRUE,
    "false": FALSE,
    "yes": TRUE,
    "no": FALSE,
    "t": TRUE,
    "f": FALSE,
    "y": TRUE,
    "n": FALSE,
    "1": TRUE,
    "0": FALSE,
    "": "",
}


class BadCell(ValueError):
    """A cell that cannot become what its column asks for; str() is the reason."""


class BadBytes(BadCell):
    """A cell that is not text at all."""


Convert = Callable[[str], str]
# Converts all cells of a column, or returns None where one of them needs a closer look.
ConvertAll = Callable[[Sequence[str]], Sequence[str] | None]


def matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(pattern).fullmatch


def filled(cells: Sequence[str]) -> list[str]:
    return [cell for cell in cells if cell]


# --- text ------------------------------------------------------------------------------------------
def text(cell: str) -> str:
    if "\0" in cell:
        raise BadBytes("has a NUL byte, which is no text")
    try:
        cell.encode()
    except UnicodeEncodeError as error:
        byte = ord(cell[error.start]) & 0xFF
        raise BadBytes(f"has the byte 0x{byte:02X}, which is not UTF-8") from error
    return cell


def is_text(string: str) -> bool:
    """Neither NUL nor lone surrogates are in it."""
    if "\0" in string:
        return False
    try:
        return string.isascii() or bool(string.encode())
    except UnicodeEncodeError:
        return False


def text_all(cells: Sequence[str]) -> Sequence[str] | None:
    return cells if is_text("".join(cells)) else None


# --- numbers ---------------------------------------------------------------------------------------
is_integer = matcher(r"[+-]?[0-9]+")
is_decimal = matcher(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
is_float = matcher(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
are_integers = column_matcher(r"-?[0-9]{1,18}+")
are_decimals = column_matcher(r"-?[0-9]{1,100}+(?:\.[0-9]{1,100}+)?+")


def integer(cell: str) -> str:
    if not is_integer(cell):
        raise BadCell("is not an integer")
    digits = cell.lstrip("+-").lstrip("0") or "0"
    # Counted first: int() takes time by the square of the digits.
    if len(digits) > INT64_DIGITS:
        raise BadCell("is beyond 64 bits")
    number = -int(digits) if cell[0] == "-" else int(digits)
    if not INT64_MIN <= number <= INT64_MAX:
        raise BadCell("is beyond 64 bits")
    return str(number)


def integer_all(cells: Sequence[str]) -> Sequence[str] | None:
    return cells if are_integers(cells) else None


def decimal(cell: str) -> str:
    if len(cell) > DECIMAL_LIMIT_CHARS:
        raise BadCell(f"has more than {DECIMAL_LIMIT_CHARS} characters")
    if not is_decimal(cell):
        raise BadCell("is not a decimal number")
    return cell.removeprefix("+").removesuffix(".")


def decimal_all(cells: Sequence[str]) -> Sequence[str] | None:
    return cells if are_decimals(cells) else None


def float_(cell: str) -> str:
    if not is_float(cell):
        raise BadCell("is not a number")
    number = float(cell)
    if math.isinf(number):
        raise BadCell("is too large for a float")
    return repr(number)


def float_all(cells: Sequence[str]) -> Sequence[str] | None:
    return list(map(repr_of, cells)) if are_decimals(cells) else None


def repr_of(cell: str) -> str:
    return repr(float(cell)) if cell else ""


# --- boolean ---------------------------------------------------------------------------------------
def boolean(cell: str) -> str:
    try:
        return BOOLEANS[cell.lower()]
    except KeyError:
        raise BadCell("is neither true nor false") from None


def boolean_all(cells: Sequence[str]) -> Sequence[str] | None:
    return list(map(BOOLEANS.__getitem__, cells)) if BOOLEANS.keys() >= set(cells) else None


# --- dates -----------------------------------------------------------------------------------------
TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
is_date = matcher(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
is_timestamp = matcher(
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[ Tt]{TIME} ?(?:[Zz]|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)?)?"
)
are_dates = column_matcher(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
are_utc_timestamps = column_matcher(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}Z?")
beyond_microseconds = re.compile(r"(\.[0-9]{6})([0-9]+)")


def date_(cell: str) -> str:
    if not is_date(cell):
        raise BadCell("is not a date like 2026-01-31")
    try:
        date.fromisoformat(cell)
    except ValueError as error:
        raise BadCell("is a date that does not exist") from error
    return cell


def date_all(cells: Sequence[str]) -> Sequence[str] | None:
    return cells if are_dates(cells) and exist(date.fromisoformat, cells) else None


def exist(parse: Callable[[str], Any], cells: Sequence[str]) -> bool:
    try:
        for _ in map(parse, filter(None, cells)):
            pass
    except ValueError:
        return False
    return True


def timestamp(cell: str) -> str:
    if not is_timestamp(cell):
        raise BadCell("is not a date and time like 2026-01-31 23:59:59")
    finer = beyond_microseconds.search(cell)
    if finer and finer[2].strip("0"):
        raise BadCell("is finer than a microsecond")
    try:
        moment = datetime.fromisoformat(cell.upper().replace(" ", "T", 1).replace(" ", ""))
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadCell("is a date and time that does not exist") from error
    return moment.replace(tzinfo=None).isoformat(" ")


def timestamp_all(cells: Sequence[str]) -> Sequence[str] | None:
    if not are_utc_timestamps(cells) or not exist(datetime.fromisoformat, cells):
        return None
    joined = "\n".join(cells)
    return joined.replace("T", " ").replace("Z", "").split("\n")


# --- the rest --------------------------------------------------------------------------------------
HEX = "[0-9a-f]"
UUID = rf"{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}"
is_uuid = matcher(rf"{UUID}|{HEX}{{32}}")
are_uuids = column_matcher(UUID)


def uuid(cell: str) -> str:
    digits = cell.lower()
    if not is_uuid(digits):
        raise BadCell("is not a UUID")
    digits = digits.replace("-", "")
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def uuid_all(cells: Sequence[str]) -> Sequence[str] | None:
    return cells if are_uuids(cells) else None


def finite(number: str) -> float:
    """A number of JSON that both databases can hold."""
    value = float(number)
    if math.isinf(value) or len(number) > DECIMAL_LIMIT_CHARS:
        raise BadCell("has a number that is too large")
    if value == 0 and number.lower().partition("e")[0].strip("-0."):
        raise BadCell("has a number that is too small")
    return value


def no_constant(word: str) -> None:
    raise BadCell(f"is not JSON: {word}")


def strings_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [*value, *strings_of(list(value.values()))]
    if isinstance(value, list):
        return [string for each in value for string in strings_of(each)]
    return []


def levels_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(levels_of, inner), default=0) if isinstance(value, dict | list) else 0


def json_(cell: str) -> str:
    try:
        value = json.loads(cell, parse_float=finite, parse_constant=no_constant)
    except BadCell:
        raise
    except (ValueError, RecursionError) as error:
        raise BadCell("is not JSON") from error
    if cell.count("[") + cell.count("{") > JSON_LIMIT_LEVELS < levels_of(value):
        raise BadCell(f"is nested more than {JSON_LIMIT_LEVELS} levels deep")
    if "\\u" in cell and not is_text("".join(strings_of(value))):
        raise BadCell("has an escape that stands for no character")
    return cell


def one_by_one(cells: Sequence[str]) -> None:
    """There is no fast way for a whole column of this type."""


CONVERTERS: dict[str, tuple[Convert, ConvertAll]] = {
    "text": (text, text_all),
    "integer": (integer, integer_all),
    "decimal": (decimal, decimal_all),
    "float": (float_, float_all),
    "boolean": (boolean, boolean_all),
    "date": (date_, date_all),
    "timestamp": (timestamp, timestamp_all),
    "uuid": (uuid, uuid_all),
    "json": (json_, one_by_one),
}


def convert_cell(type_: str, cell: str) -> str:
    """One cell in its form; empty where it is NULL.  Raises BadCell."""
    convert, _ = CONVERTERS[type_]
    if type_ == "text":
        return text(cell)
    stripped = text(cell).strip(" ")
    return convert(stripped) if stripped else ""


def convert_column(
    type_: str, cells: Sequence[str], form: str = ""
) -> tuple[Sequence[str], list[tuple[int, BadCell]]]:
    """All cells in their form, and which cannot be converted; those are empty."""
    if form and (read := canonical(type_, form)):
        return convert_local(type_, cells, form, read)
    _, convert_all = CONVERTERS[type_]
    converted = convert_all(cells)
    if converted is not None:
        return converted, []
    values: list[str] = []
    bad: list[tuple[int, BadCell]] = []
    for index, cell in enumerate(cells):
        try:
            values.append(convert_cell(type_, cell))
        except BadCell as error:
            values.append("")
            bad.append((index, error))
    return values, bad


def convert_local(
    type_: str, cells: Sequence[str], form: str, read: Canonical
) -> tuple[Sequence[str], list[tuple[int, BadCell]]]:
    values: list[str] = []
    bad: list[tuple[int, BadCell]] = []
    for index, cell in enumerate(cells):
        try:
            values.append(local_cell(type_, text(cell).strip(" "), form, read))
        except BadCell as error:
            values.append("")
            bad.append((index, error))
    return values, bad


def local_cell(type_: str, cell: str, form: str, read: Canonical) -> str:
    if not cell:
        return ""
    plain = read(cell)
    if plain is None:
        raise BadCell(f"is not written like the column's other {type_}s ({form!r})")
    return convert_cell(type_, plain)
