"""Hostile values in every parameter of every operation: nothing breaks, nothing runs."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.contracts.attacks.surface import (
    FORM,
    JSON,
    Caller,
    Operation,
    as_json,
    operations_of,
    some_of,
)
from tests.contracts.world import World
from tests.serving import Server

MARK = "zqx7"
SCRIPT = f"<script>{MARK}</script>"
HOSTILE = {
    "sql": "' OR '1'='1' --",
    "sql that waits": "1); SELECT pg_sleep(5); DROP TABLE auth_user; --",
    "sql of a name": '"; DROP TABLE auth_user; --',
    "html": SCRIPT,
    "html of an attribute": f"\"'><img src=x onerror={MARK}>",
    "template, format, shell": "{{ 7*7 }}{% debug %}${7*7}%s%n%(x)s{0.__class__}$(id)`id` | cat",
    "new lines": f"x\r\nX-Injected: {MARK}\r\n\r\n{MARK}",
    "nul": "x\x00y",
    "half a pair": "\udc80",
    "bidi and astral": "\u202e𝔘\U0010ffff",
    "path and pattern": "../../../../etc/passwd%_\\%[[[[",
    "long": "A" * 6000,
    "digits": "9" * 400,
    "float": "1e400",
}
SLOW_S = 4.9  # less than the five seconds that injected SQL would wait
WELL = {"filename": "a.csv", "size": 10, "name": "x", "title": "x", "rows": [{"a": "b"}]}


@pytest.fixture(scope="module")
def caller(world: World) -> Caller:
    return Caller(world, "alice")


def path_of(operation: Operation, world: World, **instead: str) -> str:
    """The operation's path, on what alice owns, with hostile values instead of some."""
    values = {**world.values(operation.path), **instead}
    path = operation.path
    for name in operation.names("path"):
        path = path.replace(f"{{{name}}}", encoded(str(values[name])))
    return path


def encoded(text: str) -> str:
    return quote(text.encode(errors="surrogatepass"), safe="")


def is_harmless(operation: Operation) -> bool:
    """What removes something of alice's, or ends it, is tried in the path alone."""
    return operation.method != "delete" and not operation.path.endswith(("/undo/", "/content/"))


