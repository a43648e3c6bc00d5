"""What ASGI requests say, and how they are answered."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from urllib.parse import parse_qs

import orjson

from apiapp.uploads.digests import md5_from_base64, md5_from_hex
from apiapp.uploads.errors import BodyTooLarge

NO_CONTENT = 204

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = dict[str, Any]


class Problem(Protocol):
    """How an error is answered."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> dict[str, str]: ...

    def as_json(self) -> dict[str, Any]: ...


def header(scope: Scope, name: bytes) -> str:
    """Its value; empty if it was not sent."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def field(scope: Scope, name: bytes) -> str:
    """Its value; if it was sent in several lines, as one (RFC 9110, section 5.2)."""
    return ", ".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


def content_length(scope: Scope) -> int | None:
    text = header(scope, b"content-length")
    return int(text) if text else None


def body_bytes(scope: Scope) -> int | None:
    """How long the body is; None: that will be seen."""
    if header(scope, b"transfer-encoding"):
        return None
    return content_length(scope) or 0


def require_length(scope: Scope, limit_bytes: int) -> None:
    """Raises BodyTooLarge, before anything is read."""
    if (content_length(scope) or 0) > limit_bytes:
        raise BodyTooLarge(limit_bytes=limit_bytes)


def md5_of_request(scope: Scope) -> str:
    """From the Content-MD5 header or `?md5=`; empty if there is none.  Raises BadChecksum."""
    content_md5 = header(scope, b"content-md5")
    if content_md5:
        return md5_from_base64(content_md5)
    asked = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return md5_from_hex(asked["md5"][-1]) if "md5" in asked else ""


def headers_besides(scope: Scope) -> dict[str, str]:
    """What the answer's headers say besides; to be added to."""
    found: dict[str, str] = scope.setdefault("sluice.headers", {})
    return found


async def send_problem(
    send: Send,
    problem: Problem,
    *,
    ends_connection: bool,
    headers: dict[str, str] | None = None,
) -> None:
    """`headers`: besides those of the problem itself."""
    headers = {**(headers or {}), **problem.headers, "content-type": "application/problem+json"}
    if ends_connection:
        headers["connection"] = "close"
    await send_json(send, problem.status, problem.as_json(), headers)


async def send_json(
    send: Send, status: int, answer: Answer, headers: dict[str, str] | None = None
) -> None:
    body = orjson.dumps(answer)
    sent = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        **(headers or {}),
    }
    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


async def send_empty(send: Send, status: int, headers: dict[str, str]) -> None:
    """Of an answer to HEAD, or one that has nothing to say but in its headers."""
    sent = {"cache-control": "no-store", **headers}
    if status != NO_CONTENT:
        sent["content-length"] = "0"
    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": b""})
