"""Which parser reads a body."""

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

ALIASES = {"text/xml": "application/xml"}
SUFFIXES = {"+json": "application/json", "+xml": "application/xml"}  # RFC 6839


class Negotiation(DefaultContentNegotiation):
    """As DRF does it; `application/...+json` is read as JSON and `...+xml` as XML."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> Any:
        wanted = known_type(request.content_type)
        return next((parser for parser in parsers if parser.media_type == wanted), None)


def known_type(content_type: str | None) -> str:
    """The media type that a parser is registered for, of a Content-Type header."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type in ALIASES:
        return ALIASES[media_type]
    for suffix, meaning in SUFFIXES.items():
        if media_type.endswith(suffix) and media_type.startswith("application/"):
            return meaning
    return media_type
