"""Clients that are slow, or mean to be: whoever else calls notices nothing of them."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import requests

from tests import tiny_patches
from tests.apiapp.uploads.hostile.half_open import BEGUN_BYTES, WHOLE_BYTES, HalfOpen, Kinds
from tests.memory import resident_bytes, web_process
from tests.serving import Server

MIB = 2**20
IDLE_S = 5
HALF_OPEN = 200
OTHERS = 50
TINY = 400  # `python -m tests.tiny_patches 10000` for more
PATIENCE_S = 60


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits for bodies no longer than a test can."""
    home = tmp_path_factory.mktemp("hostile") / "home"
    told = {"UPLOAD_IDLE_S": str(IDLE_S), "REQUEST_HEAD_S": str(IDLE_S), "RATE_LIMIT_ENABLED": "0"}
    with Server(home, told) as server:
        yield server


@pytest.fixture(scope="module")
def other(patient: Server) -> dict[str, str]:
    """The headers of somebody else."""
    made = patient.manage("create_api_key", "--user", "other", "--create-user")
    return {"Authorization": f"Bearer {made.stdout.strip()}"}


def open_uploads(server: Server) -> int:
    """How many files of uploads the web process has open."""
    found = 0
    for each in (web_process(server) / "fd").iterdir():
        with suppress(FileNotFoundError):
            found += "/uploads/incoming/" in str(each.readlink())
    return found


def stored_files(server: Server) -> int:
    return len(list((server.home / "uploads" / "incoming").iterdir()))


def test_idle_bodies_keep_nobody_from_being_answered_and_leave_nothing(
    patient: Server, other: dict[str, str]
):
    kinds = Kinds(patient.url, patient.port, patient.headers)
    requests.get(f"{patient.url}/api/uploads/", headers=other, timeout=40)
    before_bytes = resident_bytes(patient)
    half_open: list[HalfOpen] = []
    try:
        for number in range(HALF_OPEN):
            half_open.append(kinds.all()[number % len(kinds.all())]())

        for number in range(OTHERS):
            content = b"row,%d\n" % number
            kept = requests.post(
                f"{patient.url}/api/upload", headers=other, files={"file": content}, timeout=40
            )
            seen = requests.get(f"{patient.url}/api/uploads/", headers=other, timeout=40)
            assert kept.json()["md5"] == hashlib.md5(content).hexdigest()
            assert seen.json()["results"][0]["file_id"] == kept.json()["file_id"]

        assert resident_bytes(patient) - before_bytes < 64 * MIB
        answers = [each.answer() for each in half_open]
        assert [answer.split(b" ")[1] for answer in answers] == [b"408"] * HALF_OPEN
        wait_until(lambda: open_uploads(patient) == 0)
    finally:
        for each in half_open:
            each.close()
    mine = requests.get(
        f"{patient.url}/api/uploads/?limit=1000", headers=patient.headers, timeout=40
    ).json()["results"]
    half = [each for each in mine if each["size"] == WHOLE_BYTES]
    kept = [each["received"] for each in half if each["received"]]
    assert kept == [BEGUN_BYTES] * (HALF_OPEN // 4)  # of tus, which keeps what came
    assert stored_files(patient) == len(half)  # and the one in chunks


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_who_trickles_is_told_so_and_ended(patient: Server):
    trickling = Kinds(patient.url, patient.port, patient.headers).tus()
    with pytest.raises(ConnectionError):
        for _ in range(PATIENCE_S * 10):
            trickling.send(b"x")
            time.sleep(0.1)
    trickling.close()


def test_thousands_of_tiny_patches_become_the_file_and_need_no_memory(patient: Server):
    seen = tiny_patches.sent(patient, patches=TINY)

    assert seen.end_bytes - seen.warm_bytes < 4 * MIB
    tiny_patches.wait_for_digest(patient, seen)
