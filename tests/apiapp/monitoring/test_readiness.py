import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apiapp.jobs import services as jobs
from apiapp.monitoring import readiness
from apiapp.monitoring.gauges import all_gauges
from apiapp.monitoring.readiness import Finding, Readiness
from tests.needs import RABBITMQ_URL, REDIS_URL
from tests.serving import free_port

LONG_S = 60.0


def problems(found: list[Finding]) -> dict[str, str]:
    return {each.part: each.problem for each in found}


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody has asked before."""
    readiness.here.cache_clear()
    yield
    readiness.here.cache_clear()


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_readyz_names_what_is_not_there_and_how_long_each_part_took(fresh: None):
    without = Client().get("/readyz")
    readiness.here.cache_clear()
    jobs.worker_seen(name="one", now=timezone.now())
    with_one = Client().get("/readyz/")

    assert (without.status_code, list(without.json()["missing"])) == (503, ["worker"])
    assert with_one.status_code == 200
    told = with_one.json()
    assert told["status"] == "ready"
    assert set(told["checks"]) >= {"database:default", "database:datasets", "worker"}
    assert all(each["ok"] and each["ms"] >= 0 for each in told["checks"].values())


def test_what_hangs_is_named_in_time_and_asked_no_second_time_meanwhile():
    asked: list[int] = []
    may_answer = threading.Event()

    def hangs() -> str:
        asked.append(1)
        may_answer.wait(LONG_S)
        return ""

    watched = Readiness({"slow": hangs, "fine": lambda: ""}, patience_s=0.05, kept_s=0)
    first, second = watched.findings(), watched.findings()
    may_answer.set()
    deadline = time.monotonic() + LONG_S
    while problems(watched.findings())["slow"] and time.monotonic() < deadline:
        pass

    assert problems(first) == problems(second) == {"slow": "no answer within 0.05 s", "fine": ""}
    assert first[0].took_s >= 0.05
    assert problems(watched.findings()) == {"slow": "", "fine": ""}
    assert asked[1:] == [1] * (len(asked) - 1)


def test_who_asks_again_at_once_is_told_the_same():
    asked: list[int] = []

    def counts() -> str:
        asked.append(1)
        return ""

    watched = Readiness({"part": counts}, kept_s=LONG_S)

    assert watched.findings() == watched.findings()
    assert asked == [1]


def test_a_check_that_breaks_is_a_part_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)

    def breaks() -> str:
        raise RuntimeError("with the password in it")

    assert problems(Readiness({"part": breaks}).findings()) == {"part": "does not answer"}


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(RABBITMQ_URL, marks=pytest.mark.rabbitmq, id="rabbitmq"),
        pytest.param(REDIS_URL, marks=pytest.mark.redis, id="redis"),
    ],
)
def test_a_broker_that_is_there_answers_and_one_that_is_not_is_named_alone(url: str):
    scheme, _, rest = url.partition("://")
    nobody = f"{scheme}://me:secret@127.0.0.1:{free_port()}/{rest.rpartition('/')[2]}"

    assert readiness.ask_broker(url) == ""
    assert readiness.ask_broker(nobody) == "does not answer"


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_a_broker_beside_the_worker_is_asked_too(fresh: None, settings: Any):
    settings.CELERY_BROKER_URL = f"amqp://127.0.0.1:{free_port()}//"
    jobs.worker_seen(name="one", now=timezone.now())

    told = Client().get("/readyz")
    gauges = {each.name: each.value for each in all_gauges(now=timezone.now(), sources=[])}

    assert (told.status_code, list(told.json()["missing"])) == (503, ["broker"])
    assert gauges["broker_up"] == 0
