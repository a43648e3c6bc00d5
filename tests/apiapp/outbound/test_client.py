"""The client against a server that does what servers do on their worst day."""

import gzip
import json
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from apiapp.outbound.client import headers
from apiapp.outbound.client.bodies import (
    NOTHING,
    File,
    MultipartForm,
    form_body,
    json_body,
    xml_body,
)
from apiapp.outbound.client.breakers import Breaker
from apiapp.outbound.client.calls import Call, Terms, Trace
from apiapp.outbound.client.client import Client, first_step, next_step
from apiapp.outbound.client.connections import Connections
from apiapp.outbound.client.guard import Policy, target_of
from apiapp.outbound.client.retrying import Backoff
from apiapp.outbound.errors import (
    AnswerTooLarge,
    BadCall,
    BrokenAnswer,
    BusinessError,
    CannotConnect,
    CircuitOpen,
    NetworkFault,
    SystemFault,
    TargetRefused,
    TimedOut,
    TooManyRedirects,
)
from tests.apiapp.outbound.conftest import LOCAL, MakeClient
from tests.apiapp.outbound.hostile_server import (
    Behaviour,
    Heard,
    HostileServer,
    Talk,
    authority_and_server,
)

ONCE = Terms(backoff=Backoff(attempts=1))
GONE_AFTER = Terms(read_s=0.3, total_s=30, backoff=Backoff(attempts=1))
CUT_AFTER = Terms(read_s=30, total_s=0.5, backoff=Backoff(attempts=1))
SMALL = Terms(answer_bytes=10_000, backoff=Backoff(attempts=1))


def echo(talk: Talk, heard: Heard) -> None:
    said = {"method": heard.method, "headers": heard.headers, "body": heard.body.decode("latin-1")}
    talk.answer(200, json.dumps(said).encode(), Content_Type="application/json")


# --- what is sent --------------------------------------------------------------------------------
def test_bodies_of_every_kind_arrive_as_what_they_are(client: Client, there: HostileServer):
    there.on["/"] = echo
    bodies = {
        "application/json": (json_body({"a": "ü"}), '{"a":"ü"}'),
        "application/x-www-form-urlencoded": (
            form_body({"a": ["1", "2"], "b": "&"}),
            "a=1&a=2&b=%26",
        ),
        "application/xml; charset=utf-8": (xml_body("<a>ü</a>"), "<a>ü</a>"),
    }

    for kind, (body, text) in bodies.items():
        client.send(Call("POST", there.url, body=body), policy=LOCAL)
        heard = there.heard[-1]
        assert heard.headers["content-type"] == kind
        assert heard.body.decode() == text
        assert "transfer-encoding" not in heard.headers


def test_a_file_is_sent_as_a_form_whose_length_is_known(
    client: Client, there: HostileServer, folder: Path
):
    there.on["/"] = echo
    path = folder / 'a "b".csv'
    path.write_bytes(b"x" * 200_000)
    trace = Trace()

    body = MultipartForm({"kind": "cars"}, [("file", File.at(path))])
    client.send(Call("POST", there.url, body=body), policy=LOCAL, trace=trace)

    heard = there.heard[0]
    assert int(heard.headers["content-length"]) == len(heard.body) == trace.sent_bytes
    assert b'filename="a %22b%22.csv"' in heard.body
    assert b"x" * 200_000 in heard.body


def test_a_file_that_became_shorter_is_not_sent_as_if_it_were_whole(
    client: Client, there: HostileServer, folder: Path
):
    there.on["/"] = echo
    path = folder / "a.csv"
    path.write_bytes(b"x" * 100)
    file = File.at(path)
    path.write_bytes(b"x" * 10)

    with pytest.raises(BadCall):
        client.send(Call("POST", there.url, body=MultipartForm({}, [("file", file)])), policy=LOCAL)


def test_credentials_and_cookies_are_headers(client: Client, there: HostileServer):
    there.on["/"] = echo

    client.send(
        Call(
            "GET", there.url, authorization=headers.basic("ü", "a:b"), cookies={"a": "1", "b": "2"}
        ),
        policy=LOCAL,
    )

    assert there.heard[0].headers["authorization"] == "Basic w7w6YTpi"
    assert there.heard[0].headers["cookie"] == "a=1; b=2"


