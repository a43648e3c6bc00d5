"""Structured field values (RFC 9651), of the types that this server reads and writes.

A field that was sent in several lines is one value, its lines joined by commas (section 4.2).
"""

from collections.abc import Mapping
from typing import Any

import http_sf
from http_sf import StructuredFieldError

Bare = int | bytes
MAX_INTEGER = 999_999_999_999_999  # section 3.3.1


def number(field: str) -> int | None:
    """An Item that is an Integer of 0 or more; None: it is something else, or nothing."""
    value = item(field)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and value >= 0 else None


def boolean(field: str) -> bool | None:
    """An Item that is a Boolean; None: it is something else, or nothing."""
    value = item(field)
    return value if isinstance(value, bool) else None


def item(field: str) -> Any:
    """The value of an Item, whatever its parameters; None: it is none."""
    try:
        parsed: Any = http_sf.parse(field.encode("latin-1"), tltype="item")
    except StructuredFieldError:
        return None
    return parsed[0]


def dictionary(field: str) -> dict[str, Any] | None:
    """The values of a Dictionary, without their parameters; an inner list is a list.

    None: it is no Dictionary.
    """
    try:
        parsed: Any = http_sf.parse(field.encode("latin-1"), tltype="dictionary")
    except StructuredFieldError:
        return None
    return {key: member[0] for key, member in parsed.items()}


def of_boolean(value: bool) -> str:
    return http_sf.ser(value)


def of_bytes(value: bytes) -> str:
    return http_sf.ser(value)


def of_dictionary(members: Mapping[str, Bare]) -> str:
    """At least one; no number may be beyond MAX_INTEGER."""
    return http_sf.ser(dict(members))
