"""How names and texts of JSON are written where XML 1.0 does not allow them."""

import re

ITEM = "item"
FIELD = "field"
# Every edition of XML 1.0 takes these (section 2.3; parsers still read by the fourth edition, which
# knows few scripts), but not the colon, which is for namespaces; `xml...` is reserved.
NAME = re.compile(r"(?!(?i:xml))[A-Za-z_\u4e00-\u9fa5][-.0-9A-Za-z_\u4e00-\u9fa5]*")
# Section 2.2: what no XML document may hold, not even escaped.
UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
REPLACEMENT = "\ufffd"


def is_name(text: str) -> bool:
    """Whether an element may be called so, and is not one of the two that have a meaning here."""
    return bool(NAME.fullmatch(text)) and text not in (ITEM, FIELD)


def writable(text: str) -> str:
    """`text` with a replacement character for each that XML does not allow."""
    return UNWRITABLE.sub(REPLACEMENT, text)
