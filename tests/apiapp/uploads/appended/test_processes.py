"""Several server processes on one database: the newest request writes, wherever it comes in."""

import hashlib
import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.lives import Lives
from tests.serving import PostgresDatabase, prepared_home

CONTENT = random.Random(7).randbytes(3 * 2**20)
HALF = len(CONTENT) // 2
VERSION = {"Tus-Resumable": "1.0.0"}
BODY = {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def pair(request, tmp_path_factory) -> Iterator[tuple[Lives, Lives, dict[str, str]]]:
    """Two processes of one server, and the headers of a caller."""
    home = tmp_path_factory.mktemp("pair")
    if request.param == "sqlite":
        key = prepared_home.copy_to(home)
        with Lives(home) as one, Lives(home) as two:
            yield one, two, {"Authorization": f"Bearer {key}", **VERSION}
        return
    with PostgresDatabase(is_migrated=True) as database:
        environment = {"DATABASE_URL": database.url}
        one, two = Lives(home, environment), Lives(home, environment)
        key = one.manage("create_api_key", "--user", "tester", "--create-user").strip()
        with one, two:
            yield one, two, {"Authorization": f"Bearer {key}", **VERSION}


def begun(lives: Lives, headers: dict[str, str], **more: str) -> str:
    told = {**headers, "Upload-Length": str(len(CONTENT)), **more}
    got = requests.post(f"{lives.url}/api/tus/", headers=told, timeout=20)
    assert got.status_code == 201, got.text
    return "/" + got.headers["Location"].split("/", 3)[3]


def hung(lives: Lives, path: str, headers: dict[str, str], content: bytes) -> socket.socket:
    """A PATCH of the whole file of which `content` has been sent, and no more comes."""
    connection = socket.create_connection(("127.0.0.1", lives.port), timeout=30)
    told = {**headers, **BODY, "Upload-Offset": "0", "Content-Length": str(len(CONTENT))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    connection.sendall(f"PATCH {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode())
    connection.sendall(content)
    return connection


def offset_of(lives: Lives, path: str, headers: dict[str, str]) -> int:
    got = requests.head(f"{lives.url}{path}", headers=headers, timeout=20)
    assert got.status_code == 200
    return int(got.headers["Upload-Offset"])


def finish(lives: Lives, path: str, headers: dict[str, str]) -> None:
    """Send the rest as a client does that asks first."""
    for _ in range(3):
        offset = offset_of(lives, path, headers)
        got = requests.patch(
            f"{lives.url}{path}",
            headers={**headers, **BODY, "Upload-Offset": str(offset)},
            data=CONTENT[offset:],
            timeout=40,
        )
        if got.status_code == 204:
            return
    raise AssertionError(got.text)


def content_of(lives: Lives, path: str) -> str:
    file_id = path.rstrip("/").rpartition("/")[2]
    folder = Path(lives.environment["SLUICE_HOME"]) / "uploads" / "incoming"
    return hashlib.md5((folder / file_id).read_bytes()).hexdigest()


def wait_for(lives: Lives, path: str, connection: socket.socket) -> None:
    """Until the server has read what was sent to it: it is at work on the request."""
    file_id = path.rstrip("/").rpartition("/")[2]
    home = Path(lives.environment["SLUICE_HOME"])
    file = home / "uploads" / "incoming" / file_id
    for _ in range(400):
        if file.stat().st_size >= 2**20:
            return
        time.sleep(0.05)
    raise AssertionError("nothing arrives")


def test_a_hung_writer_in_another_process_is_taken_over_and_its_bytes_are_kept(pair):
    one, two, headers = pair
    path = begun(one, headers)
    older = hung(one, path, headers, CONTENT[:HALF])
    wait_for(one, path, older)

    offset = offset_of(two, path, headers)
    finish(two, path, headers)

    assert HALF - 2**16 <= offset <= HALF
    assert b"409" in older.recv(1000).partition(b"\r\n")[0]
    older.close()
    assert content_of(two, path) == hashlib.md5(CONTENT).hexdigest()


@pytest.mark.parametrize("concat", ["", "partial"])
def test_a_stopped_writer_that_wakes_up_writes_into_nothing(pair, concat):
    one, two, headers = pair
    path = begun(one, headers, **({"Upload-Concat": concat} if concat else {}))
    started = requests.patch(
        f"{one.url}{path}",
        headers={**headers, **BODY, "Upload-Offset": "0"},
        data=CONTENT[:1000],
        timeout=20,
    )
    assert started.status_code == 204
    sleeper = socket.create_connection(("127.0.0.1", one.port), timeout=30)
    told = {**headers, **BODY, "Upload-Offset": "1000", "Content-Length": str(len(CONTENT) - 1000)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    sleeper.sendall(f"PATCH {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode())
    sleeper.sendall(b"?" * 2**20)
    requests.options(f"{one.url}/api/tus/", timeout=20)
    time.sleep(0.3)
    os.kill(one.pid, signal.SIGSTOP)
    try:
        finish(two, path, headers)
        sleeper.sendall(b"!" * 2**16)
    finally:
        os.kill(one.pid, signal.SIGCONT)
    sleeper.settimeout(20)
    assert sleeper.recv(1000).partition(b"\r\n")[0].split()[1] in (b"409", b"410")
    sleeper.close()

    assert content_of(two, path) == hashlib.md5(CONTENT).hexdigest()
