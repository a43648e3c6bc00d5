"""The plainest requests for examples are answered on the loop, as their views answer them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from apiapp.examples.instant import Instant
from apiapp.examples.models import Item, Post
from apiapp.examples.services import open_rows
from tests.myproject.test_bridge_answers import SAME, Asked, by_bridge, by_django, differences

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
WITH_AGENT = {**SAME, "User-Agent": "curl/7", "Authorization": "Bearer x"}
TEXT = b'{"title": "\xe4\xbd\xa0\xe5\xa5\xbd", "content": ""}'
INSTANT = [
    ("GET", "/get_example/123?name=Alice", SAME, b"", ""),
    ("GET", "/get_example/007/?name=a+b&name=&x=1", WITH_AGENT, b"", ""),
    ("GET", "/api/get_example/123?name=", {**SAME, "Accept": "application/json"}, b"", ""),
    ("GET", "/api/data", SAME, b"", ""),
    ("GET", "/api/data/?x", SAME, b"", ""),
    ("GET", "/api/resource/abc-1", SAME, b"", ""),
    ("GET", "/api/resource/7/?detail=full", SAME, b"", ""),
    ("POST", "/post_example", SAME, TEXT, JSON),
    ("POST", "/api/post_example/", WITH_AGENT, b"title=A+b&content=&content=c", FORM),
    ("POST", "/post_example", SAME, b"{}", JSON),
    ("PUT", "/put_example/456", {**SAME, "X-Custom-Header": "v"}, b"name=x&more=y", FORM),
    ("PUT", "/api/put_example/000", SAME, b'{"name": "n", "other": [1]}', JSON),
    ("DELETE", "/delete_example?confirm=TRUE", SAME, b"", ""),
    ("DELETE", "/api/delete_example/?confirm=true", WITH_AGENT, b"", ""),
]
LEFT_TO_THE_VIEW = [
    ("GET", "/get_example/123", SAME, b"", ""),  # looked up
    ("GET", "/get_example/abc?name=x", SAME, b"", ""),
    ("GET", f"/get_example/{'9' * 30}?name=x", SAME, b"", ""),
    ("GET", "/get_example/123?name=%E4%BD%A0", SAME, b"", ""),
    ("GET", f"/get_example/123?name={'x' * 2000}", SAME, b"", ""),
    ("GET", "/api/data?_format=xml", SAME, b"", ""),
    ("GET", "/api/data", {**SAME, "Accept": "application/xml"}, b"", ""),
    ("GET", "/api/data", {**SAME, "Accept-Language": "zh-hans"}, b"", ""),
    ("GET", "/api/data", {**SAME, "Cookie": "a=b"}, b"", ""),
    ("GET", "/api/data", {**SAME, "If-None-Match": "*"}, b"", ""),
    ("GET", "/api/data", {**SAME, "Host": "elsewhere.example"}, b"", ""),
    ("HEAD", "/api/data", SAME, b"", ""),
    ("GET", "/api/api/resource/abc", SAME, b"", ""),
    ("POST", "/post_example", {**SAME, "Content-Encoding": "gzip"}, b"{}", JSON),
    ("POST", "/post_example", SAME, b'{"title": 1}', JSON),
    ("POST", "/post_example", SAME, b'{"title": "\\u0000"}', JSON),
    ("POST", "/post_example", SAME, b'{"title": "a"', JSON),
    ("POST", "/post_example", SAME, b"[1]", JSON),
    ("POST", "/post_example", SAME, b"{}", "application/json; charset=utf-8"),
    ("POST", "/post_example", SAME, b"title=%E4%BD%A0", FORM),
    ("POST", "/post_example", SAME, b"<a/>", "application/xml"),
    ("POST", "/post_example", SAME, b'{"title": "' + b"x" * 5000 + b'"}', JSON),
    ("PUT", "/put_example/4x", SAME, b"name=x", FORM),
    ("DELETE", "/delete_example?confirm=yes", SAME, b"", ""),
    ("DELETE", "/delete_example?confirm=true", SAME, b"body", FORM),
]


class LeftToTheView(Exception):
    pass


@pytest.fixture
def unlimited() -> Iterator[None]:
    with override_settings(RATE_LIMIT_ENABLED=False):  # both count: the second has one left less
        yield


async def long_way(scope: Any, receive: Any, send: Any) -> None:
    raise LeftToTheView


@pytest.mark.django_db(transaction=True, databases="__all__")
@pytest.mark.parametrize(("method", "path", "headers", "body", "kind"), INSTANT)
def test_an_echo_is_answered_as_its_view_answers(
    unlimited: None, method: str, path: str, headers: dict[str, str], body: bytes, kind: str
):
    asked = Asked(method, headers, body, kind)

    got = by_bridge(asked, path, Instant(long_way))

    assert differences(got, by_django(asked, path)) == {}


@given(
    agent=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    name=st.text(st.sampled_from("ab1;&=+#~!*'(),/:@ ?$[]{}|^`"), max_size=12),
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_told_back_is_what_the_view_tells_back(agent: str, name: str):
    async def view(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": []})

    asked = Asked("GET", {**SAME, "User-Agent": agent.strip()})
    path = f"/get_example/5?name={name.replace(' ', '+').replace('#', '')}"
    with override_settings(RATE_LIMIT_ENABLED=False):
        got = by_bridge(asked, path, Instant(view))

        assert got.status == 299 or differences(got, by_django(asked, path)) == {}


@pytest.mark.parametrize(("method", "path", "headers", "body", "kind"), LEFT_TO_THE_VIEW)
def test_what_is_unusual_is_left_to_the_view_with_its_body(
    method: str, path: str, headers: dict[str, str], body: bytes, kind: str
):
    read = []

    async def view(scope: Any, receive: Any, send: Any) -> None:
        read.append((await receive())["body"] if body else b"")
        raise LeftToTheView

    with pytest.raises(LeftToTheView):
        by_bridge(Asked(method, headers, body, kind), path, Instant(view))

    assert read == [body]


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_what_is_sent_is_stored():
    instant = Instant(long_way)

    by_bridge(Asked("POST", SAME, TEXT, JSON), "/post_example", instant)
    by_bridge(Asked("PUT", SAME, b"name=cup", FORM), "/put_example/007", instant)
    open_rows.settle()

    assert list(Post.objects.values_list("title", "content")) == [("你好", "")]
    assert Item.objects.get(pk=7).name == "cup"


@override_settings(RATE_LIMIT_ENABLED=True)
def test_each_request_is_counted():
    instant = Instant(long_way)

    first, second = (by_bridge(Asked("GET", SAME, b"", ""), "/api/data", instant) for _ in "ab")

    left = [int(seen.headers["ratelimit"].split("r=")[1].split(";")[0]) for seen in (first, second)]
    assert left[0] - left[1] == 1