@pytest.mark.parametrize(
    "sent",
    [
        {"X": "a\r\nY: b"},
        {"X": "a\nb"},
        {"X\r\nY": "a"},
        {"X Y": "a"},
        {"": "a"},
        {"X": "€"},
        {"X": "a\0"},
        {"Host": "other.example"},
        {"Content-Length": "0"},
        {"Transfer-Encoding": "chunked"},
        {"x": "1", "X": "2"},
    ],
)
def test_no_header_smuggles_another(sent: dict[str, str], client: Client, there: HostileServer):
    with pytest.raises(BadCall):
        client.send(Call("GET", there.url, headers=sent), policy=LOCAL)

    assert there.heard == []


def test_what_is_no_unicode_is_no_body():
    for make in (json_body, xml_body, lambda text: form_body({"a": text})):
        with pytest.raises(BadCall):
            make("\ud800")


def test_neither_does_a_cookie_or_a_token(client: Client, there: HostileServer):
    for call in (
        Call("GET", there.url, cookies={"a": "1\r\nX: y"}),
        Call("GET", there.url, authorization="Bearer a\r\nX: y"),
        Call("GET\r\nX: y", there.url),
    ):
        with pytest.raises(BadCall):
            client.send(call, policy=LOCAL)

    assert there.heard == []


def test_cookies_last_within_a_partition_and_are_nobody_elses(client: Client, there: HostileServer):
    there.on["/set"] = lambda talk, _: talk.answer(Set_Cookie="id=1; Path=/")
    there.on["/"] = echo

    client.send(Call("GET", f"{there.url}/set", partition="a"), policy=LOCAL)
    for partition in ("a", "b", ""):
        client.send(Call("GET", there.url, partition=partition), policy=LOCAL)

    assert [heard.headers.get("cookie") for heard in there.heard[1:]] == ["id=1", None, None]


def test_a_connection_is_kept_for_its_own_partition(client: Client, there: HostileServer):
    there.on["/"] = echo

    for partition in ("a", "a", "b"):
        client.send(Call("GET", there.url, partition=partition), policy=LOCAL)

    assert [heard.connection for heard in there.heard] == [1, 1, 2]


