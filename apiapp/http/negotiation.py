"""Which parser reads a body, and which renderer writes the answer."""

from collections.abc import Iterable
from typing import Any

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

ANYTHING = "*/*"
ALIASES = {"text/xml": "application/xml"}
SUFFIXES = {"+json": "application/json", "+xml": "application/xml"}  # RFC 6839


class Negotiation(DefaultContentNegotiation):
    """As DRF does it; `application/...+json` is read as JSON and `...+xml` as XML."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> Any:
        """Most requests want what comes first, and say so plainly: no list is read then."""
        first = next(iter(renderers))
        is_plain = request.META.get("HTTP_ACCEPT", ANYTHING) in (ANYTHING, first.media_type)
        if is_plain and self.settings.URL_FORMAT_OVERRIDE not in request.META["QUERY_STRING"]:
            return first, first.media_type
        return super().select_renderer(request, renderers, format_suffix)

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> Any:
        wanted = known_type(request.content_type)
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        """Raises NotAcceptable: an unknown `?_format=` is as one that no Accept can have."""
        found = [renderer for renderer in renderers if renderer.format == format]
        if not found:
            raise NotAcceptable
        return found


class OneForm(Negotiation):
    """Answers in the one form there is, whatever the client would rather have."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return renderers[0], renderers[0].media_type


def known_type(content_type: str | None) -> str:
    """The media type that a parser is registered for, of a Content-Type header."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type in ALIASES:
        return ALIASES[media_type]
    for suffix, meaning in SUFFIXES.items():
        if media_type.endswith(suffix) and media_type.startswith("application/"):
            return meaning
    return media_type
