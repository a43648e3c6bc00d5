"""`manage.py serve` as a newcomer and as an operator meet it: real processes, real signals."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from apiapp.management.commands.serve import addresses_of, listen, url
from tests.serving import ROOT, Server, children_of

STOPS_WITHIN_S = 5.0
on_linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")


@pytest.fixture
def own_server(home: Path) -> Iterator[Server]:
    """A server that a test may kill."""
    with Server(home, {"JOB_LEASE_S": "2"}) as running:
        yield running


def wait_until(is_so: Callable[[], bool], *, at_most_s: float = 20.0) -> None:
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
    assert own_server.process
    started = children_of(own_server.process.pid)
    assert len(started) >= 4  # web, worker, its pool

    asked_at = time.monotonic()
    own_server.process.send_signal(how)
    own_server.process.wait(timeout=20)

    assert time.monotonic() - asked_at < STOPS_WITHIN_S
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
    own_server: Server, command: str
):
    died = pid_of(own_server, command)
    assert died
    below = children_of(died)

    os.kill(died, signal.SIGKILL)

    wait_until(lambda: not any(is_running(pid) for pid in below))
    wait_until(lambda: any("starting it again" in line for line in own_server.output))
    wait_until(lambda: pid_of(own_server, command) not in (None, died))
    wait_until(lambda: own_server.status_of("/readyz") == 200)


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


def test_two_servers_with_two_homes_never_meet(server: Server, own_server: Server):
    mine = requests.get(f"{own_server.url}/api/jobs/", headers=own_server.headers)
    theirs = requests.get(f"{own_server.url}/api/jobs/", headers=server.headers)
    browser = requests.Session()  # cookies know no ports: both sessions must fit into it
    browser.get(server.login_link())
    browser.get(own_server.login_link())

    assert mine.status_code == 200
    assert theirs.status_code == 401
    for one in (server, own_server):
        assert browser.get(f"{one.url}/admin/", allow_redirects=False).status_code == 200


def test_every_address_is_listened_on_only_when_asked(home: Path):
    with Server(home, {"LAN": "1"}) as on_the_network:
        assert "on the network http://" in on_the_network.greeting()
    assert addresses_of("127.0.0.1") == ["localhost"]


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_port_that_cannot_be_is_an_error_in_words(port: int):
    with pytest.raises(Exception, match="Cannot listen on"):
        listen("127.0.0.1", port)


def test_an_ipv6_address_is_bracketed():
    assert url("::1", 8000) == "http://[::1]:8000/"


def test_readiness_names_what_is_missing(home: Path, own_server: Server):
    stopped = pid_of(own_server, "worker")
    assert stopped
    os.kill(stopped, signal.SIGSTOP)
    try:
        wait_until(lambda: own_server.status_of("/readyz") == 503, at_most_s=15)
        answer = requests.get(f"{own_server.url}/readyz").json()
    finally:
        os.kill(stopped, signal.SIGCONT)

    assert "worker" in answer["missing"]
    assert own_server.status_of("/healthz") == 200