def test_proxies_and_passwords_of_the_environment_count_for_nothing(
    client: Client, there: HostileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    there.on["/"] = echo
    netrc = folder / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    client.send(Call("GET", there.url), policy=LOCAL)

    assert "authorization" not in there.heard[0].headers


# --- what comes back -----------------------------------------------------------------------------
def test_an_answer_is_its_status_headers_and_content(client: Client, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer(
        203, "ü".encode("latin-1"), Content_Type="text/plain; charset=latin-1"
    )

    answer = client.send(Call("GET", there.url), policy=LOCAL)

    assert (answer.status, answer.text, answer.content_type) == (203, "ü", "text/plain")


@pytest.mark.parametrize(
    ("status", "error", "kind"), [(404, BusinessError, "business"), (501, SystemFault, "system")]
)
def test_errors_are_the_callers_or_the_other_sides(
    status: int, error: type[Exception], kind: str, client: Client, there: HostileServer
):
    there.on["/"] = lambda talk, _: talk.answer(status)

    answer = client.send(Call("GET", there.url), policy=LOCAL)

    with pytest.raises(error) as raised:
        answer.require_good()
    assert raised.value.kind == kind  # type: ignore[attr-defined]


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks)


HEAD = b"HTTP/1.1 200 OK\r\n"
BROKEN = {
    "closed at once": lambda talk, _: True,
    "reset": lambda talk, _: talk.reset(),
    "reset within the content": lambda talk, _: (
        talk.say(HEAD + b"Content-Length: 9\r\n\r\nabc"),
        talk.reset(),
    ),
    "less than it said": lambda talk, _: talk.say(HEAD + b"Content-Length: 9\r\n\r\nabc") or True,
    "chunks without an end": lambda talk, _: (
        talk.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"abc")) or True
    ),
    "a chunk of no length": lambda talk, _: (
        talk.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n") or True
    ),
    "no HTTP": lambda talk, _: talk.say(b"220 mail.example ESMTP\r\n") or True,
    "nothing but bytes": lambda talk, _: talk.say(bytes(range(256)) * 10) or True,
    "too many headers": lambda talk, _: talk.say(HEAD, b"X: y\r\n" * 1000, b"\r\n") or True,
    "a header without an end": lambda talk, _: talk.say(HEAD, b"X: " + b"y" * 99_999) or True,
    "not packed as it says": lambda talk, _: talk.answer(200, b"abc", Content_Encoding="gzip"),
    "packed as nobody asked": lambda talk, _: talk.answer(200, b"abc", Content_Encoding="br"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_an_answer_that_is_none_is_a_network_fault(how: str, client: Client, there: HostileServer):
    there.on["/"] = BROKEN[how]

    with pytest.raises(BrokenAnswer) as raised:
        client.send(Call("GET", there.url), policy=LOCAL, terms=ONCE)

    assert raised.value.kind == "network"
    assert raised.value.may_have_arrived


def test_what_follows_a_shorter_length_is_in_nobodys_answer(client: Client, there: HostileServer):
    planted = HEAD + b"Content-Length: 7\r\n\r\nplanted"
    there.on["/lies"] = lambda talk, _: talk.say(HEAD + b"Content-Length: 3\r\n\r\nabc" + planted)
    there.on["/"] = lambda talk, _: talk.answer(200, b"honest")

    first = client.send(Call("GET", f"{there.url}/lies", partition="a"), policy=LOCAL)
    second = client.send(Call("GET", there.url, partition="a"), policy=LOCAL)

    assert (first.content, second.content) == (b"abc", b"honest")


ENDLESS = {
    "chunks": lambda talk, _: (
        talk.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
        [talk.say(chunked(b"x" * 1000)) for _ in range(10**9)],
    ),
    "until it closes": lambda talk, _: (
        talk.say(HEAD + b"Connection: close\r\n\r\n"),
        [talk.say(b"x" * 1000) for _ in range(10**9)],
    ),
    "declared": lambda talk, _: talk.say(HEAD + b"Content-Length: 99999999999\r\n\r\n"),
    "a bomb": lambda talk, _: talk.answer(
        200, gzip.compress(bytes(5_000_000)), Content_Encoding="gzip"
    ),
    "a bomb of zlib": lambda talk, _: talk.answer(
        200, zlib.compress(bytes(5_000_000)), Content_Encoding="deflate"
    ),
    "many small bombs": lambda talk, _: talk.answer(
        200, gzip.compress(bytes(9_999)) * 100, Content_Encoding="gzip"
    ),
}


@pytest.mark.parametrize("how", ENDLESS)
def test_no_more_is_taken_than_was_allowed(how: str, client: Client, there: HostileServer):
    there.on["/"] = ENDLESS[how]

    with pytest.raises(AnswerTooLarge):
        client.send(Call("GET", there.url), policy=LOCAL, terms=SMALL)


def test_the_length_of_what_a_head_does_not_send_is_no_limit(client: Client, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.say(HEAD + b"Content-Length: 99999999\r\n\r\n")

    answers = [
        client.send(Call("HEAD", there.url, partition="a"), policy=LOCAL, terms=SMALL)
        for _ in range(2)
    ]

    assert {(each.header("Content-Length"), each.content) for each in answers} == {
        ("99999999", b"")
    }
    assert [heard.connection for heard in there.heard] == [1, 1]


def test_what_is_packed_is_unpacked(client: Client, there: HostileServer):
    packed = gzip.compress(b"first, ") + gzip.compress(b"second")
    there.on["/"] = lambda talk, _: talk.answer(200, packed, Content_Encoding="gzip")
    trace = Trace()

    answer = client.send(Call("GET", there.url), policy=LOCAL, trace=trace)

    assert answer.content == b"first, second"
    assert trace.received_bytes == len(packed)


# --- how long it takes ---------------------------------------------------------------------------
def test_a_silent_server_is_waited_for_no_longer_than_allowed(client: Client, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.hold()

    with pytest.raises(TimedOut):
        client.send(Call("GET", there.url), policy=LOCAL, terms=GONE_AFTER)


DRIPS = {
    "headers": HEAD + b"X: ",
    "content": HEAD + b"Content-Length: 100000\r\n\r\n",
    "content until it closes": HEAD + b"Connection: close\r\n\r\n",
    "interim answers": b"HTTP/1.1 1",
}


@pytest.mark.parametrize("what", DRIPS)
def test_a_server_that_is_never_late_ends_with_the_whole_time(
    what: str, client: Client, there: HostileServer
):
    there.on["/"] = lambda talk, _: (talk.say(DRIPS[what]), talk.drip(b"x"))

    with pytest.raises(TimedOut):
        client.send(Call("GET", there.url), policy=LOCAL, terms=CUT_AFTER)


def test_so_does_one_that_takes_nothing(client: Client, folder: Path):
    """Nobody reads what is sent, so that sending it fills all there is between, and stops."""
    path = folder / "large"
    with path.open("wb") as file:
        file.truncate(2**30)

    with HostileServer() as there:
        there.takes_bodies = False
        there.on["/"] = lambda talk, _: talk.is_over.wait()
        body = MultipartForm({}, [("file", File.at(path))])
        with pytest.raises(TimedOut):
            client.send(Call("POST", there.url, body=body), policy=LOCAL, terms=CUT_AFTER)


def test_a_resolver_that_hangs_is_not_waited_for(there: HostileServer):
    def hanging(_name: str, _port: int) -> list[str]:
        there.over.wait(30)
        return []

    terms = Terms(connect_s=0.2, backoff=Backoff(attempts=1))

    with Client(resolver=hanging) as client, pytest.raises(CannotConnect):
        client.send(Call("GET", "http://example.org"), terms=terms)


# --- trying again --------------------------------------------------------------------------------
def fails_twice(badly: Behaviour) -> Behaviour:
    is_bad = iter([True, True])
    return lambda talk, heard: (
        badly(talk, heard) if next(is_bad, False) else talk.answer(200, b"well")
    )


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_is_safe_to_repeat_is_repeated(
    method: str, status: int, client: Client, there: HostileServer
):
    there.on["/"] = fails_twice(lambda talk, _: talk.answer(status))
    trace = Trace()

    answer = client.send(Call(method, there.url), policy=LOCAL, trace=trace)

    assert answer.content == b"well"
    assert trace.attempts == 3


def test_so_it_is_after_a_reset(client: Client, there: HostileServer):
    there.on["/"] = fails_twice(lambda talk, _: talk.reset())

    assert client.send(Call("GET", there.url), policy=LOCAL).content == b"well"


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_may_be_done_twice_is_sent_once(method: str, client: Client, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer(503)
    there.on["/reset"] = lambda talk, _: talk.reset()

    assert client.send(Call(method, there.url), policy=LOCAL).status == 503
    with pytest.raises(NetworkFault):
        client.send(Call(method, f"{there.url}/reset"), policy=LOCAL)

    assert len(there.heard) == 2


def test_a_key_makes_it_safe(client: Client, there: HostileServer):
    there.on["/"] = fails_twice(lambda talk, _: talk.answer(503))

    answer = client.send(
        Call("POST", there.url, headers={"Idempotency-Key": "1"}, body=json_body(1)), policy=LOCAL
    )

    assert answer.content == b"well"
    assert [heard.body for heard in there.heard] == [b"1"] * 3


def test_what_cannot_have_arrived_is_tried_again_too(client: Client, there: HostileServer):
    with HostileServer() as gone:
        pass
    trace = Trace()

    with pytest.raises(CannotConnect):
        client.send(Call("POST", gone.url), policy=LOCAL, trace=trace)

    assert trace.attempts == 3


def test_waits_are_as_long_as_the_other_side_asks_for(
    make_client: MakeClient, there: HostileServer
):
    waits: list[float] = []
    now = datetime(2026, 1, 1, tzinfo=UTC)
    client = make_client(sleep=waits.append, now=lambda: now)
    asked = iter(["7", format_datetime(now + timedelta(seconds=9), usegmt=True), None])
    there.on["/"] = lambda talk, _: (
        talk.answer(503, Retry_After=wait) if (wait := next(asked)) else talk.answer()
    )

    answer = client.send(Call("GET", there.url), policy=LOCAL)

    assert answer.status == 200
    assert waits == [7, 9]


@pytest.mark.parametrize("asked", ["3600", "Wed, 01 Jan 2200 00:00:00 GMT", "9" * 400])
def test_but_not_longer_than_anybody_waits(asked: str, client: Client, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer(503, Retry_After=asked)

    assert client.send(Call("GET", there.url), policy=LOCAL).status == 503
    assert len(there.heard) == 1


def test_waits_double_and_are_drawn():
    limits: list[tuple[float, float]] = []
    backoff = Backoff(
        first_s=1, longest_s=5, draw=lambda least, most: limits.append((least, most)) or most
    )

    assert [backoff.wait_s(attempt) for attempt in (1, 2, 3, 4)] == [1, 2, 4, 5]
    assert {least for least, _ in limits} == {0}


# --- leaving alone -------------------------------------------------------------------------------
def test_a_host_that_fails_again_and_again_is_left_alone_for_a_while(
    make_client: MakeClient, there: HostileServer
):
    clock_s = [0.0]
    client = make_client(breaker=Breaker(failures=3, pause_s=30, clock_s=lambda: clock_s[0]))
    is_well = [False]
    there.on["/"] = lambda talk, _: talk.answer(200 if is_well[0] else 500)

    def send(partition: str = "a") -> int:
        call = Call("POST", there.url, partition=partition)
        return client.send(call, policy=LOCAL, terms=ONCE).status

    assert [send() for _ in range(3)] == [500] * 3  # closed
    with pytest.raises(CircuitOpen):
        send()
    assert send("b") == 500, "another's failures are not one's own"
    assert len(there.heard) == 4

    clock_s[0] = 31
    assert send() == 500  # half open: one call tries, and fails
    with pytest.raises(CircuitOpen):
        send()

    clock_s[0], is_well[0] = 62, True
    assert [send(), send()] == [200, 200]  # closed again


def test_a_call_whose_own_attempts_open_it_has_their_answer(
    make_client: MakeClient, there: HostileServer
):
    client = make_client(breaker=Breaker(failures=2))
    there.on["/"] = lambda talk, _: talk.answer(503, b"later")

    answer = client.send(Call("GET", there.url), policy=LOCAL)

    assert (answer.status, answer.content, len(there.heard)) == (503, b"later", 2)


def test_errors_of_the_caller_open_nothing(client: Client, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer(404)

    assert {client.send(Call("GET", there.url), policy=LOCAL).status for _ in range(9)} == {404}


def test_one_call_tries_at_a_time():
    clock_s = [0.0]
    breaker = Breaker(failures=1, pause_s=10, clock_s=lambda: clock_s[0])
    breaker.failed("a")
    clock_s[0] = 11

    breaker.admit("a", host="a")
    with pytest.raises(CircuitOpen):
        breaker.admit("a", host="a")
    breaker.gave_up("a")
    breaker.admit("a", host="a")


# --- where it goes -------------------------------------------------------------------------------
def test_a_private_address_is_not_called(client: Client, there: HostileServer):
    there.on["/"] = echo

    for url in (there.url, there.named("localhost"), there.named("example.org")):
        with pytest.raises(TargetRefused):
            client.send(Call("GET", url))

    assert there.heard == []


def test_a_name_is_resolved_once_and_what_was_judged_is_called(
    make_client: MakeClient, there: HostileServer
):
    """DNS rebinding: the first answer is allowed, each one after it leads elsewhere."""
    there.on["/"] = echo
    asked: list[str] = []

    def rebinding(name: str, _port: int) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    client = make_client(resolver=rebinding)
    client.send(Call("GET", there.named("rebinding.example")), policy=LOCAL)

    assert asked == ["rebinding.example"]
    assert there.heard[0].headers["host"] == f"rebinding.example:{there.port}"
    with pytest.raises(TargetRefused):
        client.send(Call("GET", there.named("rebinding.example")), policy=LOCAL)


def redirecting(location: str, status: int = 302) -> Behaviour:
    return lambda talk, _: talk.answer(status, Location=location)


def test_what_a_connection_allows_is_not_allowed_to_where_it_redirects(
    client: Client, there: HostileServer
):
    with HostileServer() as inner:
        inner.on["/"] = echo
        for location in (
            inner.url,
            inner.named("localhost"),
            "http://169.254.169.254/",
            "file:///",
        ):
            there.on["/"] = redirecting(location)
            with pytest.raises(TargetRefused):
                client.send(Call("GET", there.url), policy=LOCAL)

        assert inner.heard == []


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (301, "GET", "GET"),
    ],
)
def test_a_redirect_is_followed_as_its_status_says(
    status: int, method: str, then: str, client: Client, there: HostileServer
):
    there.on["/"] = redirecting("/there?a=1", status)
    there.on["/there"] = lambda talk, heard: talk.answer(204)
    body = json_body(1) if method in ("POST", "PUT") else NOTHING

    client.send(Call(method, there.url, body=body), policy=LOCAL)

    heard = there.heard[1]
    assert (heard.method, heard.path) == (then, "/there?a=1")
    assert heard.body == (b"1" if then == "POST" else b"")


@pytest.mark.parametrize("other", ["https://b.example/", "https://a.example:444/"])
def test_another_origin_sees_no_credentials(other: str):
    call = Call(
        "GET",
        "https://a.example/",
        headers={"X-Api-Key": "secret", "Accept": "text/csv"},
        authorization="Bearer secret",
        cookies={"session": "secret"},
    )
    step = first_step(call, LOCAL)

    elsewhere = next_step(step, 302, target_of(other))
    here = next_step(step, 302, target_of("https://a.example/b"))

    assert set(elsewhere.headers) == {"Accept", "User-Agent"}
    assert (elsewhere.policy, here.policy) == (Policy(), LOCAL)
    assert here.headers == step.headers


def test_redirects_in_a_circle_end(client: Client, there: HostileServer):
    there.on["/"] = redirecting("/")

    with pytest.raises(TooManyRedirects):
        client.send(Call("GET", there.url), policy=LOCAL)

    assert len(there.heard) == 6


# --- TLS -----------------------------------------------------------------------------------------
def test_the_name_is_shown_and_verified_though_an_address_is_called(
    make_client: MakeClient, folder: Path
):
    authority, tls = authority_and_server(folder, "api.example.org")
    with HostileServer(tls) as there:
        there.on["/"] = echo
        client = make_client(connections=Connections(authority=str(authority)))

        client.send(Call("GET", there.named("api.example.org")), policy=LOCAL)
        for name in ("other.example.org", "127.0.0.1"):
            with pytest.raises(CannotConnect, match="certificate"):
                client.send(Call("GET", there.named(name)), policy=LOCAL, terms=ONCE)

        assert there.names_shown == ["api.example.org", "other.example.org", None]
        assert len(there.heard) == 1


def test_a_certificate_of_nobody_is_refused(client: Client, folder: Path):
    _, tls = authority_and_server(folder, "api.example.org")
    with HostileServer(tls) as there:
        with pytest.raises(CannotConnect, match="certificate"):
            client.send(Call("GET", there.named("api.example.org")), policy=LOCAL, terms=ONCE)

        assert there.heard == []


def test_https_does_not_become_http_on_the_way(
    make_client: MakeClient, folder: Path, there: HostileServer
):
    authority, tls = authority_and_server(folder, "api.example.org")
    with HostileServer(tls) as secure:
        secure.on["/"] = redirecting(there.named("api.example.org"))
        client = make_client(connections=Connections(authority=str(authority)))

        with pytest.raises(TargetRefused):
            client.send(Call("GET", secure.named("api.example.org")), policy=LOCAL)
