"""A web server killed at any moment, and clients that ask again until they are answered: each
thing is made once, and told of in the same bytes.
"""

import os
import random
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.serving import PostgresDatabase, Server, children_of

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="finds the web process in /proc"
)
CLIENTS = 3
KEYS_EACH = 8
KILLS = 4
ENOUGH_S = 180.0
CSV = b"name,price\nvolvo,12\nsaab,8\n"
Ask = Callable[[str, dict[str, str]], requests.Response]


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def killable(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("idempotent") / "home"
    environment = {"IDEMPOTENCY_LEASE_S": "1", "JOB_LEASE_S": "2"}
    if request.param == "sqlite":
        with Server(home, environment) as running:
            yield running
        return
    with (
        PostgresDatabase(is_migrated=True) as database,
        Server(home, environment | {"DATABASE_URL": database.url}) as running,
    ):
        yield running


def web_process(server: Server) -> int | None:
    assert server.process
    for pid in children_of(server.process.pid):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile
            continue
        if b"web" in words:
            return pid
    return None


@dataclass
class Client:
    """Sends each of its requests until it is answered, whatever becomes of the server.

    answers: by key, the first body that came.  seen: how often no answer or a refusal came.
    """

    server: Server
    ask: Ask
    name: str
    answers: dict[str, bytes] = field(default_factory=dict)
    unanswered: int = 0
    errors: list[str] = field(default_factory=list)

    def run(self, is_over: threading.Event) -> None:
        number = 0
        while not is_over.is_set() or number < KEYS_EACH:
            key = f"{self.name}-{number}-{uuid.uuid4()}"
            self.answers[key] = self.until_answered(key).content
            number += 1

    def until_answered(self, key: str) -> requests.Response:
        deadline = time.monotonic() + ENOUGH_S
        while time.monotonic() < deadline:
            try:
                answer = self.ask(key, {**self.server.headers, "Idempotency-Key": key})
            except requests.RequestException:
                self.unanswered += 1
                time.sleep(0.02)
                continue
            if answer.ok:
                return answer
            if answer.status_code != 409:  # 409: the one before may still be worked on
                self.errors.append(f"{answer.status_code} {answer.text[:200]}")
            time.sleep(0.05)
        raise AssertionError(f"{key} was not answered: {self.errors[-3:]}")


def kill_now_and_then(server: Server, chance: random.Random) -> None:
    """SIGKILL in turn to the web process, which is started again, and to all of the server."""
    for number in range(KILLS):
        time.sleep(chance.uniform(0.2, 0.9))
        web = web_process(server)
        assert web
        if number % 2:
            server.kill()
            server.start()
        else:
            os.kill(web, signal.SIGKILL)
            server.wait_until_ready()


def hammered(server: Server, asks: dict[str, Ask]) -> list[Client]:
    """Clients that have been answered all they asked, while the server was killed again and again."""
    assert server.key  # made before anything is killed
    is_over = threading.Event()
    clients = [
        Client(server, ask, f"{kind}-{number}")
        for kind, ask in asks.items()
        for number in range(CLIENTS if kind == "post" else 1)
    ]
    threads = [threading.Thread(target=each.run, args=(is_over,)) for each in clients]
    for thread in threads:
        thread.start()
    try:
        kill_now_and_then(server, random.Random(7))
    finally:
        is_over.set()
        for thread in threads:
            thread.join(ENOUGH_S)
    return clients


def every(server: Server, path: str) -> list[dict[str, Any]]:
    """Every object of a list, page by page."""
    found: list[dict[str, Any]] = []
    url: str | None = f"{server.url}{path}?limit=100"
    while url:
        page = requests.get(url, headers=server.headers, timeout=20).json()
        found += page["results"]
        url = page.get("next")
    return found


def test_every_key_has_its_effect_once_and_one_answer(killable: Server):
    server = killable

    def post(key: str, headers: dict[str, str]) -> requests.Response:
        return requests.post(
            f"{server.url}/api/v1/posts/", json={"title": key}, headers=headers, timeout=10
        )

    def begin(key: str, headers: dict[str, str]) -> requests.Response:
        body = {"filename": f"{key}.csv", "size": 10}
        return requests.post(f"{server.url}/api/uploads/", json=body, headers=headers, timeout=10)

    def upload(key: str, headers: dict[str, str]) -> requests.Response:
        files = {"file": (f"{key}.csv", CSV)}
        return requests.post(f"{server.url}/api/upload", files=files, headers=headers, timeout=10)

    def load(key: str, headers: dict[str, str]) -> requests.Response:
        body = {"rows": [{"name": key}], "dataset": key}
        return requests.post(f"{server.url}/api/import", json=body, headers=headers, timeout=10)

    clients = hammered(server, {"post": post, "begin": begin, "upload": upload, "load": load})

    keys = {kind: [k for c in clients if c.name.startswith(kind) for k in c.answers] for kind in
            ("post", "begin", "upload", "load")}  # fmt: skip
    assert [error for client in clients for error in client.errors] == []
    assert sum(client.unanswered for client in clients) > 0, "nothing was asked while it was dead"
    assert all(len(found) >= KEYS_EACH for found in keys.values())

    titles = [row["title"] for row in every(server, "/api/v1/posts/")]
    assert sorted(titles) == sorted(keys["post"])
    names = [row["filename"] for row in every(server, "/api/uploads/")]
    once = [f"{key}.csv" for key in keys["begin"] + keys["upload"]]
    assert sorted(name for name in names if name in once) == sorted(once)
    datasets = {row["title"]: row["row_count"] for row in every(server, "/api/datasets/")}
    assert datasets == dict.fromkeys(keys["load"], 1)
    # A try that a server died over stays in the list, without a dataset and without rows.
    imports = every(server, "/api/imports/")
    loaded = [each["dataset_title"] for each in imports if each["dataset"]]
    assert sorted(loaded) == sorted(keys["load"])

    for client in clients:
        for key, first in client.answers.items():
            again = client.until_answered(key)
            assert again.headers["Idempotent-Replayed"] == "true"
            assert again.content == first
