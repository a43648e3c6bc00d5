r"""Conditions on the values of a column: a pattern, bounds, a list, values of another dataset.

| condition            | of columns of                           | met by                            |
| -------------------- | --------------------------------------- | --------------------------------- |
| `pattern`            | text, uuid                              | a value that matches as a whole   |
| `minimum`, `maximum` | integer, decimal, float, date, timestamp | a value not below, not above it  |
| `allowed`            | any but json                            | a value of the list               |
| `references`         | any but json                            | a value of `dataset.column`       |

Values are compared in the form that convert.py gives them; an empty cell meets every condition.
Patterns are RE2's, which no cell keeps busy (https://github.com/google/re2/wiki/Syntax).
What `references` asks for is looked up in the database: see references.py.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import re2

from apiapp.imports.errors import BadColumns
from apiapp.imports.pipeline.convert import convert_column

PATTERN, RANGE, ALLOWED, REFERENCE = "pattern", "range", "allowed", "reference"
PATTERN_LIMIT_CHARS = 1000
ALLOWED_LIMIT = 1000
ORDERED: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "decimal": Decimal,
    "float": float,
    "date": str,  # written so that their order is that of the letters
    "timestamp": str,
}
MATCHED = {"text", "uuid"}
TYPES_OF: dict[str, Callable[[str], bool]] = {
    "pattern": MATCHED.__contains__,
    "minimum": ORDERED.__contains__,
    "maximum": ORDERED.__contains__,
    "allowed": "json".__ne__,
    "references": "json".__ne__,
}

Breach = tuple[int, str, str]


# --- what is asked -------------------------------------------------------------------------------------
def agreed(asked: Mapping[str, Any], *, type_: str, label: str) -> dict[str, Any]:
    """The conditions as they are kept, those that are empty left out.  Raises BadColumns."""
    kept = {name: value for name, value in asked.items() if value not in (None, "", [])}
    for name in kept:
        require_possible(name, type_, label)
    if "pattern" in kept:
        compiled(str(kept["pattern"]), label)
    for name in ("minimum", "maximum"):
        if name in kept:
            kept[name] = canonical(type_, str(kept[name]), label, condition=name)
    if "allowed" in kept:
        kept["allowed"] = [
            canonical(type_, str(each), label, condition="allowed") for each in kept["allowed"]
        ]
        if len(kept["allowed"]) > ALLOWED_LIMIT:
            raise refused(label, f"at most {ALLOWED_LIMIT:,} values can be listed", "allowed")
    return kept


def require_possible(name: str, type_: str, label: str) -> None:
    if name not in TYPES_OF:
        raise refused(label, f"there is no condition {name!r}; known: {', '.join(TYPES_OF)}", name)
    if not TYPES_OF[name](type_):
        raise refused(label, f"a column of {type_} takes no {name}", name)


def canonical(type_: str, text: str, label: str, *, condition: str) -> str:
    """`text` as convert.py writes it."""
    (value,), bad = convert_column(type_, [text])
    if bad or not value:
        raise refused(label, f"{text!r} is no value of a column of {type_}", condition)
    return value


def compiled(pattern: str, label: str) -> Any:
    if len(pattern) > PATTERN_LIMIT_CHARS:
        reason = f"a pattern has at most {PATTERN_LIMIT_CHARS:,} characters"
        raise refused(label, reason, PATTERN)
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options)
    except re2.error as error:
        raise refused(label, f"{pattern!r} is no pattern: {told(error)}", PATTERN) from error


def told(error: Exception) -> str:
    """What RE2 says of a pattern, which it does in bytes."""
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def refused(label: str, reason: str, condition: str) -> BadColumns:
    return BadColumns(f"{label}: {reason}", columns=[label], condition=condition)


# --- what breaks it --------------------------------------------------------------------------------------
def breaches(
    conditions: Mapping[str, Any], *, type_: str, values: Sequence[str]
) -> Iterator[Breach]:
    """(index, kind, reason) of each value that breaks a condition."""
    if "pattern" in conditions:
        yield from unmatched(conditions["pattern"], values)
    if "minimum" in conditions or "maximum" in conditions:
        yield from out_of_range(conditions, ORDERED[type_], values)
    if "allowed" in conditions:
        yield from unlisted(conditions["allowed"], values)


def unmatched(pattern: str, values: Sequence[str]) -> Iterator[Breach]:
    matches = compiled(pattern, "").fullmatch
    for index, value in enumerate(values):
        if value and not matches(value):
            yield index, PATTERN, f"The cell does not match the pattern {pattern}."


def out_of_range(
    conditions: Mapping[str, Any], read: Callable[[str], Any], values: Sequence[str]
) -> Iterator[Breach]:
    low, high = conditions.get("minimum"), conditions.get("maximum")
    least, most = low and read(low), high and read(high)
    for index, value in enumerate(values):
        if not value:
            continue
        number = read(value)
        if low and number < least:
            yield index, RANGE, f"The cell is less than {low}."
        if high and number > most:
            yield index, RANGE, f"The cell is more than {high}."


def unlisted(allowed: Sequence[str], values: Sequence[str]) -> Iterator[Breach]:
    listed = {"", *allowed}
    for index, value in enumerate(values):
        if value not in listed:
            yield index, ALLOWED, "The cell is none of the values that the column allows."
