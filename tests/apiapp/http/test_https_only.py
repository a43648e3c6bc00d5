import json
from typing import Any

import pytest

from apiapp.http.https_only import HttpsOnly
from apiapp.monitoring.refusals import count_plain_http
from apiapp.monitoring.tally import Kind, Tally


async def passed_on(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "passed on"})


async def ask(**scope: Any) -> list[dict[str, Any]]:
    """What is sent for a request over plain HTTP, unless `scope` says otherwise."""
    usual = {
        "type": "http",
        "scheme": "http",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", b"desk:8000")],
    }
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    await HttpsOnly(passed_on, allowed_hosts=["desk"])(usual | scope, receive, send)
    return sent


async def test_what_is_not_passed_on_is_told_with_its_status() -> None:
    tally = Tally()
    app = HttpsOnly(passed_on, allowed_hosts=["desk"], on_refusal=count_plain_http(tally))
    usual = {"type": "http", "scheme": "http", "raw_path": b"/", "query_string": b"", "path": "/"}
    usual["headers"] = [(b"host", b"desk")]

    async def ignore(*_message: Any) -> None: ...

    for method in ("GET", "POST", "BREW"):
        await app({**usual, "method": method}, ignore, ignore)
    await app({**usual, "type": "websocket", "scheme": "ws"}, ignore, ignore)
    await app({**usual, "method": "GET", "scheme": "https"}, ignore, ignore)

    counted = {kind: figures.count for (_, kind), figures in tally.take()[1].items()}
    assert counted == {
        Kind("(plain http)", "GET", 3): 1,
        Kind("(plain http)", "POST", 4): 1,
        Kind("(plain http)", "OTHER", 4): 1,
        Kind("(plain http)", "WEBSOCKET", 4): 1,
    }


@pytest.mark.parametrize("path", ["/https", "/https/", "/https/ca.crt", "/static/css/sluice.css",
                                  "/readyz", "/healthz/"])  # fmt: skip
async def test_how_to_trust_is_shown_over_plain_http(path: str) -> None:
    assert await ask(path=path) == [{"type": "passed on"}]


@pytest.mark.parametrize("scope", [{"scheme": "https"}, {"type": "websocket", "scheme": "wss"},
                                   {"type": "lifespan"}])  # fmt: skip
async def test_what_comes_over_tls_and_the_lifespan_are_passed_on(scope: dict[str, Any]) -> None:
    assert await ask(**scope) == [{"type": "passed on"}]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_reading_is_sent_to_the_https_address(method: str) -> None:
    start, _ = await ask(method=method, path="/a b", raw_path=b"/a%20b", query_string=b"c=%C3%BC&d")

    assert start["status"] == 307
    assert dict(start["headers"])[b"location"] == b"https://desk:8000/a%20b?c=%C3%BC&d"


@pytest.mark.parametrize("path", ["/httpsx", "/staticx", "/readyz2", "//https/", "/import/"])
async def test_only_those_paths_are_open(path: str) -> None:
    start, _ = await ask(path=path, raw_path=path.encode())

    assert start["status"] == 307


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_a_body_is_never_sent_on_but_refused_with_what_to_do(method: str) -> None:
    start, body = await ask(method=method)

    assert start["status"] == 403
    assert dict(start["headers"])[b"content-type"] == b"application/problem+json"
    assert "use https://" in json.loads(body["body"])["detail"]


@pytest.mark.parametrize(
    "host", [b"evil.example", b"", b"desk@evil.example", b"desk/../x", b"\xff"]
)
async def test_nobody_is_sent_to_another_host(host: bytes) -> None:
    start, _ = await ask(headers=[(b"host", host)])

    assert start["status"] == 403
    assert b"location" not in dict(start["headers"])


async def test_without_a_host_nobody_is_sent_anywhere() -> None:
    start, _ = await ask(headers=[])

    assert start["status"] == 403


async def test_a_socket_over_plain_http_is_refused() -> None:
    sent = await ask(type="websocket", scheme="ws")

    assert sent == [{"type": "websocket.close", "code": 1008}]
