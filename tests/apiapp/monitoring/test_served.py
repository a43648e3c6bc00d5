"""What real servers counted, against what who asked them counted."""

import http.client
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.needs import REDIS_URL
from tests.serving import PostgresDatabase, Server, on_postgres

PLAN = [
    ("GET", "/api/data", "/api/data"),
    ("GET", "/api/jobs/{}", "/api/jobs/{job_id}"),
    ("GET", "/api/resource/{}", "/api/resource/{resource_id}"),
    ("DELETE", "/delete_example", "/delete_example"),
    ("GET", "/none/{}", "(unknown)"),
]
OURS = {route for _, _, route in PLAN}
COUNTS = (
    "SELECT route, method, status, SUM(count) FROM monitoring_requestfigures "
    "WHERE span_s = {} GROUP BY route, method, status"
)
RECEIVED = (
    "SELECT SUM(received_bytes) FROM monitoring_requestfigures "
    "WHERE span_s = 60 AND route = '/api/uploads/{file_id}/chunks/{index}'"
)
CHUNK = b"x" * 1_000_000
Counts = Counter[tuple[str, str, int]]


def ask_often(server: Server, times: int) -> Counts:
    """On one connection: what was asked, by the status that was answered."""
    seen: Counts = Counter()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    for number in range(times):
        method, path, route = PLAN[number % len(PLAN)]
        connection.request(method, path.format(number))
        answer = connection.getresponse()
        answer.read()
        seen[route, method, answer.status // 100] += 1
    connection.close()
    return seen


def load(servers: list[Server], *, connections: int = 6, times: int = 60) -> Counts:
    with ThreadPoolExecutor(connections) as threads:
        asked = [servers[number % len(servers)] for number in range(connections)]
        return sum(threads.map(lambda each: ask_often(each, times), asked), Counter())


def as_counts(rows: list[Any]) -> Counts:
    return Counter(
        {(route, method, status): int(n) for route, method, status, n in rows if route in OURS}
    )


def send_chunk(server: Server, chunk: bytes) -> None:
    begun = {"filename": "a.bin", "size": len(chunk)}
    made = requests.post(
        f"{server.url}/api/uploads/", json=begun, headers=server.headers, timeout=60
    )
    path = f"{server.url}/api/uploads/{made.json()['file_id']}/chunks/0/"
    octets = {"Content-Type": "application/octet-stream"}
    sent = requests.put(path, data=chunk, headers={**server.headers, **octets}, timeout=60)
    assert sent.status_code == 200, sent.text


def told_until(server: Server, asked: Counts) -> Counts:
    """What /metrics tells, as soon as it is that, or after a long time."""
    deadline = time.monotonic() + 60
    while (told := told_by(server)) != asked and time.monotonic() < deadline:
        assert told <= asked
        time.sleep(0.05)
    return told


def told_by(server: Server) -> Counts:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    text = requests.get(f"{server.url}/metrics", headers=headers, timeout=60).text
    counts = [
        (
            sample.labels["route"],
            sample.labels["method"],
            int(sample.labels["status"][0]),
            sample.value,
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "sluice_http_request_duration_seconds_count"
        and sample.labels["route"] in OURS
    ]
    return as_counts(counts)


UNLIMITED = {"RATE_LIMIT_ENABLED": "0"}
TOKEN = "of-the-scraper"


def test_a_server_that_is_stopped_has_written_every_request_that_it_answered(tmp_path: Path):
    with Server(tmp_path / "home", UNLIMITED | {"MONITORING_WRITE_S": "3600"}) as server:
        asked = load([server])
        send_chunk(server, CHUNK)

    database = sqlite3.connect(server.home / "sluice.sqlite3")
    (received,) = database.execute(RECEIVED).fetchone()
    assert received == len(CHUNK)  # of a body that never passed the event loop
    for span_s in (60, 3600, 86_400):
        assert as_counts(database.execute(COUNTS.format(span_s)).fetchall()) == asked
    database.close()


@pytest.fixture(scope="module")
def two_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Server], str]]:
    """Two whole servers on one PostgreSQL, as on two machines."""
    homes = tmp_path_factory.mktemp("homes")
    with PostgresDatabase(is_migrated=True) as database:
        environment = UNLIMITED | {
            "DATABASE_URL": database.url,
            "MONITORING_WRITE_S": "0.2",
            "METRICS_TOKEN": TOKEN,
            "CACHE_PREFIX": database.name,
        }
        with (
            Server(homes / "one", environment | {"REDIS_URL": REDIS_URL}) as one,
            Server(homes / "two", environment) as two,
        ):
            yield [one, two], database.url


def readyz_until(server: Server, status: int) -> Any:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        answer = requests.get(f"{server.url}/readyz", timeout=60)
        if answer.status_code == status:
            return answer.json()
        time.sleep(0.05)
    raise AssertionError(f"{answer.status_code}: {answer.text}")


@pytest.mark.postgres
@pytest.mark.redis
def test_a_database_that_went_away_is_named_and_nothing_else_of_it(
    two_servers: tuple[list[Server], str],
):
    (server, _), url = two_servers
    name = url.rpartition("/")[2]

    ready = readyz_until(server, 200)
    on_postgres(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
    on_postgres(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    away = readyz_until(server, 503)
    alive = requests.get(f"{server.url}/healthz", timeout=60)
    on_postgres(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
    again = readyz_until(server, 200)

    assert set(ready["checks"]) == set(again["checks"])
    assert ready["checks"]["redis"]["ok"]
    assert away["missing"]["database:default"] == "does not answer"
    assert name not in str(away)
    assert alive.status_code == 200


@pytest.mark.postgres
@pytest.mark.redis
def test_two_servers_on_one_database_count_as_one(two_servers: tuple[list[Server], str]):
    servers, url = two_servers

    asked = load(servers)
    for each in servers:  # what the other one counted last is told when it was written
        assert told_until(each, asked) == asked
    for each in servers:
        each.stop()

    with psycopg.connect(url) as database:
        for span_s in (60, 3600, 86_400):
            assert as_counts(database.execute(COUNTS.format(span_s)).fetchall()) == asked
