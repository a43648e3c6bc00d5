"""Bodies that are too large, too deep, too many, packed, or something else than they say."""

import bz2
import gzip
import io
import json
import socket
import time
import zipfile
from typing import Any

import pytest
import requests

from tests.contracts.attacks.surface import FORM, JSON, Caller, operations_of
from tests.contracts.world import World
from tests.serving import Server

MIB = 2**20
XML = "application/xml"
MULTIPART = "multipart/form-data; boundary=XX"
REFUSED = (400, 413, 415, 422)
SOON_S = 20.0  # of 1 on an idle machine


@pytest.fixture(scope="module")
def alice(world: World) -> Caller:
    return Caller(world, "alice")


def parts(count: int, *, is_file: bool) -> bytes:
    name = '; filename="a"' if is_file else ""
    part = f'--XX\r\nContent-Disposition: form-data; name="f%d"{name}\r\n\r\nx\r\n'
    return "".join(part % number for number in range(count)).encode() + b"--XX--\r\n"


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a0 "lol">%s]><a>&a9;</a>""" % b"".join(
    b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)
)
OUTSIDE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><title>&x;</title>'
FETCHED = b'<!DOCTYPE a SYSTEM "http://127.0.0.1:%d/evil.dtd"><a/>'
BODIES = {
    "deep lists": (JSON, b"[" * 100_000 + b"]" * 100_000),
    "deep objects": (JSON, b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "deep and never closed": (JSON, b"[" * 5_000_000),
    "deep in a field": (JSON, b'{"title": "x", "data": %s}' % (b"[" * 500 + b"]" * 500)),
    "many fields": (JSON, json.dumps(dict.fromkeys(map(str, range(50_000)))).encode()),
    "a number of a million digits": (JSON, b'{"title": %s}' % (b"9" * 1_000_000)),
    "NaN": (JSON, b'{"title": NaN, "size": Infinity}'),
    "not UTF-8": (JSON, b'{"title": "\xff\xfe"}'),
    "UTF-16": (JSON, '{"title": "x"}'.encode("utf-16")),
    "cut short": (JSON, b'{"title": "x'),
    "many fields of a form": (FORM, b"&".join(b"f%d=1" % n for n in range(50_000))),
    "many files": (MULTIPART, parts(5_000, is_file=True)),
    "many parts": (MULTIPART, parts(5_000, is_file=False)),
    "no boundary": ("multipart/form-data", b"x"),
    "a part that never ends": (MULTIPART, b"--XX\r\nContent-Disposition: form-data; name=x\r\n"),
    "a part with a long header": (MULTIPART, b"--XX\r\nX: " + b"x" * MIB + b"\r\n\r\n--XX--\r\n"),
    "billion laughs": (XML, LAUGHS),
    "an entity from outside": (XML, OUTSIDE),
    "an entity of a parameter": (XML, b'<!DOCTYPE a [<!ENTITY %% x "y">%x;]><a/>'),
    "deep elements": (XML, b"<a>" * 50_000 + b"</a>" * 50_000),
    "many elements": (XML, b"<a>" + b"<b/>" * 50_000 + b"</a>"),
    "many attributes": (XML, b"<a " + b" ".join(b'a%d="1"' % n for n in range(20_000)) + b">"),
    "XML that is none": (XML, b"\x00\x01<a"),
    "charset of a packer": (f"{FORM}; charset=bz2", bz2.compress(b"title=" + b"A" * 50 * MIB)),
    "charset of a packer, JSON": (f"{JSON}; charset=zlib", gzip.compress(b"{}" * MIB)),
    "charset that is none": (f"{FORM}; charset=\xfftf", b"a=b"),
    "charset of python": (f"{FORM}; charset=raw_unicode_escape", b"a=\\u0000"),
    "a bomb": (JSON, gzip.compress(b"0" * 50 * MIB)),
    "too large": (JSON, b'{"title": "' + b"A" * 11 * MIB + b'"}'),
    "too large a form": (FORM, b"title=" + b"A" * 11 * MIB),
    "too large XML": (XML, b"<a>" + b"A" * 11 * MIB + b"</a>"),
    "nothing": (JSON, b""),
    "a type of nothing": ("", b"{}"),
    "a type with a line": ("application/json; a=\x0b", b"{}"),
}


@pytest.mark.parametrize("kind", BODIES)
def test_no_body_breaks_an_operation_or_keeps_it_busy(kind: str, world: World, alice: Caller):
    content_type, body = BODIES[kind]
    headers = {"Content-Type": content_type.encode("latin-1")}
    seen = {}
    for operation in operations_of(world.document):
        if operation.method in ("post", "put", "patch") and operation.body_types:
            path = operation.path.format(**world.values(operation.path))
            started = time.monotonic()
            answer = alice.send(operation.method, path, data=body, headers=headers)
            is_soon = time.monotonic() - started < SOON_S
            if answer.status_code >= 500 or not is_soon or "root:" in answer.text:
                seen[str(operation)] = (answer.status_code, answer.text[:200])

    assert seen == {}


LIMITED = ["deep lists", "deep objects", "many fields", "many elements", "billion laughs"]
LIMITED += ["an entity from outside", "deep elements", "too large", "too large a form", "a bomb"]
LIMITED += ["many fields of a form", "many files", "charset of a packer", "too large XML"]


@pytest.mark.parametrize("kind", LIMITED)
@pytest.mark.parametrize("path", ["/api/uploads/", "/api/v1/posts/", "/post_example"])
def test_what_is_too_much_is_refused_by_name(kind: str, path: str, alice: Caller):
    content_type, body = BODIES[kind]

    answer = alice.send("post", path, data=body, headers={"Content-Type": content_type})

    assert answer.status_code in REFUSED, answer.text[:300]
    if "too large" in kind:
        assert answer.status_code == 413
    if "api" in path:
        assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "GZIP", "gzip, gzip", "x"])
def test_a_packed_body_is_refused_before_it_is_unpacked(encoding: str, world: World, alice: Caller):
    headers = {"Content-Encoding": encoding, "Content-Type": JSON, "Tus-Resumable": "1.0.0"}
    packed = gzip.compress(b'{"title": "' + b"A" * 20 * MIB + b'"}')
    seen = {}
    for operation in operations_of(world.document):
        if operation.method in ("post", "put", "patch") and operation.body_types:
            path = operation.path.format(**world.values(operation.path))
            answer = alice.send(operation.method, path, data=packed, headers=headers)
            seen[str(operation)] = (answer.status_code, answer.headers.get("Accept-Encoding"))

    assert len(seen) > 15
    assert {call: said for call, said in seen.items() if said != (415, "identity")} == {}


def test_a_body_that_is_not_packed_may_say_so(alice: Caller):
    headers = {"Content-Encoding": "identity"}

    assert alice.send("post", "/api/v1/posts/", json={"title": "x"}, headers=headers).ok


def test_nothing_is_fetched_for_a_document(alice: Caller):
    with socket.socket() as elsewhere:
        elsewhere.bind(("127.0.0.1", 0))
        elsewhere.listen()
        body = FETCHED % elsewhere.getsockname()[1]
        answer = alice.send("post", "/post_example", data=body, headers={"Content-Type": XML})
        elsewhere.settimeout(0.3)
        with pytest.raises(TimeoutError):
            elsewhere.accept()

    assert answer.status_code == 400


def test_a_query_or_a_cookie_is_never_decoded_as_a_packer_would(alice: Caller):
    for charset in ("bz2", "zlib", "hex", "rot13", "idna", "undefined", "mbcs", "utf-7", "cp037"):
        for method in ("get", "post", "put", "delete"):
            headers = {"Content-Type": f"{FORM}; charset={charset}", "Cookie": "a=%FF"}
            answer = alice.send(method, "/api/resource/x?detail=BZh9", headers=headers)
            assert answer.status_code < 500, (charset, method, answer.text)


def test_a_workbook_that_unpacks_to_gigabytes_ends_its_own_import(world: World, alice: Caller):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"0" * 30 * MIB)
    files = {"file": ("bomb.xlsx", packed.getvalue())}
    file_id = alice.send("post", "/api/upload", files=files).json()["file_id"]

    answer = alice.send("post", "/api/imports/preview/", json={"file_id": file_id})

    assert answer.status_code < 500, answer.text


# --- the receiver of files -----------------------------------------------------------------------
def form_of(*extra: tuple[str, bytes], filename: str = "a.csv") -> bytes:
    fields = b"".join(
        b'--XX\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), value)
        for name, value in extra
    )
    head = f'--XX\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n\r\n'
    return fields + head.encode() + b"a,b\r\n1,2\r\n--XX--\r\n"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("many fields", form_of(*((f"f{n}", b"x") for n in range(30)))),
        ("a long field", form_of(("md5", b"x" * 10_000))),
        ("a field twice", form_of(("a", b"x"), ("a", b"y"))),
        ("a field that is no text", form_of(("a", b"\xff\xfe"))),
        ("many files", form_of()[:-8] + form_of()),
        ("a long header", b"--XX\r\nX: " + b"x" * 10_000 + b"\r\n\r\n--XX--\r\n"),
        ("many headers", b"--XX\r\n" + b"X: y\r\n" * 50 + b"\r\n--XX--\r\n"),
        ("cut short", form_of()[:-10]),
        ("no part", b"--XX--\r\n"),
        ("no form", b"hello"),
    ],
)
def test_a_form_that_is_too_much_stores_nothing(kind: str, body: bytes, alice: Caller):
    def stored() -> Any:
        return alice.send("get", "/api/uploads/?limit=1").json()["results"]

    before = stored()

    answer = alice.send("post", "/api/upload", data=body, headers={"Content-Type": MULTIPART})

    assert answer.status_code in REFUSED, answer.text
    assert stored() == before


def test_more_than_one_may_have_is_refused_before_it_is_sent(server: Server, alice: Caller):
    head = (
        f"POST /api/upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
        f"{alice._session.headers['Authorization']}\r\nContent-Type: {MULTIPART}\r\n"
        f"Content-Length: {10**15}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(head.encode())
        assert line.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_who_sends_a_byte_now_and_then_does_not_keep_others_out(
    server: Server, world: World, alice: Caller
):
    """More half-sent files than the receiver has threads, more half-sent bodies than Django has."""
    lines = []
    try:
        for path in ["/api/upload"] * 40 + ["/api/v1/posts/"] * 40:
            line = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            lines.append(line)
            content_type = MULTIPART if "upload" in path else JSON
            line.sendall(
                f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                f"{world.keys['alice']}\r\nContent-Type: {content_type}\r\n"
                "Content-Length: 100000\r\n\r\n-".encode()
            )
        started = time.monotonic()
        stored = alice.send("post", "/api/upload", files={"file": ("a.csv", b"a,b\n1,2\n")})
        answers = [requests.get(f"{server.url}/api/data", timeout=10) for _ in range(5)]
    finally:
        for line in lines:
            line.close()

    assert stored.status_code == 200
    assert {answer.status_code for answer in answers} == {200}
    assert time.monotonic() - started < SOON_S
