"""Files sent to a real server: from the terminal, over bad lines, and with processes killed."""

import fcntl
import hashlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from vega_datasets import local_data

from tests.serving import ROOT, PostgresDatabase, Server, children_of

MIB = 2**20
CHUNK_BYTES = 4 * MIB  # more than the server writes at once
CONTENT = random.Random(5).randbytes(3 * CHUNK_BYTES + 1000)
GROWTH_BYTES = 64 * MIB
pytestmark = pytest.mark.xdist_group("a file arrives")  # they share servers
on_linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")


class Api:
    """The upload API of a server, as a script uses it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.headers.update(server.headers)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, f"{self.server.url}{path}", timeout=30, **options)

    def begin(self, size: int = len(CONTENT), chunk_size: int = CHUNK_BYTES) -> str:
        announced = {"filename": "cars.csv", "size": size, "chunk_size": chunk_size}
        return str(self.call("POST", "/api/uploads/", json=announced).json()["file_id"])

    def put(self, file_id: str, index: int, content: bytes) -> requests.Response:
        return self.call("PUT", f"/api/uploads/{file_id}/chunks/{index}", data=content)

    def put_all(self, file_id: str, indexes: list[int]) -> None:
        for index in indexes:
            assert self.put(file_id, index, chunk(index)).status_code == 200

    def facts(self, file_id: str) -> dict[str, Any]:
        return dict(self.call("GET", f"/api/uploads/{file_id}/").json())

    def complete(self, file_id: str) -> None:
        facts = {"md5": hashlib.md5(CONTENT).hexdigest()}
        answer = self.call("POST", f"/api/uploads/{file_id}/complete/", json=facts)
        assert answer.status_code == 202, answer.text

    def finished_content(self, file_id: str) -> bytes:
        wait_until(lambda: self.facts(file_id)["state"] in ("finished", "failed"))
        return self.call("GET", f"/api/uploads/{file_id}/content/").content


def chunk(index: int) -> bytes:
    return CONTENT[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]


def wait_until(is_so: Callable[[], object], *, at_most_s: float = 20.0) -> None:
    deadline = time.monotonic() + at_most_s
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def child_running(server: Server, command: str) -> list[int]:
    """The process that runs `manage.py <command>` and its descendants."""
    assert server.process
    for pid in children_of(server.process.pid):
        if command.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            return [pid, *children_of(pid)]
    return []


def half_sent(server: Server, file_id: str, index: int) -> socket.socket:
    """A connection over which half of a chunk was sent, once the server has written of it."""
    line = socket.create_connection(("127.0.0.1", server.port))
    head = (
        f"PUT /api/uploads/{file_id}/chunks/{index} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {server.key}\r\nContent-Length: {CHUNK_BYTES}\r\n\r\n"
    )
    line.sendall(head.encode() + chunk(index)[: CHUNK_BYTES // 2])
    return line


@pytest.fixture
def api(server: Server) -> Api:
    return Api(server)


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def own_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server that a test may kill, as long as it starts it again."""
    home = tmp_path_factory.mktemp("killed") / "home"
    environment = {"JOB_LEASE_S": "2", "JOB_RETRY_DELAY_S": "0.1"}
    if request.param == "sqlite":
        with Server(home, environment) as running:
            yield running
        return
    with (
        PostgresDatabase(is_migrated=True) as database,
        Server(home, environment | {"DATABASE_URL": database.url}) as running,
    ):
        yield running


# --- killed -------------------------------------------------------------------------------------


@on_linux
def test_a_server_killed_in_the_middle_of_a_chunk_keeps_what_it_acknowledged(own_server: Server):
    api = Api(own_server)
    file_id = api.begin()
    api.put_all(file_id, [0, 2])
    line = half_sent(own_server, file_id, 1)
    incoming = own_server.home / "uploads" / "incoming" / file_id
    wait_until(lambda: chunk(1)[:MIB] in incoming.read_bytes())
    own_server.kill()
    line.close()

    own_server.start()

    api = Api(own_server)
    assert api.facts(file_id)["received_chunks"] == [[0, 0], [2, 2]]
    api.put_all(file_id, [1, 3])
    api.complete(file_id)
    assert api.finished_content(file_id) == CONTENT


@on_linux
def test_a_worker_killed_in_the_middle_of_the_merge_is_followed_by_another(own_server: Server):
    api = Api(own_server)
    file_id = api.begin()
    api.put_all(file_id, [0, 1, 2, 3, 1])
    sealed = own_server.home / "uploads" / "sealed" / file_id
    with (own_server.home / "uploads" / "incoming" / file_id).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)  # as a request does that still writes: the merge waits
        api.complete(file_id)
        wait_until(sealed.exists)
        for pid in child_running(own_server, "worker"):
            os.kill(pid, signal.SIGKILL)

    assert api.finished_content(file_id) == CONTENT
    assert api.facts(file_id)["state"] == "finished"
    uploads = own_server.home / "uploads"
    left = [path for path in uploads.rglob("*") if path.is_file() and file_id in path.name]
    assert left == [uploads / "finished" / file_id]


