"""Short requests on the default server while others ask much of it.

    python -m bench.api.fairness [--rounds 2] [--seconds 5]

GET /api/data, 100 a second over one connection: on the idle server, and while 3 clients ask for
/openapi.json again and again (the slowest GET there is: a third of a second of computing), while
`manage.py upload` sends 300 MB, and while 100 sockets follow jobs and 100 clients read /stream.
Idle and busy take turns; p50 and p99 of all rounds are printed.
"""

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from bench.api._servers import ROOT, default_server, manage, sluice_environment

PATH = "/api/data"
SLOW_PATH = "/openapi.json"
SLOW_CLIENTS = 3
VIEWERS = 100
FILE_BYTES = 300 * 10**6
EVERY_S = 0.01
IDLE = "idle"


def times_ms(port: int, seconds: float) -> list[float]:
    """How long each request took, counted from when it was due."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    taken, due = [], time.perf_counter()
    end = due + seconds
    while due < end:
        time.sleep(max(0.0, due - time.perf_counter()))
        connection.request("GET", PATH)
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise SystemExit(f"{PATH}: {response.status}")
        now = time.perf_counter()
        taken.append((now - due) * 1000)
        due = max(due + EVERY_S, now - EVERY_S)  # one that was late does not make all others late
    connection.close()
    return taken


@contextmanager
def nothing() -> Iterator[None]:
    yield


@contextmanager
def slow_requests(port: int) -> Iterator[None]:
    has_ended = threading.Event()

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while not has_ended.is_set():
            connection.request("GET", SLOW_PATH)
            connection.getresponse().read()
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(SLOW_CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        has_ended.set()
        for thread in threads:
            thread.join()


@contextmanager
def child(command: list[str], environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def upload(path: Path, port: int, key: str, environment: dict[str, str]) -> Iterator[None]:
    """Sends the file over and over, so that one is always on its way."""
    has_ended, failures = threading.Event(), []
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "manage.py", "upload", str(path), "--to", url, "--key", key]

    def send() -> None:
        while not has_ended.is_set():
            with child(command, environment) as process:
                while process.poll() is None and not has_ended.wait(0.05):
                    pass
                if process.returncode:
                    failures.append(process.returncode)
                    return

    sending = threading.Thread(target=send)
    sending.start()
    time.sleep(2)  # until the command is up and sends
    try:
        yield
    finally:
        has_ended.set()
        sending.join()
        if failures:
            raise SystemExit("manage.py upload failed")


@contextmanager
def viewers(port: int, key: str) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.api._viewers", str(port), key, str(VIEWERS)]
    with child(command, {}) as process:
        assert process.stdout
        if process.stdout.readline() != "ready\n":
            raise SystemExit("the viewers did not get through")
        yield


def measure(
    port: int, burdens: dict[str, Callable[[], AbstractContextManager[None]]], asked: object
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {IDLE: [], **{name: [] for name in burdens}}
    for _ in range(asked.rounds):  # type: ignore[attr-defined]
        for name, burden in burdens.items():
            for title, context in ((IDLE, nothing), (name, burden)):
                with context():
                    found[title] += times_ms(port, asked.seconds)  # type: ignore[attr-defined]
    return found


def show(found: dict[str, list[float]]) -> None:
    idle_ms = p99(found[IDLE])
    for name, taken in found.items():
        print(
            f"  {name:34} p50 {statistics.median(taken):6.2f} ms  p99 {p99(taken):7.2f} ms"
            f"  most {max(taken):7.2f} ms  {p99(taken) / idle_ms:5.1f} times idle"
            f"  ({len(taken)} requests)"
        )


def p99(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=100)[98]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder_name:
        folder = Path(folder_name)
        path = folder / "file.bin"
        path.write_bytes(os.urandom(FILE_BYTES))
        # What the command notes of its uploads goes to a folder that will be gone.
        environment = sluice_environment(folder / "home", XDG_CACHE_HOME=str(folder / "cache"))
        with default_server(environment) as port:
            key = manage(
                environment, "create_api_key", "--user", "tester", "--create-user", "--staff"
            )
            times_ms(port, 1)  # until it is warm
            burdens = {
                "3 slow requests at a time": partial(slow_requests, port),
                "an upload of 300 MB": partial(upload, path, port, key, environment),
                "100 sockets, 100 readers": partial(viewers, port, key),
            }
            show(measure(port, burdens, asked))


if __name__ == "__main__":
    main()
