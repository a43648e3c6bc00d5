"""Passwords guessed at a real server, where Django's middleware does not look."""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.contracts.attacks.test_wire import UPGRADE, talk
from tests.serving import Server

LIMIT = 4
THREADS = 24  # of the server: so many may be on their way when the last one fails
NAMES = ("rita", "sam", "tom", "uma")  # one for each test: a lock is kept
MAKE_USERS = f"""
from django.contrib.auth.models import User
for name in {NAMES}:
    User.objects.create_user(name, password=f"{{name}}-passphrase")
"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home: Path = tmp_path_factory.mktemp("guarded") / "home"
    with Server(home, {"LOGIN_FAILURES": str(LIMIT), "LOGIN_LOCK_S": "600"}) as running:
        running.manage("shell", "--no-imports", "-c", MAKE_USERS)
        yield running


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


def send_file(server: Server, name: str, password: str) -> requests.Response:
    files = {"file": ("a.csv", b"a,b\n1,2\n")}
    return requests.post(f"{server.url}/api/upload", files=files, headers=basic(name, password))


def test_the_receiver_of_files_listens_to_no_more_guesses(guarded: Server):
    assert send_file(guarded, "rita", "rita-passphrase").status_code == 200

    guesses = [send_file(guarded, "rita", "wrong").status_code for _ in range(LIMIT)]
    refused = send_file(guarded, "rita", "rita-passphrase")

    assert guesses == [401] * (LIMIT - 1) + [429]
    assert refused.status_code == 429
    assert refused.json()["type"] == "urn:sluice:problem:too-many-logins"
    assert 540 < int(refused.headers["Retry-After"]) <= 600


def stays_open(server: Server, password: str) -> bool:
    """Whether a socket is kept for `sam`; others are told by a close frame why not (0x88)."""
    shown = basic("sam", password)["Authorization"].encode()
    request = b"GET /ws/jobs/ HTTP/1.1\r\nHost: localhost\r\n" + UPGRADE
    answered = talk(server, request + b"Authorization: " + shown + b"\r\n\r\n", wait_s=2)
    head, _, frames = answered.partition(b"\r\n\r\n")
    return b" 101 " in head and b"\x88" not in frames[:2]


def test_neither_does_a_socket(guarded: Server):
    assert stays_open(guarded, "sam-passphrase")

    assert not any(stays_open(guarded, "wrong") for _ in range(LIMIT))

    assert not stays_open(guarded, "sam-passphrase")


def test_guesses_that_come_all_at_once_are_counted(guarded: Server):
    def guess(number: int) -> int:
        headers = basic("tom", f"wrong-{number}")
        return requests.get(f"{guarded.url}/api/jobs/", headers=headers).status_code

    with ThreadPoolExecutor(40) as threads:
        answers = Counter(threads.map(guess, range(60)))

    assert set(answers) == {401, 429}
    assert answers[401] <= LIMIT + THREADS
    assert guess(0) == 429


def test_a_lock_outlasts_the_server(guarded: Server):
    for _ in range(LIMIT):
        send_file(guarded, "uma", "wrong")

    guarded.kill()
    guarded.start()

    assert send_file(guarded, "uma", "uma-passphrase").status_code == 429
    guarded.manage("axes_reset")
    assert send_file(guarded, "uma", "uma-passphrase").status_code == 200
