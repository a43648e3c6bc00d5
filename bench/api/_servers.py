"""Servers to be measured: started as subprocesses on free ports, ended by their process id."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(__file__).resolve().parent / "peers"
REQUIREMENTS = ROOT / "bench" / "requirements-peers.txt"
POSTGRES_URL = os.environ.get(
    "SLUICE_TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres"
)
REDIS_URL = os.environ.get("SLUICE_BENCH_REDIS_URL", "redis://127.0.0.1:6379/11")
READY_S = 120.0
STOP_S = 10.0


def peers_python() -> Path:
    """The Python of the peers' own virtual environment, which is made the first time."""
    folder = Path(sys.prefix) / "peers"
    python = folder / "bin" / "python"
    locked = folder / "installed.txt"
    if not locked.exists() or locked.read_bytes() != REQUIREMENTS.read_bytes():
        print(f"installing the peers into {folder}, once ...", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes"]
        subprocess.run([*pip, "-r", str(REQUIREMENTS)], check=True, stderr=subprocess.DEVNULL)
        locked.write_bytes(REQUIREMENTS.read_bytes())
    return python


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int, path: str, status: int = 200) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def served(
    command: Sequence[str],
    *,
    port: int,
    path: str,
    cwd: Path = PEERS,
    environment: dict[str, str] | None = None,
) -> Iterator[int]:
    """Run a server for the length of a `with` block; its port, once `path` answers with 200."""
    with served_by(command, port=port, path=path, cwd=cwd, environment=environment):
        yield port


@contextmanager
def served_by(
    command: Sequence[str],
    *,
    port: int,
    path: str,
    status: int = 200,
    cwd: Path = PEERS,
    environment: dict[str, str] | None = None,
) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a server for the length of a `with` block; its process, once `path` answers so."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | (environment or {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + READY_S
        while not answers(port, path, status):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"did not start: {' '.join(command)}")
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def sluice_environment(home: Path, **more: str) -> dict[str, str]:
    """For a server of its own: whatever the caller's environment names is not touched."""
    own = {
        "SLUICE_HOME": str(home),
        "DATABASE_URL": "",
        "DATASETS_DATABASE_URL": "",
        "REDIS_URL": "",
        "CELERY_BROKER_URL": "memory://localhost",
        "RATE_LIMIT_ENABLED": "0",
        "LOG_LEVEL": "ERROR",
    }
    chosen = {**own, **more}
    if not chosen["DATABASE_URL"]:
        chosen["DATABASE_URL"] = f"sqlite:///{home / 'sluice.sqlite3'}"
    return chosen


def manage(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@contextmanager
def default_server(environment: dict[str, str]) -> Iterator[int]:
    """`manage.py serve`: web server and worker, as `make run` starts them."""
    port = free_port()
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    with served(command, port=port, path="/readyz", cwd=ROOT, environment=environment):
        yield port


@contextmanager
def own_database() -> Iterator[str]:
    name = f"sluice_bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(POSTGRES_URL, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield f"{POSTGRES_URL.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
