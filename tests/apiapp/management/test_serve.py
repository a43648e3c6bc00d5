"""`manage.py serve` as a newcomer and as an operator meet it: real processes, real signals."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from apiapp.management.addresses import addresses_of, url
from apiapp.management.commands.serve import child_environment, listen
from tests.serving import ROOT, Server, children_of

STOPS_WITHIN_S = 5.0
on_linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")


@pytest.fixture
def own_server(home: Path) -> Iterator[Server]:
    """A server that a test may kill."""
    with Server(home, {"JOB_LEASE_S": "2"}) as running:
        yield running


@pytest.fixture(scope="module")
def hurt_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One whose web server and worker tests stop and kill; it is well again after each."""
    with Server(tmp_path_factory.mktemp("hurt") / "home") as running:
        yield running


def wait_until(is_so: Callable[[], bool], *, at_most_s: float = 40.0) -> None:
    deadline = time.monotonic() + at_most_s
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """True for a process that is neither gone nor a zombie."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def pid_of(server: Server, command: str) -> int | None:
    """The child of the supervisor that runs `manage.py <command>`, if it runs."""
    assert server.process
    for pid in children_of(server.process.pid):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        parent = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1]
        if command.encode() in words and int(parent) == server.process.pid:
            return pid
    return None


def test_the_greeting_has_the_address_and_a_link_that_signs_in_its_first_visitor(
    server: Server,
):
    link = server.greeted_link()
    first, second = requests.Session(), requests.Session()

    assert server.url in server.greeting()
    assert first.get(link).status_code == 200
    assert first.get(f"{server.url}/admin/", allow_redirects=False).status_code == 200
    assert second.get(link).status_code == 410


def test_secrets_are_made_once_and_are_nobody_elses_to_read(server: Server):
    secret = server.home / "secrets" / "secret_key"
    before = secret.read_text()

    server.manage("check")

    assert secret.read_text() == before
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(secret.parent.stat().st_mode) == 0o700


@on_linux
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_in_time_and_leaves_no_orphan(
    own_server: Server, how: signal.Signals
):
    process = own_server.process
    assert process
    wait_until(lambda: len(children_of(process.pid)) >= 4)  # web, worker, its pool
    started = children_of(process.pid)

    process.send_signal(how)
    process.wait(timeout=60)

    assert process.returncode == 0
    assert own_server.stopped_within_s() < STOPS_WITHIN_S
    assert [pid for pid in started if is_running(pid)] == []


@on_linux
def test_killing_the_supervisor_leaves_no_orphan_either(own_server: Server):
    assert own_server.process
    started = children_of(own_server.process.pid)

    own_server.kill()

    wait_until(lambda: not any(is_running(pid) for pid in started))


@on_linux
@pytest.mark.parametrize("command", ["worker", "web"])
def test_a_child_that_dies_is_started_again_and_its_own_children_end(
    hurt_server: Server, command: str
):
    died = pid_of(hurt_server, command)
    assert died
    below = children_of(died)
    told = "web server ended" if command == "web" else "worker ended"

    os.kill(died, signal.SIGKILL)

    wait_until(lambda: not any(is_running(pid) for pid in below))
    wait_until(lambda: any(told in line for line in hurt_server.output))
    wait_until(lambda: pid_of(hurt_server, command) not in (None, died))
    wait_until(lambda: hurt_server.status_of("/readyz") == 200)


def test_a_taken_port_is_said_with_what_to_do(server: Server, tmp_path: Path):
    second = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", str(server.port)],
        cwd=ROOT,
        env=os.environ | {"SLUICE_HOME": str(tmp_path / "second")},
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert second.returncode == 1
    assert f"port {server.port}" in second.stderr
    assert f"make run PORT={server.port + 1}" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.fixture
def new_server(home: Path) -> Iterator[Server]:
    """A server on a home of which nobody has made anything before."""
    with Server(home, is_prepared=False) as running:
        yield running


def test_two_servers_with_two_homes_never_meet(server: Server, new_server: Server):
    mine = requests.get(f"{new_server.url}/api/jobs/", headers=new_server.headers)
    theirs = requests.get(f"{new_server.url}/api/jobs/", headers=server.headers)
    browser = requests.Session()  # cookies know no ports: both sessions must fit into it
    browser.get(server.login_link())
    browser.get(new_server.login_link())

    assert mine.status_code == 200
    assert theirs.status_code == 401
    for one in (server, new_server):
        assert browser.get(f"{one.url}/admin/", allow_redirects=False).status_code == 200


def test_every_address_is_listened_on_only_when_asked(home: Path):
    with Server(home, {"LAN": "1"}) as on_the_network:
        assert "on the network http://" in on_the_network.greeting()
    assert addresses_of("127.0.0.1") == ["localhost"]


@on_linux
@pytest.mark.parametrize(("chosen", "passed_on"), [({}, "2"), ({"MALLOC_ARENA_MAX": "8"}, "8")])
def test_memory_is_kept_in_few_heaps_unless_somebody_has_chosen_otherwise(
    settings: Any, chosen: dict[str, str], passed_on: str
):
    settings.ENVIRONMENT = chosen

    environment = child_environment(port=8000, addresses=["localhost"])

    assert environment["MALLOC_ARENA_MAX"] == passed_on


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_port_that_cannot_be_is_an_error_in_words(port: int):
    with pytest.raises(Exception, match="Cannot listen on"):
        listen("127.0.0.1", port)


def test_an_ipv6_address_is_bracketed():
    assert url("::1", 8000) == "http://[::1]:8000/"


def test_readiness_names_what_is_missing(hurt_server: Server):
    stopped = pid_of(hurt_server, "worker")
    assert stopped
    os.kill(stopped, signal.SIGSTOP)
    try:
        wait_until(lambda: hurt_server.status_of("/readyz") == 503, at_most_s=60)
        answer = requests.get(f"{hurt_server.url}/readyz").json()
    finally:
        os.kill(stopped, signal.SIGCONT)

    assert "worker" in answer["missing"]
    assert hurt_server.status_of("/healthz") == 200
