from typing import Any

import pytest

from apiapp.examples.instant import is_instant


def environ(method: str, path: str, query: str = "", **more: Any) -> dict[str, Any]:
    return {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, **more}


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("GET", "/api/data", ""),
        ("GET", "/api/data/", ""),
        ("GET", "/get_example/123", "a=b&name=Alice"),
        ("GET", "/api/get_example/123/", "name="),
        ("POST", "/post_example", ""),
        ("PUT", "/api/put_example/456", ""),
        ("DELETE", "/delete_example", "confirm=true"),
        ("PUT", "/api/resource/abc", ""),
    ],
)
def test_an_echo_is_instant(method: str, path: str, query: str):
    assert is_instant(environ(method, path, query))


@pytest.mark.parametrize(
    ("method", "path", "query", "more"),
    [
        ("GET", "/get_example/123", "", {}),  # looked up
        ("GET", "/get_example/123", "surname=x", {}),
        ("GET", "/get_example/abc", "name=x", {}),
        ("GET", "/api/users", "", {}),
        ("GET", "/api/v1/posts/", "", {}),
        ("GET", "/stream", "", {}),
        ("POST", "/api/data/x", "", {}),
        ("GET", "/api/data", "", {"HTTP_COOKIE": "a=b"}),
        ("GET", "/api/data", "", {"HTTP_ACCEPT": "text/html"}),
        ("POST", "/post_example", "", {"HTTP_IDEMPOTENCY_KEY": "k"}),
        ("POST", "/post_example", "", {"CONTENT_LENGTH": "4097"}),
    ],
)
def test_what_may_wait_for_something_is_not(
    method: str, path: str, query: str, more: dict[str, str]
):
    assert not is_instant(environ(method, path, query, **more))
