"""Async: the plainest requests for examples, answered on the event loop.

To change threads and to go a framework's way takes many times longer than to echo.  So a request
that has nothing unusual about it is answered here, in its view's words and with its view's
headers.  Whatever else there is to it, a wrong field or a header that might matter, takes the way
to the view.  tests/myproject/test_bridge_answers.py compares both.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from rest_framework.exceptions import APIException
from rest_framework.serializers import Serializer

from apiapp.examples import services
from apiapp.examples.serializers import (
    NO_AUTHORIZATION,
    NO_CUSTOM_HEADER,
    NO_USER_AGENT,
    ItemSent,
    PostSent,
)
from apiapp.http.answers import MIN_GZIP_BYTES, NEVER_KEPT, REVALIDATED
from apiapp.http.errors import RequestError
from apiapp.http.json_text import dump
from apiapp.http.known import KEY, Known
from apiapp.http.parsers import read_json
from apiapp.http.programs import OF_BROWSERS, said_of_all
from apiapp.http.request_ids import HEADER, request_id_for
from apiapp.keys.errors import TooManyRequests
from apiapp.keys.rate_limits import OPEN, count

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
Raw = tuple[bytes, bytes]

MOST_BODY_BYTES = 4096
MOST_PATH_BYTES = 200
JSON, FORM = b"application/json", b"application/x-www-form-urlencoded"
ANY_FORM = (b"*/*", JSON)
WITH_BODY = ("POST", "PUT")
# Headers by which an answer may differ, in the names of ASGI.
UNUSUAL = frozenset(
    {name.removeprefix("HTTP_").lower().replace("_", "-").encode() for name in OF_BROWSERS}
    | {b"idempotency-key", b"content-encoding", b"transfer-encoding", b"x-forwarded-proto"}
)


class Unusual(Exception):
    """Something about a request that its view should see."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; id: the last part of its path, where that is one."""

    method: str
    id: str
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes


Told = tuple[dict[str, Any], Callable[[], None] | None]  # an answer, and what is to be stored


def get_user(asked: Asked) -> Told:
    name = parameters(asked).get("name")
    if name is None:
        raise Unusual  # it is looked up
    agent = text(asked, b"user-agent", NO_USER_AGENT)
    return {"user_id": int(asked.id), "name": name, "user_agent": agent}, None


def post_text(asked: Asked) -> Told:
    sent = fields(asked, PostSent)
    told = {**sent, "authorization": authorization(asked)}
    return told, lambda: services.store_post(**sent)


def put_item(asked: Asked) -> Told:
    sent = fields(asked, ItemSent)
    header = text(asked, b"x-custom-header", NO_CUSTOM_HEADER)
    digits = asked.id.lstrip("0") or "0"
    told = {"item_id": int(digits), **sent, "custom_header": header}
    return told, lambda: services.store_item(item_id=digits, **sent)


def delete_posts(asked: Asked) -> Told:
    if parameters(asked).get("confirm", "").lower() != "true":
        raise Unusual  # it is refused
    return {"deleted": True, "authorization": authorization(asked)}, services.delete_posts


def get_resource(asked: Asked) -> Told:
    detail = parameters(asked).get("detail", "basic")
    return {"method": "GET", "resource_id": asked.id, "detail": detail}, None


def get_data(asked: Asked) -> Told:
    parameters(asked)
    return {"key": "value"}, None


@dataclass(frozen=True, slots=True)
class Echo:
    """path: of the whole, without a slash at its end; its one group is the id."""

    method: str
    path: re.Pattern[str]
    answer: Callable[[Asked], Told]
    allow: bytes


READ, NUMBER = b"GET, HEAD, OPTIONS", "/([0-9]{1,18})"
ECHOES = [
    Echo("GET", re.compile(f"(?:/api)?/get_example{NUMBER}"), get_user, READ),
    Echo("POST", re.compile("(?:/api)?/post_example"), post_text, b"POST, OPTIONS"),
    Echo("PUT", re.compile(f"(?:/api)?/put_example{NUMBER}"), put_item, b"PUT, OPTIONS"),
    Echo("DELETE", re.compile("(?:/api)?/delete_example"), delete_posts, b"DELETE, OPTIONS"),
    Echo("GET", re.compile("/api/data"), get_data, READ),
    Echo(
        "GET",
        re.compile("/api/resource/([A-Za-z0-9._~-]+)"),
        get_resource,
        b"GET, POST, PUT, DELETE, HEAD, OPTIONS",
    ),
]


class Instant:
    """An ASGI application before another, which gets what is not answered here."""

    def __init__(self, long_way: Application) -> None:
        self._long_way = long_way

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        found = echo_of(scope)
        body = b""
        if found and scope["method"] in WITH_BODY:
            message = await receive()
            receive = again(message, receive)
            body = message.get("body", b"")
            if message["type"] != "http.request" or message.get("more_body"):
                found = None
        if found:
            with suppress(Unusual, APIException, RequestError, TooManyRequests):
                head, content = answer_to(scope, *found, body)
                await send(head)
                await send({"type": "http.response.body", "body": content})
                return
        await self._long_way(scope, receive, send)


def again(message: Message, receive: Receive) -> Receive:
    """A `receive` that gives this message first."""
    waiting = [message]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again


