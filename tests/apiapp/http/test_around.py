"""What pages of other origins may read, of the plain ASGI apps and of Django alike."""

import asyncio
from typing import Any

from corsheaders.middleware import CorsMiddleware
from django.conf import settings as project
from django.http import HttpResponse

from apiapp.http.around import Around

PAGE = "https://app.example"


def answered(origin: str, allowed: list[str]) -> dict[str, str]:
    """The headers that a page of `origin` gets from an app of ours."""
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"own")]})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    around = Around(app, allowed_origins=allowed, exposed=["file-id", "etag"], headers={"x": "-"})
    headers = [(b"origin", origin.encode())] if origin else []
    asyncio.run(around({"type": "http", "headers": headers}, None, send))
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_a_page_that_is_listed_may_read_the_answer_and_its_headers():
    got = answered(PAGE, [PAGE])

    assert got["access-control-allow-origin"] == PAGE
    assert got["access-control-expose-headers"] == "file-id, etag"
    assert got["vary"] == "origin"
    assert got["x"] == "own"


def test_others_may_not():
    for origin in ("https://other.example", "null", "*", ""):
        assert not [name for name in answered(origin, [PAGE]) if name.startswith("access-control")]


def test_where_all_may_none_brings_its_cookies(settings: Any, rf: Any):
    settings.CORS_ALLOW_ALL_ORIGINS = True
    of_django = CorsMiddleware(lambda request: HttpResponse())(
        rf.get("/", headers={"Origin": PAGE})
    )

    for got in (answered(PAGE, ["*"]), of_django.headers):
        lower = {name.lower(): value for name, value in got.items()}
        assert lower["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in lower
    assert project.CORS_ALLOW_CREDENTIALS is False
    assert not [name for name in answered("", ["*"]) if name.startswith("access-control")]
