"""A real server of the tests' own: `manage.py serve` in a process, its own home and port."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from django.conf import settings

from tests.needs import POSTGRES_URL

READY_S = 40.0
ROOT = settings.BASE_DIR


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgresDatabase:
    """A database with a random name, gone after the `with` block."""

    def __init__(self) -> None:
        self.name = f"sluice_{uuid.uuid4().hex[:12]}"
        self.url = f"{POSTGRES_URL.rpartition('/')[0]}/{self.name}"

    def __enter__(self) -> Self:
        with psycopg.connect(POSTGRES_URL, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{self.name}"')
        return self

    def __exit__(self, *_error: object) -> None:
        with psycopg.connect(POSTGRES_URL, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


class Server:
    """`manage.py serve`, started, stopped and killed by a test.

    home: its SLUICE_HOME.  environment: added to this process's; settings of the test run itself
    (database, broker) are not passed on.
    """

    def __init__(self, home: Path, environment: dict[str, str] | None = None) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        own = {"DATABASE_URL", "DATASETS_DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"}
        inherited = {name: value for name, value in os.environ.items() if name not in own}
        self.environment = inherited | {"SLUICE_HOME": str(home)} | (environment or {})
        self.process: subprocess.Popen[str] | None = None
        self.output: list[str] = []
        self._is_greeting_read = threading.Event()
        self._key = ""

    def start(self) -> Self:
        self._is_greeting_read.clear()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(self.port)],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read_output, args=(self.process,), daemon=True).start()
        self.wait_until_ready()
        return self

    def _read_output(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout
        with process.stdout:
            for line in process.stdout:
                self.output.append(line)
                if "Ctrl-C" in line:
                    self._is_greeting_read.set()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            if self.status_of("/readyz") == 200:
                return
            assert self.process and self.process.poll() is None, "".join(self.output)
            time.sleep(0.05)
        raise AssertionError(f"not ready after {READY_S} s:\n{''.join(self.output)}")

    def status_of(self, path: str) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def manage(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run another `manage.py` command on this server's home."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=check,
        )

    @property
    def key(self) -> str:
        """An API key with every scope, of a staff user `tester`."""
        if not self._key:
            made = self.manage("create_api_key", "--user", "tester", "--create-user", "--staff")
            self._key = made.stdout.strip()
        return self._key

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def login_link(self) -> str:
        """A fresh link that signs its first visitor in as the admin."""
        return self.manage("login_link", "--port", str(self.port)).stdout.strip()

    def greeting(self) -> str:
        assert self._is_greeting_read.wait(READY_S), "".join(self.output)
        return "".join(self.output)

    def greeted_link(self) -> str:
        found = re.search(r"http://\S+/login/\S+", self.greeting())
        assert found, self.output
        return found.group()

    def stop(self) -> float:
        """SIGTERM; return the seconds it took to end."""
        assert self.process
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)
        return time.monotonic() - started

    def kill(self) -> None:
        """SIGKILL to the supervisor; the kernel then ends web server and worker with it."""
        assert self.process
        self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.status_of("/healthz") is not None:
            time.sleep(0.02)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process and self.process.poll() is None:
            self.stop()


def children_of(pid: int) -> list[int]:
    """Process ids of all descendants, by /proc."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *children_of(int(child))]
    return found
