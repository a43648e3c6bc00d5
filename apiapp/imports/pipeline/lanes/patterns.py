"""A canonical row as one regular expression, of bytes, for RE2.

RE2 reads a row several times faster than DuckDB can check its cells.  What matches is canonical
(canonical.py) and means the same to PostgreSQL; what does not may be canonical all the same.
"""

import re
from collections.abc import Mapping, Sequence

from apiapp.imports.pipeline.convert import BOOLEANS
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.schema import ColumnSpec

YEAR = "(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
DAY = (
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
FOURTH = "(?:0[48]|[2468][048]|[13579][26])"  # divisible by four, but for 00
LEAP_DAY = f"(?:[0-9]{{2}}{FOURTH}|{FOURTH}00)-02-29"
DATE = f"(?:{YEAR}-{DAY}|{LEAP_DAY})"
TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
NUMBER = r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?"
HEX = "[0-9a-f]"
VALUES = {
    "integer": "(?:0|-?[1-9][0-9]{0,17})",
    "decimal": NUMBER,
    "float": NUMBER,
    "boolean": f"(?:{'|'.join(w for word in BOOLEANS if word for w in {word, word.upper()})})",
    "date": DATE,
    "timestamp": f"{DATE}[ T]{TIME}Z?",
    "uuid": f"{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}",
}


def row_pattern(
    columns: Sequence[ColumnSpec], dialect: Dialect, *, values: Mapping[str, str] = VALUES
) -> str | None:
    """What a whole record matches, with its line end; None where that is not for a pattern.

    values: what a cell of each type matches that is neither empty nor text.  Of one cell alone a
    row may be a blank line, which is none.
    """
    if len(columns) < 2 or any(column.conditions for column in columns):
        return None
    cells = [
        text(column, dialect)
        if column.type == "text"
        else value(column, dialect, values[column.type])
        for column in columns
    ]
    return rf"\A{re.escape(dialect.delimiter).join(cells)}\r?\n\z"


def value(column: ColumnSpec, dialect: Dialect, bare: str) -> str:
    quote = dialect.quote
    if column.required:
        return f"(?:{bare}|{quote}{bare}{quote})" if quote else bare
    return f"(?:{bare}|{quote}(?:{bare})?{quote})?" if quote else f"(?:{bare})?"


def text(column: ColumnSpec, dialect: Dialect) -> str:
    """Quoted it may have two line ends, but not begin with one, nor with a delimiter then: in more
    there may be whole rows (scan.unsuspected).
    """
    quote, delimiter = dialect.quote, re.escape(dialect.delimiter)
    bare = rf"[^{quote}{delimiter}\r\n]"
    if not quote:
        return f"{bare}{'+' if column.required else '*'}"
    within = rf"(?:[^{quote}\r\n]|{quote}{quote})"
    first = rf"(?:{bare}|{quote}{quote})"
    lines = rf"{first}{within}*(?:\r?\n{within}*){{1,2}}"
    if column.required:
        return f"(?:{bare}+|{quote}(?:{within}+|{lines}){quote})"
    return f"(?:{bare}*|{quote}(?:{within}*|{lines}){quote})"
