"""Tiers as several processes have them, with a Redis of their own that dies, hangs and comes back."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction

from apiapp.caching.lookups import ERROR, HIT, MISS, PROCESS, REDIS, lookups
from apiapp.caching.redis_tier import STONE, client_of
from apiapp.caching.tiers import Shared, Terms, Tiers, shared_by
from tests.apiapp.caching.conftest import OwnRedis
from tests.apiapp.jobs.stacks import wait_until
from tests.serving import free_port

pytestmark = pytest.mark.django_db(transaction=True)

PREFIX = "tests"
NOW_S = 1_700_000_000.0
KEEP_S, ALONE_S = 3600.0, 2.0  # nothing ends here because its time is over
PATIENCE_S = 90.0


class Json:
    def dump(self, value: str) -> bytes:
        return json.dumps(value).encode()

    def load(self, said: bytes) -> str:
        value = json.loads(said)
        if not isinstance(value, str):
            raise ValueError(value)
        return value


class Source:
    """What the database has, and how often it was asked."""

    def __init__(self, value: str | None = "first") -> None:
        self.value = value
        self.asked = 0

    def __call__(self) -> str | None:
        self.asked += 1
        return self.value


Process = Callable[[], Tiers[str]]


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def process(redis: OwnRedis) -> Iterator[Process]:
    """process() -> the tiers of one more process, which hears what others change."""
    made: list[Shared] = []

    def make() -> Tiers[str]:
        shared = shared_by(redis.url, prefix=PREFIX)
        made.append(shared)
        tiers = Tiers(terms(), Json(), shared)
        wait_until(shared.listener.hears, "it listens", PATIENCE_S)
        return tiers

    yield make
    for each in made:
        each.listener.close()


def terms(*, entries: int = 100) -> Terms:
    return Terms("things", entries=entries, keep_s=KEEP_S, alone_s=ALONE_S, wait_s=5.0)


def get(tiers: Tiers[str], source: Source, *, after_s: float = 0.0, key: str = "a") -> str | None:
    return tiers.get(key, source, now_s=NOW_S + after_s)


@pytest.fixture
def counted() -> Callable[[], dict[tuple[str, str], int]]:
    """counted() -> by tier and outcome, what was counted in this test."""
    before = Counter(lookups.counts())
    return lambda: {each[1:]: n for each, n in (Counter(lookups.counts()) - before).items()}


Counted = Callable[[], dict[tuple[str, str], int]]


# --- without Redis -------------------------------------------------------------------------------


def test_alone_a_value_is_kept_for_a_moment_only(source: Source):
    tiers = Tiers(terms(), Json(), None)
    get(tiers, source)
    source.value = "second"  # by another process, of which nobody can hear

    assert get(tiers, source, after_s=ALONE_S - 0.01) == "first"
    assert get(tiers, source, after_s=ALONE_S) == "second"


def test_what_is_forgotten_is_looked_up_again_at_once(source: Source):
    tiers = Tiers(terms(), Json(), None)
    get(tiers, source)
    source.value = "second"

    tiers.forget("a")

    assert get(tiers, source) == "second"


def test_that_there_is_nothing_is_not_kept():
    nothing = Source(None)
    tiers = Tiers(terms(), Json(), None)

    assert get(tiers, nothing) is None
    nothing.value = "made just now"
    assert get(tiers, nothing) == "made just now"


def test_a_process_that_keeps_nothing_asks_each_time(source: Source):
    tiers = Tiers(terms(entries=0), Json(), None)

    assert [get(tiers, source), get(tiers, source)] == ["first", "first"]
    assert source.asked == 2


# --- with Redis -----------------------------------------------------------------------------------


def test_what_one_process_looked_up_another_one_finds_in_redis(
    process: Process, source: Source, counted: Counted
):
    one, other = process(), process()

    assert [get(each, source) for each in (one, other, other)] == 3 * ["first"]

    assert source.asked == 1
    assert counted() == {
        (PROCESS, MISS): 2,
        (REDIS, MISS): 1,
        (REDIS, HIT): 1,
        (PROCESS, HIT): 1,
    }


def test_what_one_process_changes_the_others_give_no_more(process: Process, source: Source):
    one, *others = process(), process(), process()
    for each in (one, *others):
        assert get(each, source) == "first"
    source.value = "second"

    one.forget("a")

    assert get(one, source) == "second"
    for each in others:
        wait_until(lambda each=each: get(each, source) == "second", "it has heard", PATIENCE_S)


def test_a_change_is_told_when_its_transaction_is_over(process: Process, source: Source):
    one, other = process(), process()
    get(other, source)

    with transaction.atomic():
        one.forget("a")
        assert get(one, source) == "first"  # looked up by somebody who does not see it yet
        source.value = "second"

    assert get(one, source) == "second"
    wait_until(lambda: get(other, source) == "second", "it has heard", PATIENCE_S)


def test_what_was_looked_up_before_a_change_and_came_after_it_is_not_kept(
    process: Process, source: Source
):
    slow, quick, third = process(), process(), process()

    def look_up() -> str:
        source.value = "second"
        quick.forget("a")
        return "first"

    assert slow.get("a", look_up, now_s=NOW_S) == "first"

    assert get(third, source) == "second"
    wait_until(lambda: get(slow, source) == "second", "it has heard", PATIENCE_S)


def test_in_redis_too_nothing_is_kept_for_longer_than_was_said(process: Process, source: Source):
    get(process(), source)
    source.value = "second"

    assert get(process(), source, after_s=KEEP_S) == "second"


def test_what_another_version_wrote_is_as_if_it_were_not_there(
    process: Process, source: Source, redis: OwnRedis
):
    with client_of(redis.url, retries=0) as client:
        client.set(f"{PREFIX}:tier:things:a", f"{NOW_S}\n[1]")
        client.set(f"{PREFIX}:tier:things:b", "no time at all")

    assert get(process(), source) == "first"
    assert get(process(), source, key="b") == "first"


# --- Redis fails -----------------------------------------------------------------------------------


def test_without_an_answer_from_redis_the_database_is_asked(
    source: Source, counted: Counted, caplog: pytest.LogCaptureFixture
):
    away = shared_by(f"redis://127.0.0.1:{free_port()}/0", prefix=PREFIX)
    tiers = Tiers(terms(), Json(), away)

    assert get(tiers, source) == "first"
    assert counted()[REDIS, ERROR]
    with caplog.at_level(logging.WARNING):
        tiers.forget("a")

    assert "other processes see it within 3600 s" in caplog.text
    assert get(tiers, Source("second")) == "second"
    away.listener.close()


def test_a_process_that_is_cut_off_keeps_nothing_of_what_it_may_have_missed(
    process: Process, source: Source, redis: OwnRedis
):
    one, other = process(), process()
    get(one, source), get(other, source)

    redis.kill()
    source.value = "second"
    one.forget("a")

    wait_until(lambda: get(other, source) == "second", "it notices", PATIENCE_S)
    source.value = "third"
    assert get(other, source, after_s=ALONE_S) == "third"


def test_once_redis_is_back_changes_are_heard_again(
    process: Process, source: Source, redis: OwnRedis
):
    one, other = process(), process()
    redis.kill()
    wait_until(lambda: not other._hears(), "it notices", PATIENCE_S)
    redis.start()
    wait_until(other._hears, "it listens again", PATIENCE_S)
    get(other, source)
    assert get(other, source, after_s=2 * ALONE_S) == "first"  # kept for as long as before
    source.value = "second"

    def is_heard() -> bool:
        one.forget("a")  # as long as it leaves Redis alone it cannot tell anybody
        return get(other, source) == "second"

    wait_until(is_heard, "it has heard", PATIENCE_S)


def test_a_redis_that_hangs_is_missed_by_nobody(process: Process, source: Source, redis: OwnRedis):
    one, other = process(), process()
    get(other, source)

    with redis.held_up():
        assert get(one, source, key="b") == "first"
        source.value = "second"
        one.forget("a")
        wait_until(lambda: get(other, source) == "second", "it notices", PATIENCE_S)

    wait_until(other._hears, "it listens again", PATIENCE_S)


def test_where_something_changed_lies_a_stone_for_longer_than_it_is_kept(
    process: Process, redis: OwnRedis
):
    process().forget("a")

    with client_of(redis.url, retries=0) as client:
        assert client.get(f"{PREFIX}:tier:things:a") == STONE
        assert client.ttl(f"{PREFIX}:tier:things:a") >= KEEP_S