# --- bad lines ----------------------------------------------------------------------------------


def test_a_line_that_breaks_in_a_chunk_leaves_room_for_the_next_try(server: Server, api: Api):
    file_id = api.begin()
    for _ in range(3):
        half_sent(server, file_id, 0).close()

    api.put_all(file_id, [0, 1, 2, 3])

    api.complete(file_id)
    assert api.finished_content(file_id) == CONTENT


def test_a_hanging_line_does_not_stand_in_the_way(server: Server, api: Api):
    file_id = api.begin()
    hanging = half_sent(server, file_id, 0)

    api.put_all(file_id, [0, 1, 2, 3])
    api.complete(file_id)

    assert api.finished_content(file_id) == CONTENT
    hanging.close()


def test_after_a_refusal_the_same_connection_goes_on(server: Server, api: Api):
    file_id = api.begin()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)

    def put(index: int, content: bytes) -> int:
        path = f"/api/uploads/{file_id}/chunks/{index}"
        connection.request("PUT", path, body=content, headers=server.headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    assert put(0, CONTENT) == 422
    assert put(0, chunk(0)) == 200
    assert put(9, chunk(0)) == 422
    assert put(1, chunk(1)) == 200
    connection.close()


def test_who_may_not_send_is_told_before_sending(server: Server):
    line = socket.create_connection(("127.0.0.1", server.port))
    line.sendall(
        b"POST /api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\nExpect: 100-continue\r\n\r\n"
    )

    assert line.recv(1000).startswith(b"HTTP/1.1 401")
    line.close()


def test_a_body_without_a_length_is_taken(server: Server, api: Api):
    file_id = api.begin()

    answer = api.put(file_id, 0, iter([chunk(0)[:1000], chunk(0)[1000:]]))  # type: ignore[arg-type]

    assert answer.status_code == 200
    assert answer.json()["md5"] == hashlib.md5(chunk(0)).hexdigest()


# --- large --------------------------------------------------------------------------------------


def memory_of(pid: int) -> int:
    (line,) = [
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    ]
    return int(line.split()[1]) * 1024


@on_linux
def test_the_memory_of_the_server_stays_flat_while_large_files_arrive(server: Server, api: Api):
    size, block = 200 * MIB, os.urandom(MIB)
    head = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="big"\r\n\r\n',
        b"\r\n--x--\r\n",
    )
    web = child_running(server, "web")[0]
    api.call("POST", "/api/upload", files={"file": ("small", b"x")})
    before_bytes = memory_of(web)

    def body() -> Iterator[bytes]:
        yield head[0]
        yield from (block for _ in range(size // MIB))
        yield head[1]

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = server.headers | {
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": str(size + sum(map(len, head))),
    }
    connection.request("POST", "/api/upload", body=body(), headers=headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()

    assert answer["size"] == size
    assert memory_of(web) - before_bytes < GROWTH_BYTES
    api.call("DELETE", f"/api/uploads/{answer['file_id']}/")


# --- from the terminal --------------------------------------------------------------------------


@pytest.fixture
def upload_command(server: Server, tmp_path: Path) -> Callable[..., "subprocess.Popen[str]"]:
    def start(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "manage.py", "upload", "--to", server.url, "--key", server.key]
        return subprocess.Popen(
            [*command, *arguments],
            cwd=ROOT,
            env=server.environment | {"XDG_CACHE_HOME": str(tmp_path / "cache")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def test_a_real_file_is_sent_from_the_terminal(api: Api, upload_command):
    path = Path(local_data.airports.filepath)

    said, complained = upload_command(str(path), "--chunk-size", "65536").communicate(timeout=30)

    file_id = said.strip()
    assert complained == ""
    assert api.facts(file_id)["filename"] == path.name
    assert api.finished_content(file_id) == path.read_bytes()


def test_a_file_whose_sending_is_stopped_goes_on_when_it_is_sent_again(
    api: Api, upload_command, tmp_path: Path
):
    path = tmp_path / f"{time.time_ns()}.bin"
    path.write_bytes(random.Random(6).randbytes(12 * MIB))
    arguments = (str(path), "--chunk-size", "65536", "--parallel", "1")

    def begun() -> dict[str, Any] | None:
        listed = api.call("GET", "/api/uploads/").json()["results"]
        return next((each for each in listed if each["filename"] == path.name), None)

    first = upload_command(*arguments)
    wait_until(lambda: (begun() or {"received": 0})["received"])
    first.send_signal(signal.SIGINT)
    said, complained = first.communicate(timeout=20)
    stopped = begun()

    assert stopped
    assert (said, first.returncode) == ("", 130)
    assert "goes on from there" in complained
    assert 0 < stopped["received"] < path.stat().st_size
    second = upload_command(*arguments, "--parallel", "4")
    file_id = second.communicate(timeout=60)[0].strip()
    assert file_id == stopped["file_id"]
    assert api.finished_content(file_id) == path.read_bytes()
