"""What a request costs the web process, with what it keeps in memory and in Redis and without.

    python -m bench.api.caching [--rounds 5] [--requests 300] [--beside /path/of/another/tree]

One connection, one request after the other; the processor time of the web process is counted, its
own and what the system did for it.  All contenders have the same database and take turns, round by
round; medians are printed, and times the first one.  Linux; PostgreSQL and Redis.
"""

import argparse
import http.client
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.api._servers import (
    REDIS_URL,
    ROOT,
    free_port,
    manage,
    own_database,
    served_by,
    sluice_environment,
)

PATHS = {
    "GET /api/v1/posts/": "/api/v1/posts/",
    "GET rows of a dataset": "/api/datasets/cars/rows/?limit=5",
    "GET statistics of a column": "/api/datasets/cars/columns/c1/statistics/",
}
TICKS_S = os.sysconf("SC_CLK_TCK")
COLUMNS, ROWS = 8, 1000


@dataclass
class Contender:
    """A web process that runs: where it listens, and its id."""

    name: str
    port: int
    pid: int

    def cpu_us(self, path: str, key: str, requests: int) -> float:
        """Of one request, on average."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        began_s = cpu_s(self.pid)
        for _ in range(requests):
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise SystemExit(f"{self.name}: {answer.status} {content[:300]!r}")
        connection.close()
        return (cpu_s(self.pid) - began_s) / requests * 1e6


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_S


@contextmanager
def contender(
    name: str, environment: dict[str, str], tree: Path = ROOT, **more: str
) -> Iterator[Contender]:
    port = free_port()
    command = [sys.executable, "manage.py", "web", "--host", "127.0.0.1", "--port", str(port)]
    running = environment | more | {"PYTHONPATH": str(tree)}
    with served_by(command, port=port, path="/healthz", cwd=tree, environment=running) as process:
        yield Contender(name, port, process.pid)


def fill(port: int, key: str, user_id: int) -> None:
    rows = [{f"c{at}": at * row for at in range(COLUMNS)} for row in range(ROWS)]
    body = json.dumps({"dataset": "cars", "user_id": user_id, "rows": rows})
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/api/import", body, headers)
    answer = connection.getresponse()
    if answer.status != 200:
        raise SystemExit(f"{answer.status} {answer.read()!r}")


def measure(database_url: str, home: Path, options: argparse.Namespace) -> None:
    environment = sluice_environment(home, DATABASE_URL=database_url)
    manage(environment, "migrate", "-v0")
    key = manage(environment, "create_api_key", "--user", "tester", "--create-user")
    with ExitStack() as stack:
        wanted = [
            contender("database alone", environment, CACHE_ENTRIES="0"),
            contender("kept in the process", environment),
            contender("kept there, and in Redis", environment, REDIS_URL=REDIS_URL),
        ]
        if options.beside:
            wanted.append(contender("the other tree", environment, options.beside))
        with ThreadPoolExecutor(len(wanted)) as threads:  # to start takes seconds
            running = list(threads.map(stack.enter_context, wanted))
        fill(running[0].port, key, user_id=1)
        for told, path in PATHS.items():
            print_figures(told, path, key, running, options)


def print_figures(
    told: str, path: str, key: str, running: list[Contender], options: argparse.Namespace
) -> None:
    costs: dict[str, list[float]] = {each.name: [] for each in running}
    for each in running:
        each.cpu_us(path, key, 30)
    for _ in range(options.rounds):
        for each in running:
            costs[each.name].append(each.cpu_us(path, key, options.requests))
    medians = {name: statistics.median(found) for name, found in costs.items()}
    first = medians[running[0].name]
    for name, median in medians.items():
        print(f"  {told:28} {name:24} {median:7.0f} µs   {median / first:.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--beside", type=Path, help="another tree of this project to measure")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print("SQLite: processor time of a request, and times the first")
        measure("", Path(folder) / "sqlite", options)
        with own_database() as url:
            print("PostgreSQL")
            measure(url, Path(folder) / "postgres", options)


if __name__ == "__main__":
    main()
