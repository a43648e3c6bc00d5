"""What kind of thing a cell is, by its form alone: much finer than the types of columns."""

import re
from functools import lru_cache

EMPTY, TEXT, LOOSE = "empty", "text", "loose"
MISSING = {"", "na", "n/a", "nan", "null", "none", "nil", "-", "--", "?", ".", "\\n", "#n/a"}
KINDS = {
    "number": r"[+-]?(?:\d+|\d{1,3}(?:[.,'\u00a0\u202f ]\d{3})+)(?:[.,]\d+)?(?:[eE][+-]?\d+)?|[+-]?[.,]\d+",
    "money": r"[(+-]?[$€£¥₹] ?[+-]?[\d.,' ]*\d\)?|[+-]?\d[\d.,' ]*\d? ?(?:[$€£¥₹%]|USD|EUR|GBP)",
    "date": r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})"
    r"|\d{4}年\d{1,2}月\d{1,2}日?|\d{1,2}[- ][A-Za-z]{3,9}[- ,]+\d{2,4}|[A-Za-z]{3,9} \d{1,2},? \d{4}",
    "time": r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?",
    "moment": r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})[T ]+\d{1,2}:\d{2}"
    r"(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?",
    "uuid": r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "url": r"(?:https?|ftp)://\S+|www\.\S+\.\S+",
    "mail": r"[^\s@,;|]+@[^\s@,;|]+\.[A-Za-z]{2,}",
    "address": r"\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?",
    "boolean": r"(?i:true|false|yes|no)",
}
match_kind = re.compile("|".join(f"(?P<{kind}>{form})" for kind, form in KINDS.items())).fullmatch
# What text has in it when it was cut at the wrong places.
is_cut = re.compile(r"[\t|;^~\x00-\x1f]|^\W*\s*,|,\s*$|\w,\w|[\"'].*[,;]|^[:/]+|::").search


@lru_cache(maxsize=1 << 16)
def kind_of(cell: str) -> str:
    """One of KINDS, EMPTY, TEXT, or LOOSE for text that seems cut at the wrong places."""
    stripped = cell.strip()
    if stripped.lower() in MISSING:
        return EMPTY
    if len(stripped) > 200:
        return TEXT
    found = match_kind(stripped)
    if found:
        return str(found.lastgroup)
    if stripped[0] in "[{" and stripped[-1] in "]}":
        return TEXT
    return LOOSE if is_cut(stripped) else TEXT


def is_typed(kind: str) -> bool:
    return kind not in (EMPTY, TEXT, LOOSE)
