"""Answers that are given again, exactly as long as the other side lets them be (RFC 9111)."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.core.cache import cache as django_cache
from django.core.cache import caches
from django.test import override_settings

from apiapp.outbound.client.bodies import json_body
from apiapp.outbound.client.breakers import Breaker, Circuit
from apiapp.outbound.client.caching import Variant
from apiapp.outbound.client.calls import Answer, Call, Trace
from apiapp.outbound.client.client import Client
from apiapp.outbound.configured import CachedAnswers, CachedCircuits
from apiapp.outbound.errors import CircuitOpen
from tests.apiapp.outbound.conftest import LOCAL, MakeClient
from tests.apiapp.outbound.hostile_server import Heard, HostileServer, Talk

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Remembered:
    """A store in a dict; what goes in must be what any store can write down."""

    def __init__(self) -> None:
        self.kept: dict[str, list[Variant]] = {}

    def get(self, key: str) -> list[Variant] | None:
        return self.kept.get(key)

    def set(self, key: str, variants: list[Variant], *, keep_s: float) -> None:
        json.dumps(variants, default=bytes.hex)
        self.kept[key] = variants

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(make_client: MakeClient, clock: Clock) -> Client:
    return make_client(store=Remembered(), now=clock)


def date(seconds: float = 0) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


def get(
    client: Client, there: HostileServer, *, path: str = "/", partition: str = "a", **sent: str
) -> tuple[str, Answer]:
    """What is said of the cache, and the answer."""
    trace = Trace()
    call = Call(
        "GET",
        there.url + path,
        headers={name.replace("_", "-"): value for name, value in sent.items()},
        partition=partition,
    )
    answer = client.send(call, policy=LOCAL, trace=trace)
    return trace.cache, answer


def counted(there: HostileServer, status: int = 200, **headers: str) -> None:
    """Answers with how often it was asked."""

    def answer(talk: Talk, heard: Heard) -> None:
        talk.answer(status, str(len(there.heard)).encode(), **headers)

    there.on["/"] = answer


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache_Control": "max-age=60"},
        {"Cache_Control": 'private, Max-Age="60"'},
        {"Cache_Control": "max-age=60", "Expires": date(-9)},
        {"Date": date(), "Expires": date(60)},
        {"Cache_Control": "max-age=90", "Age": "30"},
        {"Cache_Control": "max-age=90", "Date": date(-30)},
    ],
)
def test_an_answer_is_given_again_for_its_lifetime_and_not_after(
    headers: dict[str, str], client: Client, there: HostileServer, clock: Clock
):
    counted(there, **headers)

    said = [get(client, there)[0]]
    clock.now += timedelta(seconds=59)
    said.append(get(client, there)[0])
    clock.now += timedelta(seconds=2)
    said.append(get(client, there)[0])

    assert said == ["miss", "hit", "miss"]
    assert len(there.heard) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Cache_Control": "no-store, max-age=60"},
        {"Cache_Control": "max-age=0"},
        {"Cache_Control": "max-age=nonsense"},
        {"Cache_Control": "s-maxage=60"},
        {"Cache_Control": "max-age=60", "Vary": "*"},
        {"Expires": "0"},
        {"Date": date(), "Expires": date(-1)},
        {"Last_Modified": date(-99999)},  # nothing is guessed
        {"Cache_Control": "no-cache, max-age=60", "ETag": '"a"'},
    ],
)
def test_what_has_no_lifetime_is_asked_for_each_time(
    headers: dict[str, str], client: Client, there: HostileServer
):
    counted(there, **headers)

    assert [get(client, there)[1].content for _ in range(2)] == [b"1", b"2"]


@pytest.mark.parametrize("status", [201, 302, 400, 500, 503])
def test_a_status_that_says_nothing_lasting_is_not_kept(
    status: int, client: Client, there: HostileServer
):
    counted(there, status, Cache_Control="max-age=60")
    client.breaker = Breaker(failures=99)

    get(client, there)

    assert get(client, there)[0] == "miss"


@pytest.mark.parametrize(
    ("validator", "condition"),
    [({"ETag": '"v1"'}, "if-none-match"), ({"Last_Modified": date(-60)}, "if-modified-since")],
)
def test_a_stale_answer_is_asked_about_and_given_again_if_it_still_holds(
    validator: dict[str, str],
    condition: str,
    client: Client,
    there: HostileServer,
    clock: Clock,
):
    def answer(talk: Talk, heard: Heard) -> None:
        if condition in heard.headers:
            talk.answer(304, Cache_Control="max-age=120", X_New="1", **validator)
        else:
            talk.answer(200, b"content", Cache_Control="max-age=60", X_Old="1", **validator)

    there.on["/"] = answer
    get(client, there)
    clock.now += timedelta(seconds=61)

    said, answered = get(client, there)
    clock.now += timedelta(seconds=119)

    assert (said, answered.status, answered.content) == ("revalidated", 200, b"content")
    assert (answered.header("X-Old"), answered.header("X-New")) == ("1", "1")
    assert get(client, there)[0] == "hit", "the 304 says for how long it is fresh again"
    assert len(there.heard) == 2


def test_a_changed_answer_takes_the_place_of_the_old(
    client: Client, there: HostileServer, clock: Clock
):
    def answer(talk: Talk, heard: Heard) -> None:
        number = len(there.heard)
        talk.answer(200, b"%d" % number, Cache_Control="max-age=60", ETag=f'"{number}"')

    there.on["/"] = answer
    get(client, there)
    clock.now += timedelta(seconds=61)

    said = [get(client, there), get(client, there)]

    assert [(cache, answered.content) for cache, answered in said] == [
        ("miss", b"2"),
        ("hit", b"2"),
    ]


def test_what_varies_is_several_answers(client: Client, there: HostileServer):
    there.on["/"] = lambda talk, heard: talk.answer(
        200, heard.headers.get("accept", "").encode(), Cache_Control="max-age=60", Vary="Accept"
    )

    for kind in ("text/csv", "text/html", "text/csv", "text/html"):
        assert get(client, there, Accept=kind)[1].content == kind.encode()

    assert len(there.heard) == 2


def test_nobody_sees_what_another_was_answered(client: Client, there: HostileServer):
    counted(there, Cache_Control="public, max-age=60")

    seen = {
        get(client, there)[1].content,
        get(client, there, partition="b")[1].content,
        get(client, there, Authorization="Bearer x")[1].content,
        get(client, there, Cookie="a=1")[1].content,
        get(client, there, path="/?a=1")[1].content,
    }

    assert len(seen) == 5


def test_whoever_asks_may_ask_anew(client: Client, there: HostileServer):
    counted(there, Cache_Control="max-age=60")
    get(client, there)

    said = [
        get(client, there, Cache_Control=wanted)[0]
        for wanted in ("no-cache", "max-age=0", "no-store", "min-fresh=61", "max-age=30")
    ]

    assert said == ["miss", "miss", "", "miss", "hit"]


def test_a_condition_of_ones_own_is_left_to_the_other_side(client: Client, there: HostileServer):
    there.on["/"] = lambda talk, heard: talk.answer(
        304 if "if-none-match" in heard.headers else 200, ETag='"a"', Cache_Control="max-age=60"
    )
    get(client, there)

    said, answer = get(client, there, If_None_Match='"a"')

    assert (said, answer.status) == ("", 304)


def test_a_change_takes_away_what_was_kept(client: Client, there: HostileServer):
    counted(there, Cache_Control="max-age=60")
    get(client, there)

    client.send(Call("PUT", there.url, body=json_body(1), partition="a"), policy=LOCAL)

    assert get(client, there)[0] == "miss"


def test_an_answer_from_the_store_says_its_age(client: Client, there: HostileServer, clock: Clock):
    counted(there, Cache_Control="max-age=60", Age="5")
    get(client, there)
    clock.now += timedelta(seconds=7)

    assert get(client, there)[1].header("Age") == "12"


REDIS = {
    "BACKEND": "django_redis.cache.RedisCache",
    "LOCATION": "redis://127.0.0.1:6379/0",
    "KEY_PREFIX": "sluice-test-outbound",
}


# --- which hosts are left alone -------------------------------------------------------------------
@pytest.fixture
def shared_cache() -> Iterator[None]:
    with override_settings(CACHES={**caches.settings, "default": REDIS}):
        django_cache.clear()
        yield
        django_cache.clear()


@pytest.mark.redis
def test_processes_that_share_redis_leave_a_host_alone_together(shared_cache: None):
    one, other = (Breaker(failures=3, store=CachedCircuits()) for _ in range(2))
    one.failed("a")
    other.failed("a")
    assert other.circuit("a") == Circuit("closed", failures=2)

    one.failed("a")

    assert other.circuit("a").state == "open"
    assert 0 < other.circuit("a").left_s <= 30
    with pytest.raises(CircuitOpen):
        other.admit("a", host="a")
    other.admit("b", host="b")


@pytest.mark.redis
def test_of_all_processes_one_call_tries_whether_a_host_is_well(shared_cache: None):
    one, other = (Breaker(failures=1, pause_s=0.001, store=CachedCircuits()) for _ in range(2))
    one.failed("a")
    while one.circuit("a").state != "half_open":
        pass
    patient = Breaker(failures=1, pause_s=60, store=CachedCircuits())

    patient.admit("a", host="a")
    with pytest.raises(CircuitOpen):
        other.admit("a", host="a")
    patient.succeeded("a")

    other.admit("a", host="a")
    assert other.circuit("a") == Circuit("closed")


def test_calls_go_on_while_the_cache_is_away():
    nowhere = {**REDIS, "LOCATION": "redis://127.0.0.1:1/0"}
    with override_settings(CACHES={**caches.settings, "default": nowhere}):
        breaker = Breaker(failures=1, store=CachedCircuits())
        breaker.failed("a")
        breaker.admit("a", host="a")
        breaker.succeeded("a")
        CachedAnswers().set("key", [], keep_s=60)
        assert CachedAnswers().get("key") is None


@pytest.mark.parametrize(
    "backend", [None, pytest.param(REDIS, marks=pytest.mark.redis)], ids=["in process", "redis"]
)
def test_djangos_cache_keeps_what_is_given_to_it(backend: dict[str, Any] | None):
    answers = CachedAnswers()
    variants = [{"status": 200, "headers": [["A", "b"]], "content": b"\0\xff", "at_s": 1.5}]
    with override_settings(
        **({"CACHES": {**caches.settings, "default": backend}} if backend else {})
    ):
        answers.set("key", variants, keep_s=60)
        assert answers.get("key") == variants
        answers.delete("key")
        assert answers.get("key") is None
        assert django_cache.get("key") is None
