"""Over every route of the API and its pages, the bridge answers what Django answers by itself."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apiapp import urls
from apiapp.http.handler import Handler
from apiapp.problems import problem_for
from myproject.bridge import Bridge
from myproject.request_bodies import BodyTerms
from myproject.turns import Turns

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

SAME = {"X-Request-Id": "same"}
VALUES = {"int": "1", "str": "x"}
# They carry secrets or the time, and differ between any two answers.
CHANGING = re.compile(
    rb"csrfmiddlewaretoken\W+value=\W*\w+|csrf\w*\W+\w{64}|login/[\w-]{20,}|"
    rb"\d{4}-\d\d-\d\dT[\d:.]+Z|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\d+(\.\d+)? (seconds|ms)|\"free_bytes\":\d+"
)
SKIPPED_HEADERS = {"date", "expires", "last-modified", "etag", "set-cookie", "content-length"}
BAD_BODIES = [
    (b'{"a": ', "application/json"),
    (b"[]", "application/json"),
    (b'{"a": "\xff"}', "application/json"),
    (b"a=%ff&b", "application/x-www-form-urlencoded"),
    (b"--x\r\nContent-Disposition: form-data", "multipart/form-data; boundary=x"),
    (b"hello", "text/plain"),
    (b"", ""),
]
PATHS = sorted(
    {
        "/" + re.sub(r"<(\w+):\w+>", lambda found: VALUES[found[1]], str(route.pattern))
        for route in urls.urlpatterns
        # Those take their time, or tell it.
        if not re.search(r"\(|stream|metrics|gauges|readyz", str(route.pattern))
    }
    | {"/api/no/such/path", "/nothing/here"}
)


@dataclass(frozen=True)
class Asked:
    method: str
    headers: dict[str, str]
    body: bytes = b""
    content_type: str = ""


@dataclass(frozen=True)
class Seen:
    """What must be the same in both answers."""

    status: int
    headers: dict[str, str]
    content: bytes


def seen(asked: Asked, status: int, headers: Any, content: bytes) -> Seen:
    kept = {name.lower(): v for name, v in headers if name.lower() not in SKIPPED_HEADERS}
    # The short way for programs looks for no session, so its answers do not vary by one.
    kept["vary"] = kept.get("vary", "").removesuffix(", Cookie")
    return Seen(status, kept, b"" if asked.method == "HEAD" else CHANGING.sub(b"*", content))


def differences(got: Seen, expected: Seen) -> dict[str, Any]:
    found = {
        name: (got.headers.get(name), expected.headers.get(name))
        for name in got.headers.keys() | expected.headers.keys()
        if got.headers.get(name) != expected.headers.get(name)
    }
    if got.status != expected.status:
        found["status"] = (got.status, expected.status)
    if got.content != expected.content:
        found["content"] = (got.content, expected.content)
    return found


@pytest.fixture
def bridge(settings: Any) -> Iterator[Bridge]:
    settings.RATE_LIMIT_ENABLED = False  # both count, so the second has one left less
    turns = Turns(most=4, streams=2)
    yield Bridge(
        Handler(),
        turns=turns,
        body_terms=BodyTerms(limit_bytes=10_000_000, idle_s=10),
        stall_s=10,
        problem_for=problem_for,
    )
    turns.close()


class PlainClient(Client):
    """Django's client, which sends an empty Cookie header where nobody else sends any."""

    def _base_environ(self, **request: Any) -> dict[str, Any]:
        environ = super()._base_environ(**request)
        if not environ["HTTP_COOKIE"]:
            del environ["HTTP_COOKIE"]
        return environ


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return "; ".join(f"{m.key}={m.value}" for m in client.cookies.values())


def by_django(asked: Asked, path: str) -> Seen:
    client = PlainClient(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies.load(asked.headers.get("Cookie", ""))
    response = client.generic(
        asked.method, path, asked.body, content_type=asked.content_type, headers=asked.headers
    )
    return seen(asked, response.status_code, response.items(), response.getvalue())


def by_bridge(asked: Asked, path: str, bridge: Any) -> Seen:
    headers = {"Host": "testserver", **asked.headers}
    if asked.body:
        headers["Content-Type"] = asked.content_type
        headers["Content-Length"] = str(len(asked.body))
    scope = {
        "type": "http",
        "method": asked.method,
        "raw_path": path.partition("?")[0].encode(),
        "query_string": path.partition("?")[2].encode(),
        "http_version": "1.1",
        "scheme": "http",
        "server": ("testserver", 80),
        "client": ("127.0.0.1", 1),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    sent = asyncio.run(asyncio.wait_for(answer_of(bridge, scope, asked.body), 30))
    content = b"".join(message.get("body", b"") for message in sent)
    pairs = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
    return seen(asked, sent[0]["status"], pairs, content)


async def answer_of(bridge: Any, scope: dict[str, Any], body: bytes) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    coming = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not coming:
            await asyncio.Event().wait()
        return coming.pop()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await bridge(scope, receive, send)
    return sent


def requests_of(staff: User, key: str) -> list[Asked]:
    signed_in = {**SAME, "Cookie": session_of(staff)}
    with_key = {**SAME, "Authorization": f"Bearer {key}"}
    requests = [Asked("OPTIONS", SAME)]
    requests += [Asked(method, who) for method in ("GET", "HEAD") for who in (SAME, signed_in)]
    requests += [Asked("POST", with_key, body, kind) for body, kind in BAD_BODIES]
    requests += [Asked("PUT", SAME, body, kind) for body, kind in BAD_BODIES[:2]]
    return requests


def test_every_route_is_asked():
    assert len(PATHS) > 60


@pytest.mark.parametrize("path", PATHS)
def test_the_answers_are_those_of_django(bridge: Bridge, staff: User, key_for: Any, path: str):
    is_another_name = f"{path}/" in PATHS

    for asked in [Asked("GET", SAME)] if is_another_name else requests_of(staff, key_for(staff)):
        expected = by_django(asked, path)
        got = by_bridge(asked, path, bridge)
        assert differences(got, expected) == {}, asked
