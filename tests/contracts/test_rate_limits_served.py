"""Limits on real servers: exact in the one process of the default, and over processes by Redis."""

import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import pytest
import requests

from tests.needs import REDIS_URL
from tests.serving import READY_S, ROOT, Server, free_port

ASKED, ALLOWED = 120, 40
LIMITED = {"RATE_LIMIT_ENABLED": "1", "RATE_LIMIT_OPEN": f"{ALLOWED}/h"}


@pytest.fixture(scope="module")
def one_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    with Server(tmp_path_factory.mktemp("one"), LIMITED) as server:
        yield [server.url]


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    prefix = {"CACHE_PREFIX": uuid.uuid4().hex}  # other runs count in this Redis as well
    home, port = tmp_path_factory.mktemp("two"), free_port()
    with Server(home, {**LIMITED, **prefix, "REDIS_URL": REDIS_URL}) as server:
        second = subprocess.Popen(
            [sys.executable, "manage.py", "web", "--port", str(port)],
            cwd=ROOT,
            env=server.environment,
        )
        try:
            url = f"http://localhost:{port}"
            wait_for(url)
            yield [server.url, url]
        finally:
            second.terminate()
            second.wait()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{url}/healthz", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError(f"nothing answers at {url}")


def statuses(urls: list[str]) -> Counter[int]:
    def ask(url: str) -> int:
        return requests.get(f"{url}/api/data", timeout=20).status_code

    with ThreadPoolExecutor(16) as threads:
        return Counter(threads.map(ask, [url for url, _ in zip(cycle(urls), range(ASKED))]))


def test_the_default_server_lets_in_exactly_as_many_as_it_says(one_process: list[str]):
    assert statuses(one_process) == {200: ALLOWED, 429: ASKED - ALLOWED}


@pytest.mark.redis
def test_two_processes_on_one_redis_let_in_exactly_as_many(two_processes: list[str]):
    assert statuses(two_processes) == {200: ALLOWED, 429: ASKED - ALLOWED}


def test_the_health_of_the_server_is_told_without_a_limit(one_process: list[str]):
    statuses(one_process)

    assert requests.get(f"{one_process[0]}/healthz", timeout=5).status_code == 200
    refusal = requests.get(f"{one_process[0]}/api/data", timeout=5)
    assert refusal.headers["Content-Type"] == "application/problem+json"
    assert int(refusal.headers["Retry-After"]) > 0
    assert refusal.headers["RateLimit"].startswith('"open-hour";r=0;t=')


def test_nobody_gets_another_address_by_claiming_it(one_process: list[str]):
    statuses(one_process)
    claimed = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}

    refusal = requests.get(f"{one_process[0]}/api/data", headers=claimed, timeout=5)

    assert refusal.status_code == 429
