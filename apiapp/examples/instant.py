"""Which requests for examples are answered at once, without a database or anything else to wait for."""

import re
from collections.abc import Mapping
from typing import Any

from apiapp.http.programs import OF_BROWSERS

# (method, path) of views that only tell back what they are told; what they store, they store later.
ECHOES = re.compile(
    r"GET /api/data|(GET|POST|PUT|DELETE) /api/resource/[^/]+|POST /api/(post|form)"
    r"|POST (/api)?/post_example|PUT (/api)?/put_example/[0-9]+|DELETE (/api)?/delete_example"
)
NAME = re.compile(r"(^|&)name=")
NAMED_USER = re.compile(r"GET (/api)?/get_example/[0-9]+")  # else the name is looked up
FORMS = {"*/*", "application/json"}
MOST_BODY_BYTES = 4096


def is_instant(environ: Mapping[str, Any]) -> bool:
    """Of a WSGI environ: whether the answer is a matter of a fraction of a millisecond.

    A key to be answered under once is looked up, pages are for people, and a long body takes time.
    """
    asked = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].removesuffix('/')}"
    if not ECHOES.fullmatch(asked):
        has_name = NAME.search(environ["QUERY_STRING"]) and NAMED_USER.fullmatch(asked)
        if not has_name:
            return False
    return (
        environ.get("HTTP_ACCEPT", "*/*") in FORMS
        and "HTTP_IDEMPOTENCY_KEY" not in environ
        and OF_BROWSERS.isdisjoint(environ)
        and int(environ.get("CONTENT_LENGTH") or 0) <= MOST_BODY_BYTES
    )
