"""What one real server process changes, another one no longer gives."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.apiapp.caching.conftest import OwnRedis
from tests.apiapp.jobs.stacks import wait_until
from tests.serving import ROOT, Server, free_port

PATIENCE_S = 90.0
NEW_ROWS = {
    "dataset": "cars",
    "rows": [{"name": "volvo", "price": 5}, {"name": "saab", "price": 7}],
}


class Web:
    """`manage.py web` on the home of a server; it keeps keys for an hour unless told otherwise."""

    def __init__(self, server: Server, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._key = server.key
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "web", "--host", "127.0.0.1", "--port", str(self.port)],
            cwd=ROOT,
            env=server.environment | {"CACHE_KEYS_S": "3600"} | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        wait_until(self._answers, "it answers", PATIENCE_S)
        return self

    def __exit__(self, *_error: object) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _answers(self) -> bool:
        assert self._process.poll() is None
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).ok
        except requests.ConnectionError:
            return False

    def ask(
        self, method: str, path: str, *, key: str = "", body: object = None
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {key or self._key}"}
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=60)

    def lets_in(self, key: str) -> bool:
        return self.ask("GET", "/api/jobs/", key=key).status_code == 200

    def lookups(self) -> dict[tuple[str, str, str], float]:
        families = text_string_to_metric_families(self.ask("GET", "/metrics").text)
        samples = next(each for each in families if each.name == "sluice_cache_lookups").samples
        return {
            (each.labels["cache"], each.labels["tier"], each.labels["outcome"]): each.value
            for each in samples
        }


@pytest.fixture
def server(home: Path) -> Server:
    """Not started: the home, with a key and migrated databases, and `manage.py` on it."""
    return Server(home).prepare()


@pytest.fixture
def pair(server: Server, redis: OwnRedis) -> Iterator[tuple[Web, Web]]:
    server.environment["REDIS_URL"] = redis.url
    with Web(server) as one, Web(server) as other:
        yield one, other


def new_keys(server: Server, count: int) -> list[str]:
    """In one process, as each takes a while to start."""
    made = server.manage(
        *("shell", "-v0", "-c"),
        "from django.core.management import call_command as call\n"
        f"for _ in range({count}): call('create_api_key', '--user', 'tester')",
    )
    return made.stdout.split()


def revoke(server: Server, key: str) -> None:
    server.manage("revoke_api_key", key.partition(".")[0])


def test_two_processes_on_one_redis_give_the_same_answers(
    pair: tuple[Web, Web], server: Server, redis: OwnRedis
):
    one, other = pair
    column, statistics = (
        "/api/datasets/cars/columns/price/",
        "/api/datasets/cars/columns/price/statistics/",
    )
    assert one.ask("POST", "/api/import", body=NEW_ROWS).status_code == 200
    for web in pair:
        assert web.ask("GET", statistics).json()["maximum"] == 7
        assert web.ask("GET", "/api/datasets/cars/rows/").ok

    # New rows, a new label and a new column: the next answer of the other process knows of them.
    one.ask("POST", "/api/datasets/cars/rows/", body={"name": "fiat", "price": 9})
    assert other.ask("GET", statistics).json()["maximum"] == 9
    one.ask("PATCH", column, body={"label": "What it costs"})
    assert other.ask("GET", statistics).json()["label"] == "What it costs"
    one.ask("POST", "/api/datasets/cars/columns/", body={"label": "note", "type": "text"})
    assert "note" in other.ask("GET", "/api/datasets/cars/rows/").json()["results"][0]

    # A key that another process revoked: both hear of it.
    first, second, third = new_keys(server, 3)
    assert one.lets_in(first) and other.lets_in(first)
    revoke(server, first)
    wait_until(lambda: not (one.lets_in(first) or other.lets_in(first)), "both heard", PATIENCE_S)

    # So too while Redis is away, when nobody is kept out for it, and once it is back.
    redis.kill()
    assert one.lets_in(second) and other.lets_in(second)
    revoke(server, second)
    wait_until(lambda: not (one.lets_in(second) or other.lets_in(second)), "both ask", PATIENCE_S)
    redis.start()
    assert one.lets_in(third) and other.lets_in(third)

    # Whichever is asked tells what both looked up.
    before, by_other = one.lookups(), other.lookups()
    assert by_other["keys", "process", "hit"] >= 2
    assert {cache for cache, _, _ in before} == {"keys", "schemas", "statistics"}
    assert before["keys", "redis", "error"] > 0


def test_without_redis_a_key_revoked_elsewhere_works_for_a_moment_only(server: Server):
    with Web(server) as web:
        assert web.lets_in(server.key)

        revoke(server, server.key)

        wait_until(lambda: not web.lets_in(server.key), "it asks again", PATIENCE_S)
