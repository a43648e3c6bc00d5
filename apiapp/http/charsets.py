"""Django's request, which believes a charset only if it is one of text.

Python calls `bz2` and `undefined` encodings as well.  Django's request decodes its query by the
charset of its body before anything can answer an error.
"""

from functools import lru_cache
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.utils.http import parse_header_parameters

PRINTABLE = bytes(range(32, 127))


class TextRequest(WSGIRequest):
    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        content_type = meta.get("CONTENT_TYPE", "")
        if "charset" not in content_type.lower():
            super()._set_content_type_params(meta)  # type: ignore[misc]
            return
        self.content_type, self.content_params = parse_header_parameters(content_type)
        charset = self.content_params.get("charset", "")
        self.encoding = charset if is_text(charset) else None  # type: ignore[assignment]


@lru_cache(maxsize=64)
def is_text(charset: str) -> bool:
    """Whether ASCII means in it what it says."""
    try:
        return PRINTABLE.decode(charset) == PRINTABLE.decode("ascii")
    except (LookupError, ValueError):  # UnicodeError is a ValueError
        return False
