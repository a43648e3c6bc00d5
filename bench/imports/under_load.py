"""Short requests on the default server while it imports a large file.

    python -m bench.imports.under_load [--mib 1000] [--rounds 3] [--seconds 10]
                                       [--databases sqlite postgres]

GET /api/data, 100 a second, and PATCHes of 1 MiB to an upload by tus, 20 a second, each kind for
itself over one connection: on the idle server, and while its worker imports a CSV of that size, one
import after the other if one is over too early.  Idle and busy take turns; p50 and p99 of all rounds
are printed.  What is late makes the next late by one turn at most; times count from when each was due.
"""

import argparse
import http.client
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.api._servers import default_server, manage, own_database, sluice_environment
from bench.api.fairness import p99
from bench.imports.loading.tables import MIB, repeated, write_table
from bench.uploads._client import Order, send

WHOLE = 2**62
GET_EVERY_S, PATCH_EVERY_S = 0.01, 0.05
POLL_S = 0.2
FINISH_S = 600.0
ENDED = {"succeeded", "failed", "cancelled", "undone"}
REPEATED_ROWS = 50_000
USER_ID = (
    "from django.contrib.auth.models import User; print(User.objects.get(username='tester').pk)"
)
IDLE, BUSY = "idle", "an import runs"


@dataclass(frozen=True)
class Server:
    """One that runs, and a user of it."""

    port: int
    key: str
    user_id: int

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Raises SystemExit unless it is answered well."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=FINISH_S)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {content!r}")
        found: dict[str, Any] = json.loads(content or b"{}")
        return found


# --- what is measured ------------------------------------------------------------------------------
def get_times_ms(server: Server, seconds: float) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def get() -> None:
        connection.request("GET", "/api/data")
        answered(connection, 200)

    return paced(get, every_s=GET_EVERY_S, seconds=seconds)


def patch_times_ms(server: Server, seconds: float) -> list[float]:
    """Of an upload that is never whole, and removed."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    common = {"Authorization": f"Bearer {server.key}", "Tus-Resumable": "1.0.0"}
    length = (int(seconds / PATCH_EVERY_S) + 10) * MIB
    connection.request("POST", "/api/tus/", headers={**common, "Upload-Length": str(length)})
    url = answered(connection, 201).split("/", 3)[3]
    body, offset = os.urandom(MIB), 0

    def patch() -> None:
        nonlocal offset
        headers = {
            **common,
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
        }
        connection.request("PATCH", f"/{url}", body, headers)
        answered(connection, 204)
        offset += MIB

    taken = paced(patch, every_s=PATCH_EVERY_S, seconds=seconds)
    connection.request("DELETE", f"/{url}", headers=common)
    answered(connection, 204)
    return taken


def answered(connection: http.client.HTTPConnection, status: int) -> str:
    """The Location, if any.  Raises SystemExit if the answer is another than `status`."""
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != status:
        raise SystemExit(f"{answer.status} instead of {status}: {content[:300]!r}")
    return answer.headers.get("Location", "")


def paced(ask: Callable[[], None], *, every_s: float, seconds: float) -> list[float]:
    """How long each took in ms, counted from when it was due."""
    taken, due = [], time.perf_counter()
    end = due + seconds
    while due < end:
        time.sleep(max(0.0, due - time.perf_counter()))
        ask()
        now = time.perf_counter()
        taken.append((now - due) * 1000)
        due = max(due + every_s, now - every_s)
    return taken


MEASURES = {"GET /api/data": get_times_ms, "PATCH of 1 MiB": patch_times_ms}


# --- what it is measured beside --------------------------------------------------------------------
def sent_file(server: Server, path: Path) -> str:
    """Send a file by tus; its id, once nothing is left to be done with it."""
    order = Order(
        port=server.port,
        collection="/api/tus/",
        headers=f"Authorization: Bearer {server.key}\r\n",
        path=str(path),
        size_bytes=path.stat().st_size,
        patch_bytes=WHOLE,
        connections=1,
    )
    file_id = send(order).urls[0].rstrip("/").rpartition("/")[2]
    awaited(lambda: server.ask("GET", f"/api/uploads/{file_id}/")["state"], {"finished"})
    return file_id


class Importing:
    """Imports of one file, each into a dataset of its own."""

    def __init__(self, server: Server, file_id: str) -> None:
        self._server, self._file_id = server, file_id
        self._has_ended = threading.Event()
        self.started = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Raises SystemExit if an import failed."""
        self._has_ended.clear()
        import_id = self._start()
        failures: list[str] = []
        following = threading.Thread(target=self._follow, args=[import_id, failures])
        following.start()
        try:
            yield
        finally:
            self._has_ended.set()
            following.join()
        if failures:
            raise SystemExit(f"an import ended as {failures[0]}")

    def _start(self) -> int:
        """Its id, once it runs."""
        self.started += 1
        wanted = {
            "file_id": self._file_id,
            "user_id": self._server.user_id,
            "dataset": f"rows {self.started}",
        }
        import_id: int = self._server.ask("POST", "/api/import", wanted)["import_id"]
        awaited(lambda: self._state(import_id), {"running", *ENDED})
        return import_id

    def _follow(self, import_id: int, failures: list[str]) -> None:
        while not self._has_ended.wait(POLL_S):
            state = self._state(import_id)
            if state == "succeeded":
                import_id = self._start()
            elif state in ENDED:
                failures.append(state)
                return
        self._server.ask("POST", f"/api/imports/{import_id}/cancel/")
        awaited(lambda: self._state(import_id), ENDED)

    def _state(self, import_id: int) -> str:
        return str(self._server.ask("GET", f"/api/imports/{import_id}/")["state"])


