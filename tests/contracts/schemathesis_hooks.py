"""What a client knows and a schema cannot say; loaded by schemathesis (SCHEMATHESIS_HOOKS)."""

import re
import uuid
from typing import Any

import schemathesis

ANY = "*"
TAGS = re.compile(r'\*|(W/)?"[!#-~]*"(, (W/)?"[!#-~]*")*')
UPLOAD_FIELDS = {"file", "chunk", "index", "md5"}


def is_meant_well(case: Any) -> bool:
    """Whether the request is not wrong on purpose."""
    return bool(case.meta) and case.meta.generation.mode.is_positive


@schemathesis.hook
def filter_case(_context: Any, case: Any) -> bool:
    """Leave out what does not arrive as it was meant.

    XML knows neither null nor types: what is wrong for its type may be right as its text.  No
    form is a list.  What has "all required properties" is not wrong, whatever it is taken for.
    """
    if is_meant_well(case):
        is_xml = case.media_type == "application/xml" and isinstance(case.body, dict)
        return not (is_xml and any(value in ({}, None) for value in case.body.values()))
    if case.media_type == "application/xml":
        return False
    if case.media_type == "multipart/form-data" and not isinstance(case.body, dict):
        return False
    described = case.meta.phase.data.description if case.meta else ""
    return not (described or "").lower().startswith("all required properties")


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
