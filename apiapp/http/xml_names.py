"""How names and texts of JSON are written where XML 1.0 does not allow them."""

import re

ITEM = "item"
FIELD = "field"
# XML 1.0, section 2.3, without the colon, which is for namespaces; `xml...` is reserved.
NAME = re.compile(
    r"(?!xml)[A-Za-z_\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF"
    r"\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD]"
    r"[-.0-9A-Za-z_\u00B7\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u037D\u037F-\u1FFF"
    r"\u203F-\u2040\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD]*",
    re.IGNORECASE,
)
# Section 2.2: what no XML document may hold, not even escaped.
UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
REPLACEMENT = "\ufffd"


def is_name(text: str) -> bool:
    """Whether an element may be called so, and is not one of the two that have a meaning here."""
    return bool(NAME.fullmatch(text)) and text not in (ITEM, FIELD)


def writable(text: str) -> str:
    """`text` with a replacement character for each that XML does not allow."""
    return UNWRITABLE.sub(REPLACEMENT, text)
