"""What a client knows and a schema cannot say; loaded by schemathesis (SCHEMATHESIS_HOOKS)."""

import os
import re
import uuid
from typing import Any

import schemathesis

# Whether every case of the coverage phase is sent, or one of each kind.
SENDS_ALL = os.environ.get("SLUICE_FUZZ_EXAMPLES", "1") != "1"
ANY = "*"
TAGS = re.compile(r'\*|(W/)?"[!#-~]*"(, (W/)?"[!#-~]*")*')
UPLOAD_FIELDS = {"file", "chunk", "index", "md5"}
kinds_sent: set[tuple[Any, ...]] = set()


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
    """Leave out what does not arrive as it was meant, and what shows nothing new."""
    return is_as_meant(case) and (SENDS_ALL or is_of_a_new_kind(case))


def is_of_a_new_kind(case: Any) -> bool:
    """Whether nothing like it was sent to the operation: the same way to be right or wrong, of the
    same parameter or field; or that way in a body of the same media type.
    """
    if not case.meta or case.meta.phase.name.value != "coverage":
        return True
    data = case.meta.phase.data
    way = (case.operation.label, case.meta.generation.mode, data.scenario)
    is_of_body = data.parameter == case.media_type
    kinds = {
        (*way, data.parameter_location, data.description if is_of_body else data.parameter),
        (*way, case.media_type) if is_of_body else way,
    }
    is_new = not kinds <= kinds_sent
    kinds_sent.update(kinds)
    return is_new


def is_as_meant(case: Any) -> bool:
    """XML and lines have no types: what is wrong for its type may be right as its text.  No form is
    a list.
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