def awaited(state: Callable[[], str], wanted: set[str]) -> None:
    deadline = time.monotonic() + FINISH_S
    while (found := state()) not in wanted:
        if time.monotonic() > deadline:
            raise SystemExit(f"still {found} after {FINISH_S:.0f} s")
        time.sleep(POLL_S)


# --- the runs --------------------------------------------------------------------------------------
def measure(server: Server, importing: Importing, *, rounds: int, seconds: float) -> None:
    found: dict[str, dict[str, list[float]]] = {name: {IDLE: [], BUSY: []} for name in MEASURES}
    burdens: dict[str, Callable[[], AbstractContextManager[None]]] = {
        IDLE: nullcontext,
        BUSY: importing.running,
    }
    for times_ms in MEASURES.values():
        times_ms(server, 1)  # until it is warm
    for _ in range(rounds):
        for burden, context in burdens.items():
            with context():
                for name, times_ms in MEASURES.items():
                    found[name][burden] += times_ms(server, seconds)
    for name, taken in found.items():
        for burden, each in taken.items():
            ratio = p99(each) / p99(taken[IDLE])
            print(
                f"    {name:14} {burden:16} p50 {statistics.median(each):6.2f} ms"
                f"  p99 {p99(each):7.2f} ms  most {max(each):7.2f} ms  {ratio:5.1f} times idle"
                f"  ({len(each)} requests)",
                flush=True,
            )
    print(f"    {importing.started} imports were started", flush=True)


@contextmanager
def running_server(home: Path, database_url: str) -> Iterator[Server]:
    environment = sluice_environment(home, DATABASE_URL=database_url)
    with default_server(environment) as port:
        key = manage(environment, "create_api_key", "--user", "tester", "--create-user")
        yield Server(port, key, int(manage(environment, "shell", "-v0", "-c", USER_ID)))


@contextmanager
def database(kind: str) -> Iterator[str]:
    """Its URL; empty for SQLite."""
    if kind == "sqlite":
        yield ""
        return
    with own_database() as url:
        yield url


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mib", type=int, default=1000, help="size of the file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10, help="for each kind of request")
    kinds = ["sqlite", "postgres"]
    parser.add_argument("--databases", nargs="+", choices=kinds, default=kinds)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        folder = Path(name)
        rows = write_table(folder / "rows.csv", rows=REPEATED_ROWS)
        table = repeated(rows, folder / "large.csv", size_mib=asked.mib)
        for kind in asked.databases:
            print(f"\n  {table.size_mib:,.0f} MiB, {table.rows:,} rows; {kind}", flush=True)
            with database(kind) as url, running_server(folder / kind, url) as server:
                importing = Importing(server, sent_file(server, table.path))
                measure(server, importing, rounds=asked.rounds, seconds=asked.seconds)


if __name__ == "__main__":
    main()
