"""The parts of the OpenAPI document that many operations share.

Names of headers and parameters are component names; what they are called in a request is inside.
"""

from http import HTTPStatus
from typing import Any

from apiapp.http.renderers import PROBLEM_XML
from apiapp.problems import CONTENT_TYPE as PROBLEM_JSON
from apiapp.problems import REGISTERED, title_of, uri_of

Part = dict[str, Any]

PROBLEM_TYPES = {PROBLEM_JSON, PROBLEM_XML}

PROBLEM: Part = {
    "type": "object",
    "description": "What went wrong (RFC 9457).  Some types have more members; docs/api.md.",
    "properties": {
        "type": {
            "type": "string",
            "description": "Which problem it is; stable, so programs go by it.",
            "example": uri_of("not-found"),
        },
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What it was this time, for people."},
        "instance": {
            "type": "string",
            "description": "The request id, as in `X-Request-Id`: the log has it too.",
        },
        "errors": {
            "description": "Of a body or a query: what is wrong, by the name of the field.",
            "oneOf": [{"type": "object", "additionalProperties": {}}, {"type": "array"}],
        },
    },
    "required": ["type", "title", "status", "detail", "instance"],
}
PROBLEM["properties"]["errors"]["oneOf"][1]["items"] = {}

TEXT: Part = {"type": "string"}

HEADERS: dict[str, Part] = {
    "X-Request-Id": {
        "description": "Names this request, in the log as well.  Yours, if you sent one.",
        "required": True,
        "schema": TEXT,
    },
    "RateLimit-Policy": {
        "description": "Your quotas: `q` requests in each window of `w` seconds.",
        "schema": {**TEXT, "example": '"callers-minute";q=6000;w=60'},
    },
    "RateLimit": {
        "description": "What is left of them: `r` requests, for `t` seconds more.",
        "schema": {**TEXT, "example": '"callers-minute";r=5999;t=42'},
    },
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "How to say who calls.",
        "required": True,
        "schema": {**TEXT, "example": 'Bearer realm="sluice"'},
    },
    "ETag": {
        "description": "Changes with the resource; to be sent as If-None-Match or If-Match.",
        "schema": {**TEXT, "example": '"9f86d081884c7d659a2feaa0"'},
    },
    "Last-Modified": {"description": "When it was changed last.", "schema": TEXT},
    "Link": {
        "description": "The pages beside this one: `next` and `prev` (RFC 8288).",
        "schema": {**TEXT, "example": '<https://example.org/api/jobs/?cursor=cD0x>; rel="next"'},
    },
    "Location": {"description": "Where it is.", "required": True, "schema": TEXT},
    "Idempotent-Replayed": {
        "description": "`true`: this is the answer that the first request with this key got; "
        "nothing was done this time.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Deprecation": {
        "description": "Since when this should not be used (RFC 9745).",
        "schema": {**TEXT, "example": "@1767225600"},
    },
    "Sunset": {"description": "When it will stop to answer (RFC 8594).", "schema": TEXT},
}

KEY_PATTERN = r'^("[!#-\[\]-~]{1,255}"|[!#-~]{1,255})$'
TAGS_PATTERN = r'^(\*|(W/)?"[!#-~]*"(, (W/)?"[!#-~]*")*)$'

PARAMETERS: dict[str, Part] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A new name for each thing to do, a UUID say: sent twice, it is done once. "
        "Answers are kept for 24 hours.",
        "schema": {**TEXT, "pattern": KEY_PATTERN},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag of what you have: 304 if it is still so.",
        "schema": TEXT,
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag that was read: 412 if it has changed since.",
        "schema": {**TEXT, "pattern": TAGS_PATTERN},
        "example": '"9f86d081884c7d659a2feaa0"',
    },
    "IfUnmodifiedSince": {
        "name": "If-Unmodified-Since",
        "in": "header",
        "description": "The Last-Modified that was read: 412 if it has changed since.",
        "schema": TEXT,
    },
}

MEANINGS = {
    304: "Not changed since",
    400: "A parameter, a header or a body that cannot be read",
    401: "It is not known who calls",
    403: "This is not allowed",
    404: "There is nothing here, or it is not yours",
    406: "No form of answer that is accepted",
    408: "The body stopped coming",
    409: "Not as things are now",
    410: "It was here and is gone",
    405: "A method that is nothing here",
    412: "It has changed since it was read, or the version is not spoken here",
    413: "More than is taken here",
    415: "A media type that is not read here",
    416: "Not one byte of the range is there; `Content-Range` tells how long the file is",
    422: "Fields that are not right",
    423: "Somebody else is at it",
    429: "Too many requests",
    460: "The body that arrived is not the one that was sent",
    500: "Something went wrong here; the log has it under the request id",
    501: "This process does not serve that",
    503: "Something that is needed for it cannot be reached; `Retry-After` says when to try again",
    507: "The disk is full",
}


def problem_response(status: int, types: list[str], media_types: list[str]) -> Part:
    """The answer to what is refused with one of `types`."""
    narrowed = {"type": "object", "properties": {"type": {"type": "string", "enum": full(types)}}}
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, narrowed]}
    content: Part = {media_type: {"schema": schema} for media_type in media_types}
    content[media_types[0]]["example"] = {
        "type": full(types)[0],
        "title": REGISTERED.get(types[0]) or title_of(status),
        "status": status,
        "detail": MEANINGS[status],
        "instance": "6d5f6c1e6d0f4a0fb0a3f8a4a8f4b3f2",
    }
    description = f"{MEANINGS[status]}: {', '.join(f'`{type_}`' for type_ in types)}"
    return {"description": description, "headers": headers_of(status), "content": content}


def full(types: list[str]) -> list[str]:
    return [uri_of(type_) for type_ in types]


def headers_of(status: int) -> Part:
    """Those that every answer of this status has."""
    names = ["X-Request-Id"]
    if status == HTTPStatus.UNAUTHORIZED:
        names.append("WWW-Authenticate")
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.CONFLICT, HTTPStatus.LOCKED):
        names.append("Retry-After")
    return header_refs(names)


def header_refs(names: list[str]) -> Part:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
