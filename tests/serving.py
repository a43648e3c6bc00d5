"""A real server of the tests' own: `manage.py serve` in a process, its own home and port."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from django.conf import settings

from tests.needs import POSTGRES_URL

READY_S = 90.0
STOP_S = 40.0
ROOT = settings.BASE_DIR
# Settings of a test run, which are not those of the servers that it starts.
OF_A_RUN = {
    *("DATABASE_URL", "DATASETS_DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"),
    "MONITORING_WRITE_S",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def on_postgres(statement: str) -> None:
    with psycopg.connect(POSTGRES_URL, autocommit=True) as connection:
        connection.execute(statement)


class PostgresDatabase:
    """A database with a random name, gone after the `with` block.

    is_migrated: whether it begins with our tables, as a copy of one made once for the run.
    """

    def __init__(self, *, is_migrated: bool = False) -> None:
        self.name = f"sluice_{uuid.uuid4().hex[:12]}"
        self.url = url_of_database(self.name)
        self._is_migrated = is_migrated and "SLUICE_TESTS_FOLDER" in os.environ

    def __enter__(self) -> Self:
        template = migrated_template() if self._is_migrated else "template1"
        on_postgres(f'CREATE DATABASE "{self.name}" TEMPLATE "{template}"')
        return self

    def __exit__(self, *_error: object) -> None:
        on_postgres(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


def url_of_database(name: str) -> str:
    return f"{POSTGRES_URL.rpartition('/')[0]}/{name}"


def migrated_template() -> str:
    """The database that others are copies of; its name.  Making it takes some seconds."""
    folder = Path(os.environ["SLUICE_TESTS_FOLDER"])
    name = f"sluice_{folder.name}"
    with psycopg.connect(POSTGRES_URL, autocommit=True) as connection:
        # One worker of the run makes it; the lock ends with the connection.
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        if not (folder / "template").exists():
            connection.execute(f'CREATE DATABASE "{name}"')
            server = Server(folder / "template", {"DATABASE_URL": url_of_database(name)})
            server.manage("migrate", "--verbosity", "0")
    return name


def drop_template() -> None:
    """At the end of the run, by the first of its processes."""
    folder = Path(os.environ["SLUICE_TESTS_FOLDER"])
    if (folder / "template").exists():
        on_postgres(f'DROP DATABASE IF EXISTS "sluice_{folder.name}" WITH (FORCE)')


class PreparedHome:
    """A SLUICE_HOME with its tables and an API key, made once for a run of the tests and copied.

    Making one takes some seconds, and nearly every server of the tests begins with a new one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = folder / "key"

    def copy_to(self, home: Path) -> str:
        """Fill the empty folder `home`; return a key with every scope, of a staff user `tester`."""
        if not self._key.exists():
            self._make()
        shutil.copytree(self._folder / "home", home, dirs_exist_ok=True)
        return self._key.read_text()

    def _make(self) -> None:
        """Two workers of the run may do so at once: the first one's stays."""
        made = Path(tempfile.mkdtemp(dir=self._folder.parent))
        server = Server(made / "home")
        server.manage("migrate", "--verbosity", "0")
        server.login_link()  # there is an administrator then
        (made / "key").write_text(server.key)
        with suppress(OSError):
            made.rename(self._folder)


prepared_home = PreparedHome(Path(os.environ.get("SLUICE_TESTS_FOLDER", ".")) / "prepared")


class Server:
    """`manage.py serve`, started, stopped and killed by a test.

    home: its SLUICE_HOME.  environment: added to this process's; settings of the test run itself
    (database, broker) are not passed on.  is_prepared: whether a new home begins as a copy of one
    that all of them share, secrets included.
    """

    def __init__(
        self, home: Path, environment: dict[str, str] | None = None, *, is_prepared: bool = True
    ) -> None:
        self.home = home
        self._is_prepared = is_prepared
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if name not in OF_A_RUN}
        self.environment = inherited | {"SLUICE_HOME": str(home)} | (environment or {})
        self.process: subprocess.Popen[str] | None = None
        self.output: list[str] = []
        self._is_greeting_read = threading.Event()
        self._reading: threading.Thread | None = None
        self._key = ""

    def prepare(self) -> Self:
        """A new home is given its tables and a key, where it may begin as a copy."""
        is_new = not self.home.exists() or not any(self.home.iterdir())
        may_be_prepared = self._is_prepared and "SLUICE_TESTS_FOLDER" in os.environ
        if is_new and may_be_prepared and "DATABASE_URL" not in self.environment:
            self._key = prepared_home.copy_to(self.home)
        return self

    def start(self) -> Self:
        self.prepare()
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
        self._reading = threading.Thread(
            target=self._read_output, args=(self.process,), daemon=True
        )
        self._reading.start()
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
        """SIGTERM; return the seconds that it took to end, as the server says."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=STOP_S)
        return self.stopped_within_s()

    def stopped_within_s(self) -> float:
        """How long it took after it was asked to, by its last words.  The machine may be so busy
        that the test itself has to wait longer than that."""
        assert self._reading
        self._reading.join(STOP_S)
        found = re.findall(r"Stopped, ([\d.]+) s after", "".join(self.output))
        assert found, self.output
        return float(found[-1])

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
