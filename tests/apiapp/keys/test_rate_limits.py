import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from rest_framework.test import APIClient

from apiapp.keys import rate_limits
from apiapp.keys.quotas import Quota, quotas_of
from tests.needs import REDIS_URL

pytestmark = pytest.mark.django_db

Api = Callable[[User], APIClient]
REDIS = {"BACKEND": "apiapp.keys.counters.RedisCounters", "LOCATION": REDIS_URL}


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> Iterator[None]:
    settings.RATE_LIMIT_ENABLED = True
    settings.RATE_LIMITS = {
        "callers": quotas_of("callers", "3/h"),
        "open": quotas_of("open", "4/h"),
        "anonymous-writes": quotas_of("anonymous-writes", "2/h,200/d"),
    }
    caches["counters"].clear()
    yield
    caches["counters"].clear()


@pytest.fixture(params=["in process", pytest.param("redis", marks=pytest.mark.redis)])
def counters(request: pytest.FixtureRequest, settings: Any) -> None:
    if request.param == "redis":
        settings.CACHES = {**settings.CACHES, "counters": REDIS}


def test_a_key_is_told_what_it_has_left_and_refused_when_that_is_nothing(api: Api, user: User):
    client = api(user)

    answers = [client.get("/api/jobs/") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer["RateLimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]
    assert answers[0]["RateLimit-Policy"] == '"callers-hour";q=3;w=3600'
    refusal = answers[3]
    assert refusal["Content-Type"] == "application/problem+json"
    assert refusal.json()["type"] == "urn:sluice:problem:too-many-requests"
    assert 1 <= int(refusal["Retry-After"]) <= 3600
    assert refusal.json()["retry_after_s"] == int(refusal["Retry-After"])


def test_keys_are_counted_apart_also_those_of_one_user(api: Api, user: User):
    spent, fresh = api(user), api(user)
    for _ in range(4):
        spent.get("/api/jobs/")

    assert fresh.get("/api/jobs/").status_code == 200


def test_strangers_are_counted_by_address(client: APIClient):
    def post_from(address: str) -> int:
        return APIClient(REMOTE_ADDR=address).post("/api/import", {}).status_code

    assert [post_from("192.0.2.1") for _ in range(3)] == [401, 401, 429]
    assert post_from("192.0.2.2") == 401


def test_wrong_keys_are_guesses_of_a_stranger():
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer abc.def")

    assert [client.post("/api/import", {}).status_code for _ in range(3)] == [401, 401, 429]


def test_reading_without_a_key_has_a_limit_of_its_own():
    client = APIClient()

    assert [client.get("/api/jobs/").status_code for _ in range(5)] == [401] * 4 + [429]
    assert client.post("/api/import", {}).status_code == 401


def test_an_ipv6_network_is_one_stranger():
    assert rate_limits.address_of("2001:db8::1") == rate_limits.address_of("2001:db8::2:3")
    assert rate_limits.address_of("2001:db8::1") != rate_limits.address_of("2001:db8:0:1::1")
    assert rate_limits.address_of("fe80::1%eth0") == rate_limits.address_of("fe80::2")
    assert rate_limits.address_of("") == "address:unknown"


def test_limits_can_be_switched_off(api: Api, user: User, settings: Any):
    settings.RATE_LIMIT_ENABLED = False
    client = api(user)

    assert {client.get("/api/jobs/").status_code for _ in range(6)} == {200}


@pytest.mark.usefixtures("counters")
def test_counts_are_exact_however_many_come_at_once():
    quotas = (Quota("a", 50, 3600), Quota("b", 120, 86400))
    who = f"test:{uuid.uuid4()}"

    def ask(_: int) -> tuple[bool, ...]:
        return tuple(usage.is_over for usage in rate_limits.spend(who=who, quotas=quotas))

    with ThreadPoolExecutor(24) as threads:
        answers = Counter(threads.map(ask, range(200)))

    assert sum(count for over, count in answers.items() if not over[0]) == 50
    assert sum(count for over, count in answers.items() if not over[1]) == 120
