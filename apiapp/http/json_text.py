"""Data as JSON: by orjson, and by Python where a number is longer than orjson writes."""

import json
from decimal import Decimal
from typing import Any

import orjson
from rest_framework.utils.encoders import JSONEncoder

_rest = JSONEncoder().default  # lazy texts, periods, query sets


def plain(value: Any) -> Any:
    """What neither writer knows, in terms of what both do; decimals are exact, as text."""
    return f"{value:f}" if isinstance(value, Decimal) else _rest(value)


def dump(data: Any, *, has_lines: bool = False, is_sorted: bool = False) -> bytes:
    """UTF-8.  has_lines: indented for people.  is_sorted: the same data gives the same bytes."""
    option = orjson.OPT_NON_STR_KEYS
    option |= orjson.OPT_INDENT_2 if has_lines else 0
    option |= orjson.OPT_SORT_KEYS if is_sorted else 0
    try:
        return orjson.dumps(data, default=plain, option=option)
    except TypeError:  # an integer beyond 64 bits
        return json.dumps(
            data,
            default=plain,
            ensure_ascii=False,
            indent=2 if has_lines else None,
            separators=None if has_lines else (",", ":"),
            sort_keys=is_sorted,
            allow_nan=False,
        ).encode()