def attempts(
    operation: Operation, world: World, value: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, options of a request), the value in one place at a time."""
    for name in operation.names("path"):
        yield path_of(operation, world, **{name: value}), body_for(operation)
    own = path_of(operation, world)
    if not is_harmless(operation):
        return
    for name in operation.names("query"):
        yield f"{own}?{encoded(name)}={encoded(value)}", body_for(operation)
    yield f"{own}?unknown={encoded(value)}&{encoded(value)}=1", body_for(operation)
    if any(broken in value for broken in "\r\n\x00"):
        return  # no client can send it; test_wire.py does
    said = value.encode(errors="surrogatepass").replace(b"\xed", b"?")
    others = ("User-Agent", "Accept-Language", "Cookie", "Referer", "X-Request-Id")
    for names in (operation.names("header"), others, ("Accept",)):
        headers = dict.fromkeys(names, said)
        yield own, {**body_for(operation), **with_headers(body_for(operation), headers)}


def with_headers(options: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return {"headers": {**options.get("headers", {}), **more}}


def body_for(operation: Operation) -> dict[str, Any]:
    return as_json({}) if JSON in operation.body_types else {}


def bodies(operation: Operation, value: str) -> Iterator[dict[str, Any]]:
    """Options of requests with the value in one field at a time."""
    if JSON in operation.body_types:
        well = {name: WELL[name] for name in operation.fields if name in WELL}
        for name in operation.fields or ("name",):
            yield as_json({**well, name: value})
        for hostile in ([value], {value: value}):
            yield as_json(dict.fromkeys(operation.fields or ("name",), hostile))
        yield as_json(value)
        yield as_json({value: value, "rows": [{value: value}]})
    if FORM in operation.body_types:
        form = "&".join(f"{name}={encoded(value)}" for name in (*operation.fields, "unknown"))
        yield {"data": form, "headers": {"Content-Type": FORM}}
    if "multipart/form-data" in operation.body_types:
        yield {"data": multipart(value), "headers": {"Content-Type": MULTIPART}}


MULTIPART = "multipart/form-data; boundary=XX"


def multipart(value: str) -> bytes:
    said = value.encode(errors="surrogatepass").replace(b'"', b"%22").replace(b"\r\n", b"%0D%0A")
    return (
        b'--XX\r\nContent-Disposition: form-data; name="index"\r\n\r\n%b\r\n'
        b'--XX\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\n\r\nx\r\n--XX--\r\n'
    ) % (said, said)


def complaint(answer: Any) -> str | None:
    """What is wrong with an answer to a hostile value."""
    if answer.status_code >= 500:
        return f"{answer.status_code}: {answer.text[:200]}"
    if answer.elapsed.total_seconds() > SLOW_S:
        return f"took {answer.elapsed}"
    if "X-Injected" in answer.headers:
        return "a header was injected"
    is_html = answer.headers.get("Content-Type", "").startswith("text/html")
    if is_html and (SCRIPT in answer.text or f"onerror={MARK}>" in answer.text):
        return "reflected as HTML"
    if "49{%" in answer.text or "Traceback" in answer.text:
        return answer.text[:200]
    if "nosniff" not in answer.headers.get("X-Content-Type-Options", ""):
        return "may be sniffed"
    return None


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_parameter_breaks_an_operation_or_comes_back_as_html(
    kind: str, world: World, caller: Caller
):
    value, complaints = HOSTILE[kind], {}
    for operation in operations_of(world.document):
        if operation.path == "/stream/":
            continue
        for path, options in some_of(attempts(operation, world, value), operation, value):
            found = complaint(caller.send(operation.method, path, **options))
            if found:
                complaints[str(operation), path[:90], str(options.get("headers"))[:60]] = found

    assert complaints == {}, "\n".join(f"{where} {what[:20]}" for where, what in complaints.items())


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_field_of_a_body_breaks_an_operation(kind: str, world: World, caller: Caller):
    value, complaints = HOSTILE[kind], {}
    for operation in operations_of(world.document):
        for options in some_of(bodies(operation, value), operation, value):
            answer = caller.send(operation.method, path_of(operation, world), **options)
            found = complaint(answer)
            if found:
                complaints[str(operation), str(options["data"])[:90]] = found

    assert complaints == {}, "\n".join(f"{where} {what[:20]}" for where, what in complaints.items())


@pytest.mark.parametrize("kind", ["html", "html of an attribute"])
def test_a_page_that_shows_a_value_shows_it_as_text(kind: str, world: World, caller: Caller):
    """The browsable API: what was sent is on the page, in the form and in the answer."""
    value, complaints = HOSTILE[kind], {}
    for operation in operations_of(world.document):
        if operation.path == "/stream/" or operation.method == "delete":
            continue
        accept = {"Accept": "text/html"}
        for path, options in some_of(attempts(operation, world, value), operation, value):
            if "Accept" not in options.get("headers", {}):
                answer = caller.send(
                    operation.method, path, **{**options, **with_headers(options, accept)}
                )
                found = complaint(answer)
                if found:
                    complaints[str(operation), path[:90]] = found

    assert complaints == {}, "\n".join(f"{where} {what[:20]}" for where, what in complaints.items())


def test_everything_is_still_there_afterwards(world: World, caller: Caller):
    for operation in operations_of(world.document):
        needs_parameters = operation.path == "/api/uploads/resumablejs/"
        is_of_staff = operation.path.startswith("/api/monitoring/")
        is_read = operation.method == "get" and operation.path.startswith("/api/")
        if is_read and not needs_parameters and not is_of_staff:
            answer = caller.send("get", path_of(operation, world))
            assert answer.status_code in (200, 204), operation


def test_no_line_of_the_log_was_forged(world: World, caller: Caller, server: Server):
    forged = 'x"}\r\n{"@timestamp":"2026-01-01T00:00:00.000Z","message":"forged-zqx7"}'
    for path in (
        f"/api/uploads/{encoded(forged)}/",
        f"/{encoded(forged)}",
        f"/admin/{encoded(forged)}",
    ):
        caller.send("get", path)
    caller.send("post", "/login/", data={"username": forged, "password": "wrong"})
    caller.send("get", "/api/jobs/", headers={"X-Request-Id": "forged-zqx7 ERROR"})

    raw = (server.home / "logs" / "sluice.log").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in raw.removesuffix("\n").split("\n")]

    assert len(lines) > 1
    assert {line["service.name"] for line in lines} == {"sluice"}
    assert [line for line in lines if line["message"].startswith("forged")] == []
    assert "forged-zqx7 ERROR" not in {line.get("http.request.id") for line in lines}
