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


@schemathesis.serializer("application/offset+octet-stream", "application/partial-upload")
def as_it_is(_context: Any, value: Any) -> Any:
    return value if isinstance(value, bytes) else str(value).encode()


LINES = ("application/x-ndjson", "application/jsonl", "text/csv")


@schemathesis.serializer(*LINES)
def as_lines(_context: Any, value: Any) -> Any:
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def filter_case(_context: Any, case: Any) -> bool:
    """Leave out what does not arrive as it was meant.

    XML and lines have no types: what is wrong for its type may be right as its text.  No form is a
    list.
    """
    if is_meant_well(case):
        return arrives_as_meant(case)
    if case.media_type in ("application/xml", *LINES):
        return False
    return case.media_type != "multipart/form-data" or isinstance(case.body, dict)


def arrives_as_meant(case: Any) -> bool:
    """XML has no null and no empty object; fields of a form have names, and each comes once."""
    if not isinstance(case.body, dict):
        return True
    if case.media_type == "application/xml":
        return not any(value in ({}, None) for value in case.body.values())
    is_received = case.media_type == "multipart/form-data" and "/upload" in case.path
    return not is_received or case.body.keys() <= UPLOAD_FIELDS


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Each thing to do gets a key of its own; a cursor is only ever one that a page gave."""
    if not is_meant_well(case):
        return
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if case.headers and not TAGS.fullmatch(case.headers.get("If-Match", ANY)):
        case.headers["If-Match"] = ANY  # where the generator has no word for the pattern, it has 0
    if case.query and "cursor" in case.query:
        del case.query["cursor"]
