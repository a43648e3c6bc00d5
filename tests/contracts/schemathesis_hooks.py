"""What a client knows and a schema cannot say; loaded by schemathesis (SCHEMATHESIS_HOOKS)."""

import re
import uuid
from typing import Any

import schemathesis

ANY = "*"
TAGS = re.compile(r'\*|(W/)?"[!#-~]*"(, (W/)?"[!#-~]*")*')
UPLOAD_FIELDS = {"file", "chunk", "index", "md5"}


def is_meant_well(case: Any) -> bool:
    """Whether no part of the request is wrong on purpose."""
    return bool(case.meta) and all(part.mode.is_positive for part in case.meta.components.values())


@schemathesis.hook
def filter_case(_context: Any, case: Any) -> bool:
    """XML knows neither null nor types: what is wrong for its type may be right as its text."""
    if case.media_type != "application/xml" or not isinstance(case.body, dict):
        return True
    values = list(case.body.values())
    return is_meant_well(case) and {} not in values and None not in values


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Each thing to do gets a key of its own; a cursor is only ever one that a page gave; a form
    has a field once, under a name.
    """
    if not is_meant_well(case):
        return
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if case.headers and not TAGS.fullmatch(case.headers.get("If-Match", ANY)):
        case.headers["If-Match"] = ANY  # where the generator has no word for the pattern, it has 0
    if case.query and "cursor" in case.query:
        del case.query["cursor"]
    if case.media_type == "multipart/form-data" and "/upload" in case.path:
        case.body = {name: value for name, value in case.body.items() if name in UPLOAD_FIELDS}