def echo_of(scope: Message) -> tuple[Echo, str] | None:
    """The echo that is asked for, and the id in its path."""
    raw_path = scope["raw_path"]
    path = raw_path[:-1] if raw_path.endswith(b"/") else raw_path
    return echo_at(scope["method"], path) if len(path) <= MOST_PATH_BYTES else None


@lru_cache(maxsize=1024)
def echo_at(method: str, raw_path: bytes) -> tuple[Echo, str] | None:
    path = raw_path.decode("latin1")
    for echo in ECHOES:
        found = echo.path.fullmatch(path) if echo.method == method else None
        if found:
            return echo, found[1] if echo.path.groups else ""
    return None


def answer_to(scope: Message, echo: Echo, id: str, body: bytes) -> tuple[Message, bytes]:
    """The answer's head and body; what is to be stored is handed on to be stored.

    Raises Unusual, whatever reading the body raises, and TooManyRequests.
    """
    headers = dict(scope["headers"])
    require_usual(scope, headers)
    told, store = echo.answer(Asked(scope["method"], id, scope["query_string"], headers, body))
    content = dump(told)
    if len(content) >= MIN_GZIP_BYTES:
        raise Unusual
    remote_address = (scope.get("client") or ("", 0))[0]
    counted = count(caller=None, remote_address=remote_address, policy=OPEN, is_safe=False)
    request_id = request_id_for(headers.get(b"x-request-id", b"").decode("latin1"))
    scope[KEY] = Known(request_id)
    said = [
        *said_by(echo, is_secure=scope["scheme"] == "https"),
        *((name.lower().encode(), value.encode()) for name, value in counted.items()),
        (HEADER.lower().encode(), request_id.encode()),
        (b"content-length", b"%d" % len(content)),
    ]
    if echo.method == "GET":
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        said.append((b"etag", f'"{digest}"'.encode()))
    if store:
        store()
    return {"type": "http.response.start", "status": 200, "headers": said}, content


def require_usual(scope: Message, headers: dict[bytes, bytes]) -> None:
    """Raises Unusual."""
    is_usual = (
        len(headers) == len(scope["headers"])  # none twice
        and UNUSUAL.isdisjoint(headers)
        and (scope["method"] in WITH_BODY or headers.get(b"content-length", b"0") == b"0")
        and headers.get(b"accept", b"*/*") in ANY_FORM
        and is_host(headers.get(b"host", b""))
        and (scope["scheme"] == "https" or not settings.SECURE_SSL_REDIRECT)
    )
    if not is_usual:
        raise Unusual


@lru_cache(maxsize=64)
def is_host(raw: bytes) -> bool:
    domain, _ = split_domain_port(raw.decode("latin1").lower())
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


@lru_cache(maxsize=64)
def said_by(echo: Echo, *, is_secure: bool) -> list[Raw]:
    """The headers that every answer of this echo has."""
    common = {name.lower(): value for name, value in said_of_all(is_secure=is_secure).items()}
    own = {
        "content-type": "application/json",
        "vary": "Accept, Accept-Language",
        "allow": echo.allow.decode(),
        "cache-control": REVALIDATED if echo.method == "GET" else NEVER_KEPT,
    }
    return [(name.encode(), value.encode()) for name, value in (common | own).items()]


def parameters(asked: Asked) -> dict[str, str]:
    """Raises Unusual where something is percent-encoded, or another form of answer is asked for."""
    if b"%" in asked.query or b"_format" in asked.query or not asked.query.isascii():
        raise Unusual
    return dict(parse_qsl(asked.query.decode(), keep_blank_values=True))


def text(asked: Asked, name: bytes, default: str) -> str:
    """A header's.  Raises Unusual where it is not ASCII."""
    value = asked.headers.get(name)
    if value is None:
        return default
    if not value.isascii():
        raise Unusual
    return value.decode()


def authorization(asked: Asked) -> str:
    return text(asked, b"authorization", NO_AUTHORIZATION)


def fields(asked: Asked, kind: type[Serializer[Any]]) -> dict[str, str]:
    """Those that are sent, and of the others their defaults.

    Raises Unusual where a field is no plain text, and what reading JSON raises.
    """
    if asked.query or not 0 < len(asked.body) <= MOST_BODY_BYTES:
        raise Unusual
    sent = body_of(asked)
    found = {name: sent.get(name, default) for name, default in defaults_of(kind)}
    if not all(isinstance(value, str) and "\0" not in value for value in found.values()):
        raise Unusual
    return found


@cache
def defaults_of(kind: type[Serializer[Any]]) -> list[tuple[str, str]]:
    return [(name, str(field.default)) for name, field in kind().fields.items()]


def body_of(asked: Asked) -> dict[str, Any]:
    content_type = asked.headers.get(b"content-type")
    if content_type == JSON:
        sent = read_json(
            asked.body,
            max_depth=settings.BODY_MAX_DEPTH,
            max_fields=settings.DATA_UPLOAD_MAX_NUMBER_FIELDS,
        )
    elif content_type == FORM and asked.body.isascii() and b"%" not in asked.body:
        sent = dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
    else:
        raise Unusual
    if not isinstance(sent, dict):
        raise Unusual
    return sent
