"""Conditional requests (RFC 9110, section 13): what has not changed is not sent again, and what
has changed is not overwritten.

A view gives its answers an ETag; ConditionalGetMiddleware then answers 304 where it matches.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.http import http_date, parse_etags, parse_http_date_safe
from rest_framework.request import Request

from apiapp.http.errors import BadCondition, PreconditionFailed
from apiapp.http.json_text import dump

ANY = "*"


def etag_of(data: Any) -> str:
    """The entity tag of what a resource says, whatever form it is sent in.  Same data, same tag."""
    written = dump(data, is_sorted=True)
    return f'"{hashlib.blake2b(written, digest_size=12).hexdigest()}"'


def described(etag: str, modified_at: datetime | None = None) -> dict[str, str]:
    """The headers of an answer that shows a resource as it is now."""
    said = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if modified_at:
        said["Last-Modified"] = http_date(modified_at.timestamp())
    return said


def is_conditional(request: Request) -> bool:
    """Whether the caller wants a change made only if nothing has changed meanwhile."""
    return not {"If-Match", "If-None-Match", "If-Unmodified-Since"}.isdisjoint(request.headers)


def require_match(request: Request, *, etag: str, modified_at: datetime | None = None) -> None:
    """Call it in the transaction of the change, on what the change is going to replace.

    etag: of the resource as it is; "" if there is none.
    Raises PreconditionFailed, and BadCondition for a header that cannot be read.
    """
    headers = request.headers
    if "If-Match" in headers:
        if not matches(headers, "If-Match", etag):
            raise PreconditionFailed(etag=etag)
    elif modified_at and "If-Unmodified-Since" in headers:
        seen_at = parse_http_date_safe(headers["If-Unmodified-Since"])
        if seen_at is not None and int(modified_at.timestamp()) > seen_at:
            raise PreconditionFailed(etag=etag)
    if "If-None-Match" in headers and matches(headers, "If-None-Match", etag):
        raise PreconditionFailed(etag=etag)


def matches(headers: Mapping[str, str], name: str, etag: str) -> bool:
    """Whether the tags in the header `name` cover a resource that has `etag` now.

    A weak tag counts as well, other than section 13.1.1 has it: an answer that was compressed on
    its way carries the tag as a weak one, and what is guarded is the resource, not its bytes.
    """
    wanted = {tag.removeprefix("W/") for tag in parse_etags(headers[name])}
    if not wanted:
        raise BadCondition(header=name)
    return bool(etag) and (ANY in wanted or etag in wanted)
