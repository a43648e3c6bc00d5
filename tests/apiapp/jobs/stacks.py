"""Databases and brokers of the tests' own, and the processes that use them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, Self

from tests.needs import REQUIRED, listens
from tests.serving import ROOT, children_of, free_port, prepared_home

LEASE_S = 1.5
PATIENCE_S = 30.0
RABBITMQ_SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"


def wait_until(is_so: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Poll other processes until `is_so`; return its answer."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if answer := is_so():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"not within {patience_s} s: {what}")


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Broker(Protocol):
    """A broker server that a test may kill; it keeps its port."""

    url: str

    def start(self) -> None: ...

    def kill(self) -> None: ...


class Program:
    """A server program in a process group of its own, of which nothing is left after `kill`."""

    def __init__(self, command: list[str], environment: dict[str, str], url: str) -> None:
        self._command = command
        self._environment = os.environ | environment
        self._process: subprocess.Popen[bytes] | None = None
        self.url = url

    def start(self) -> None:
        """Wait until it listens; nothing happens if it runs."""
        if self._process:
            return
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(lambda: listens(self.url), f"{self._command[0]} listens", patience_s=60)

    def kill(self) -> None:
        if self._process:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


def redis_server(folder: Path) -> Program:
    """One that keeps nothing on disk: all messages are lost when it is killed."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    return Program(
        [*command, "--save", "", "--appendonly", "no"], {}, f"redis://127.0.0.1:{port}/0"
    )


def rabbitmq_server(folder: Path) -> Program:
    """A node of its own, with its own port mapper, so that none of it is left or shared."""
    port, epmd = free_port(), free_port()
    (folder / "plugins").write_text("[].")
    environment = {
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"sluice{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
    }
    script = f"epmd -address 127.0.0.1 -port {epmd} & exec {RABBITMQ_SERVER}"
    url = f"amqp://guest:guest@127.0.0.1:{port}//"
    return Program(["/bin/sh", "-c", script], environment, url)


def program_is_missing(marker: str, program: str) -> str:
    """Why a test is to be skipped, or nothing; an error if SLUICE_REQUIRE demands it."""
    if shutil.which(program):
        return ""
    assert marker not in REQUIRED, f"SLUICE_REQUIRE names {marker}, but {program} is not installed"
    return f"the program {program} is not installed"


class WebProcess:
    """A process that enqueues: see web_process.py.  Its functions are called as methods."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    def __getattr__(self, function: str) -> Callable[..., Any]:
        return lambda **arguments: json.loads(self._ask(function, arguments) or "null")

    def _ask(self, function: str, arguments: dict[str, Any]) -> str:
        process = self._running()
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps([function, arguments]) + "\n")
        process.stdin.flush()
        return process.stdout.readline()

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.apiapp.jobs.web_process"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._process

    def died(self) -> int:
        """Wait for its end; return its exit code.  The next call is to a new process."""
        assert self._process
        code = self._process.wait(PATIENCE_S)
        self.close()
        return code

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None


class WorkerProcess:
    """`celery -A myproject worker` with two pool children."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._log = log.open("ab")
        self.name = ""
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "-A", "myproject", "worker"),
                *("-I", "tests.worker_tasks", "--concurrency=2", "--loglevel=WARNING"),
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            ],
            cwd=ROOT,
            env=environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def children(self) -> list[int]:
        return children_of(self.process.pid)

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def terminate(self) -> float:
        """SIGTERM; return how long it took to end, in seconds."""
        started = time.monotonic()
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        return time.monotonic() - started

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._log.close()


class Stack:
    """One broker and one database, of `home` or with our tables already; a web process and workers
    when asked for.
    """

    def __init__(self, home: Path, database_url: str, broker: Broker | None) -> None:
        own = {"DATABASE_URL", "DATASETS_DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"}
        inherited = {name: value for name, value in os.environ.items() if name not in own}
        self.home = home
        self.broker = broker
        self.environment = inherited | {
            "SLUICE_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": "myproject.settings",
            "JOB_LEASE_S": str(LEASE_S),
            "JOB_RETRY_DELAY_S": "0.1",
            **({"DATABASE_URL": database_url} if database_url else {}),
            **({"CELERY_BROKER_URL": broker.url} if broker else {}),
        }
        self.web: Any = WebProcess(self.environment)
        self.workers: list[WorkerProcess] = []

    def __enter__(self) -> Self:
        prepared_home.copy_to(self.home)
        if self.broker:
            self.broker.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop_workers()
        self.web.close()
        if self.broker:
            self.broker.kill()

    @property
    def log(self) -> Path:
        return self.home / "worker.log"

    def tidy(self) -> None:
        """No jobs (a run of one that is gone stops by itself), one worker, the broker running."""
        if self.broker:
            self.broker.start()
        while len(self.workers) > 1:
            self.workers.pop().close()
        self.web.forget_all()

    def worker(self) -> WorkerProcess:
        """The worker that runs, or a new one."""
        if self.workers and self.workers[0].process.poll() is None:
            return self.workers[0]
        self.stop_workers()
        return self.start_worker()

    def start_worker(self) -> WorkerProcess:
        worker = WorkerProcess(self.environment, self.log)
        self.workers.append(worker)
        suffix = f"/{worker.process.pid}"
        worker.name = wait_until(
            lambda: next((name for name in self.web.workers() if name.endswith(suffix)), ""),
            "the worker signs on",
        )
        return worker

    def stop_workers(self) -> None:
        while self.workers:
            self.workers.pop().close()

    def wait_for_states(self, ids: list[int], state: str) -> None:
        def states() -> list[str]:
            jobs = self.web.jobs()
            return [jobs[str(each)]["state"] for each in ids]

        try:
            wait_until(lambda: set(states()) == {state}, state)
        except AssertionError as error:
            log = self.log.read_text()[-4000:]
            raise AssertionError(f"{error}\n{self.web.jobs()}\n{log}") from error

    def wait_until_running(self, count: int) -> None:
        def running() -> bool:
            states = [job["state"] for job in self.web.jobs().values()]
            return states.count("running") == count

        wait_until(running, f"{count} jobs run")

    def assert_each_done_once(self, ids: list[int]) -> None:
        self.wait_for_states(ids, "succeeded")
        assert sorted(map(int, self.web.effects())) == sorted(ids)
