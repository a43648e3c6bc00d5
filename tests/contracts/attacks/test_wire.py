"""Bytes that no well-meaning client sends: what a server and a proxy could read differently."""

import socket
from collections.abc import Iterator

import pytest

from tests.contracts.world import World
from tests.serving import Server

PATIENCE_S = 30.0
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


def talk(
    server: Server, sent: bytes, *, wait_s: float = 1.0, patience_s: float = PATIENCE_S
) -> bytes:
    """All that the server answers on one connection, until it ends it or falls silent.

    patience_s: for the first byte.  wait_s: from then on, for each further piece.
    """
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as line:
        line.sendall(sent)
        line.settimeout(patience_s)
        got = b""
        try:
            while piece := line.recv(65536):
                got += piece
                line.settimeout(wait_s)
        except (TimeoutError, ConnectionResetError):
            pass
    return got


def statuses(answered: bytes) -> list[int]:
    return [int(part[:3]) for part in answered.split(b"HTTP/1.1 ")[1:]]


def post(headers: bytes, body: bytes, path: bytes = b"/post_example") -> bytes:
    return b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked\r\n"
AMBIGUOUS = {
    "both lengths": post(b"Content-Length: 6\r\n" + CHUNKED, b"0\r\n\r\n" + SMUGGLED),
    "both the other way": post(
        CHUNKED + b"Content-Length: 4\r\n", b"5c\r\n" + SMUGGLED + b"0\r\n\r\n"
    ),
    "two lengths": post(b"Content-Length: 0\r\nContent-Length: 43\r\n", SMUGGLED),
    "lengths in a list": post(b"Content-Length: 0, 43\r\n", SMUGGLED),
    "a length with a sign": post(b"Content-Length: +43\r\n", SMUGGLED),
    "a negative length": post(b"Content-Length: -1\r\n", SMUGGLED),
    "a length in hex": post(b"Content-Length: 0x2b\r\n", SMUGGLED),
    "a length beyond numbers": post(b"Content-Length: " + b"9" * 30 + b"\r\n", SMUGGLED),
    "a folded header": post(b"Content-Length: 0\r\nX: a\r\n Content-Length: 43\r\n", SMUGGLED),
    "a folded encoding": post(b"Content-Length: 0\r\nTransfer-Encoding:\r\n chunked\r\n", SMUGGLED),
    "a space before the colon": post(b"Content-Length : 43\r\n", SMUGGLED),
    "an encoding that is none": post(b"Transfer-Encoding: xchunked\r\n", SMUGGLED),
    "an encoding that does not end it": post(b"Transfer-Encoding: chunked, gzip\r\n", b"0\r\n\r\n"),
    "a quoted encoding": post(b'Transfer-Encoding: "chunked"\r\nContent-Length: 0\r\n', SMUGGLED),
    "a tab in the encoding": post(
        b"Transfer-Encoding:\x0bchunked\r\nContent-Length: 0\r\n", SMUGGLED
    ),
    "a chunk size that is none": post(CHUNKED, b"zz\r\nx\r\n0\r\n\r\n"),
    "a chunk size with a sign": post(CHUNKED, b"+1\r\nx\r\n0\r\n\r\n"),
    "a chunk size beyond numbers": post(CHUNKED, b"F" * 17 + b"\r\nx\r\n0\r\n\r\n"),
    "a chunk longer than it says": post(CHUNKED, b"1\r\nxx\r\n0\r\n\r\n"),
    "a NUL in a header": post(b"X: a\x00b\r\nContent-Length: 0\r\n", b""),
    "a CR in a header": post(b"X: a\rContent-Length: 43\r\nContent-Length: 0\r\n", SMUGGLED),
    "a name with a space": post(b"X Y: z\r\nContent-Length: 0\r\n", b""),
    "a name that is empty": post(b": z\r\nContent-Length: 0\r\n", b""),
    "a version that is none": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "a line with a NUL": b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a line with a space": b"GET / x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a method that is none": b"G\x01T / HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("kind", AMBIGUOUS)
@pytest.mark.parametrize("path", [b"/post_example", b"/api/upload"])
def test_a_request_that_two_could_read_differently_is_read_by_nobody(
    kind: str, path: bytes, server: Server
):
    """Its own answer may be any refusal; what could be hidden behind it is not answered."""
    request = AMBIGUOUS[kind].replace(b"/post_example", path)

    answered = talk(server, request, patience_s=1.0)  # some are never answered

    assert b"smuggled" not in answered
    assert len(statuses(answered)) <= 1
    assert all(400 <= status < 500 for status in statuses(answered)), answered[:200]


@pytest.mark.parametrize(
    "more",
    [b"a" * 65536, b"X-Y: 1\r\n" * 8192, b"\r\nX: " + b"b" * 20_000],
    ids=["one header", "many headers", "long headers"],
)
def test_a_head_without_end_is_refused(more: bytes, server: Server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        answered = b""
        try:
            for _ in range(40):
                line.sendall(more)
            answered = line.recv(4096)
        except ConnectionError:  # it closed on us while we were sending
            return

    assert set(statuses(answered)) <= {400, 431}


def test_a_head_that_comes_at_once_and_is_too_large_is_refused(server: Server):
    line = b"X: " + b"a" * 100_000 + b"\r\n"
    head = b"GET /api/data HTTP/1.1\r\nHost: localhost\r\n"

    assert set(statuses(talk(server, head + line + b"\r\n"))) <= {400, 431}
    assert statuses(talk(server, head + line[50_000:].join((b"X: ", b"")) + b"\r\n")) == [200]


def test_a_header_with_an_underscore_is_not_the_one_with_a_dash(server: Server, world: World):
    bearer = f"Bearer {world.keys['alice']}".encode()
    request = b"GET /api/jobs/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"

    assert statuses(talk(server, request + b"X_Forwarded_Host: evil\r\n\r\n")) == [401]
    refused = talk(server, request + b"HTTP_AUTHORIZATION: " + bearer + b"\r\n\r\n")
    assert statuses(refused) == [401]
    assert statuses(talk(server, request + b"Authorization: " + bearer + b"\r\n\r\n")) == [200]


def test_two_requests_behind_one_another_are_two(server: Server):
    one = b"GET /api/data HTTP/1.1\r\nHost: localhost\r\n\r\n"

    assert statuses(talk(server, one + one)) == [200, 200]


# --- whose name this server answers to -----------------------------------------------------------
HOSTS = (
    b"evil.example",
    b"localhost.evil.example",
    b"localhost@evil.example",
    b"localhost:80:80",
    b"localhost/evil",
    b"localhost\tevil",
    b"localhost,evil.example",
    b"127.0.0.1.evil.example",
    b"[::1].evil.example",
    b"0.0.0.0",
    b"",
)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", [b"/", b"/login/", b"/api/data", b"/openapi.json"])
def test_a_name_that_is_not_ours_is_refused(host: bytes, path: bytes, server: Server):
    request = b"GET " + path + b" HTTP/1.1\r\nConnection: close\r\nHost: " + host + b"\r\n\r\n"

    answered = talk(server, request)

    assert statuses(answered) == [400]
    assert b"evil" not in answered


@pytest.fixture
def hosts_headers() -> Iterator[bytes]:
    yield (
        b"X-Forwarded-Host: evil.example\r\nX-Host: evil.example\r\nForwarded: host=evil.example\r\n"
        b"X-Forwarded-Server: evil.example\r\nX-Original-URL: /admin/\r\nX-Rewrite-URL: /admin/\r\n"
        b"X-Forwarded-Prefix: /evil\r\nX-Script-Name: /evil\r\n"
    )


def test_no_link_is_made_of_a_name_that_a_header_tells(
    server: Server, world: World, hosts_headers: bytes
):
    bearer = f"Authorization: Bearer {world.keys['alice']}\r\n".encode()
    body = b'{"filename": "a.csv", "size": 3}'
    head = b"Host: localhost\r\nConnection: close\r\n" + bearer + hosts_headers
    made = talk(
        server,
        b"POST /api/uploads/ HTTP/1.1\r\n" + head
        + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
    )  # fmt: skip
    pages = [
        talk(server, b"GET " + path + b" HTTP/1.1\r\n" + head + b"\r\n")
        for path in (b"/", b"/import", b"/openapi.json", b"/api/uploads/?limit=1", b"/docs")
    ]

    assert statuses(made) == [201]
    assert b"location: http://localhost/api/uploads/" in made.lower()
    assert b"evil" not in made + b"".join(pages)


def test_an_absolute_target_does_not_change_the_host(server: Server):
    request = (
        b"GET http://evil.example/api/data HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )

    answered = talk(server, request)

    assert b"evil" not in answered
    assert statuses(answered)[0] in (200, 400, 404)


# --- sockets -------------------------------------------------------------------------------------
UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def opened(server: Server, *headers: bytes, host: bytes | None = None, wait_s: float = 0.5) -> int:
    name = host or b"localhost:%d" % server.port
    lines = b"".join(each + b"\r\n" for each in headers)
    request = b"GET /ws/jobs/ HTTP/1.1\r\nHost: " + name + b"\r\n" + UPGRADE + lines + b"\r\n"
    return statuses(talk(server, request, wait_s=0.5))[0]


def test_a_socket_opens_for_our_own_page_or_a_key_alone(server: Server, world: World):
    page = b"Origin: http://localhost:%d" % server.port
    bearer = f"Authorization: Bearer {world.keys['alice']}".encode()
    login = world_cookie(server)

    assert opened(server, page, login) == 101
    assert opened(server, bearer) == 101
    for origin in (b"http://evil.example", b"null", b"http://localhost", b"https://localhost.evil",
                   b"http://localhost:%d@evil.example" % server.port, b"file://", b"", b"http://["):  # fmt: skip
        assert opened(server, b"Origin: " + origin, login) == 403, origin
    assert opened(server, login) == 403
    evil = b"evil.example:%d" % server.port
    assert opened(server, b"Origin: http://" + evil, login, host=evil) == 403


def world_cookie(server: Server) -> bytes:
    """The Cookie header of a browser that opened a login link."""
    path = "/" + server.login_link().split("/", 3)[3]
    answered = talk(server, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), wait_s=0.5)
    (line,) = [
        each
        for each in answered.split(b"\r\n")
        if each.lower().startswith(b"set-cookie:  sluice_session")
    ]
    return b"Cookie: " + line.split(b":", 1)[1].strip().split(b";")[0]
