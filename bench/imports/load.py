"""Import a clean CSV with `manage.py import_file`, beside the databases' own loaders, in one run.

    python bench/imports/load.py [--rows 300000] [--runs 3] [--bad-ratio 0]

Twelve columns: ids, names with quotes in several scripts, e-mails, dates, timestamps, decimals,
booleans, empty cells, long text with newlines.  Each contender loads the same file in turn, every
run into a new table; a row of the result has the median of its runs.  `sqlite3` and `psql` check
nothing but what their column types refuse; import_file checks every cell, and its time includes
looking at the file, but not the start of Python, which stands beside it.
"""

import argparse
import csv
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[2]
POSTGRES_URL = os.environ.get(
    "SLUICE_TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres"
)
FIRST_NAMES = ["Zoë", "José", "李雷", 'Ana "Nia"', "O'Hara", "Łukasz", "Нина", "Søren", "Ada"]
LAST_NAMES = ["Smith", "Müller", "王", "de la Cruz", "Ng", "van den Berg, jr."]
CITIES = ["Paris", "Berlin, Mitte", "北京", "São Paulo", ""]
COLUMNS = {
    "id": "bigint",
    "name": "text",
    "email": "text",
    "born": "date",
    "seen_at": "timestamptz",
    "price": "numeric",
    "is_active": "boolean",
    "score": "numeric",
    "city": "text",
    "note": "text",
    "reference": "text",
    "quantity": "bigint",
}


@dataclass(frozen=True)
class Run:
    """seconds: the load.  started_s: what the process took beside it.  peak_mib: its memory."""

    seconds: float
    started_s: float
    peak_mib: float


def generate(path: Path, *, rows: int, bad_ratio: float) -> None:
    draw = random.Random(7)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for number in range(1, rows + 1):
            row = made_row(draw, number)
            if draw.random() < bad_ratio:
                row.pop()
            writer.writerow(row)


def made_row(draw: random.Random, number: int) -> list[object]:
    note = "A few words about nothing in particular, as notes are. " * draw.randint(0, 3)
    if number % 5 == 0:
        note += 'Then a second line,\nand a "third" one.\n'
    return [
        number,
        f"{draw.choice(FIRST_NAMES)} {draw.choice(LAST_NAMES)}",
        f"user{number}@example.org",
        date(1950, 1, 1) + timedelta(days=draw.randint(0, 20_000)),
        (datetime(2020, 1, 1) + timedelta(seconds=draw.randint(0, 10**8))).isoformat(" "),  # noqa: DTZ001
        f"{draw.random() * 1000:.2f}",
        draw.choice(["true", "false"]),
        "" if number % 7 == 0 else f"{draw.random() * 10:.4f}",
        draw.choice(CITIES),
        note,
        f"R-{draw.getrandbits(40):010x}",
        draw.randint(-100, 10**6),
    ]


def measured(command: list[str], environment: dict[str, str]) -> tuple[str, float, float]:
    """Output, wall seconds and peak MiB of a command.  Raises if it fails."""
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.DEVNULL, cwd=ROOT, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{command[0]} failed")
        output.seek(0)
        return output.read(), wall_s, usage.ru_maxrss / 1024


# --- contenders --------------------------------------------------------------------------------------
def sluice(home: Path, path: Path, database_url: str = "") -> Callable[[], Run]:
    environment = {**os.environ, "SLUICE_HOME": str(home), "LOG_LEVEL": "ERROR"}
    environment.pop("DATABASE_URL", None)
    if database_url:
        environment["DATABASE_URL"] = database_url
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v0"], cwd=ROOT, env=environment, check=True)

    def run() -> Run:
        name = f"run {uuid.uuid4().hex[:8]}"
        command = [*manage, "import_file", str(path), "--dataset", name, "--json"]
        output, wall_s, peak_mib = measured(command, environment)
        said = json.loads(output.splitlines()[-1])
        print(f"    {said}", flush=True)
        return Run(said["seconds"], wall_s - said["seconds"], peak_mib)

    return run


def sqlite3_import(folder: Path, path: Path) -> Callable[[], Run]:
    columns = ", ".join(f'"{name}" {type_}' for name, type_ in COLUMNS.items())

    def run() -> Run:
        database = folder / f"{uuid.uuid4().hex}.sqlite3"
        command = [
            *("sqlite3", str(database), f"CREATE TABLE t ({columns})", ".mode csv"),
            f".import --skip 1 {path} t",
        ]
        _, wall_s, peak_mib = measured(command, dict(os.environ))
        database.unlink()
        return Run(wall_s, 0.0, peak_mib)

    return run


def psql_copy(url: str, path: Path) -> Callable[[], Run]:
    columns = ", ".join(f'"{name}" {type_}' for name, type_ in COLUMNS.items())

    def run() -> Run:
        table = f"t_{uuid.uuid4().hex[:8]}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE TABLE {table} ({columns})".encode())
        copy = f"\\copy {table} from '{path}' csv header"
        _, wall_s, peak_mib = measured(["psql", "-q", url, "-c", copy], dict(os.environ))
        return Run(wall_s, 0.0, peak_mib)

    return run


@contextmanager
def own_database() -> Iterator[str]:
    name = f"sluice_bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(POSTGRES_URL, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield f"{POSTGRES_URL.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


# --- result ------------------------------------------------------------------------------------------
def compare(contenders: dict[str, Callable[[], Run]], *, rows: int, runs: int) -> None:
    """Run all in turn; print the medians, the last as the measure of the first."""
    found: dict[str, list[Run]] = {name: [] for name in contenders}
    for _ in range(runs):
        for name, run in contenders.items():
            found[name].append(run())
    medians = {name: statistics.median(r.seconds for r in each) for name, each in found.items()}
    for name, each in found.items():
        spread = " ".join(f"{run.seconds:.2f}" for run in each)
        peak_mib = max(run.peak_mib for run in each)
        started_s = statistics.median(run.started_s for run in each)
        print(
            f"  {name:28} {medians[name]:6.2f} s ({spread})  {rows / medians[name]:9,.0f} rows/s"
            f"  peak {peak_mib:4.0f} MiB  start {started_s:.2f} s"
        )
    ours, peer = list(medians)
    print(f"  ratio {medians[peer] / medians[ours]:.2f} of {peer}\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--bad-ratio", type=float, default=0.0, help="rows that lack a cell; SQLite only"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder_name:
        folder = Path(folder_name)
        path = folder / "rows.csv"
        generate(path, rows=asked.rows, bad_ratio=asked.bad_ratio)
        size_mib = path.stat().st_size / 2**20
        print(f"{asked.rows:,} rows x {len(COLUMNS)} columns, {size_mib:.0f} MiB", flush=True)
        counts = {"rows": asked.rows, "runs": asked.runs}
        if shutil.which("sqlite3"):
            ours = sluice(folder / "sqlite", path)
            compare(
                {"import_file to SQLite": ours, "sqlite3 .import": sqlite3_import(folder, path)},
                **counts,
            )
        if shutil.which("psql") and not asked.bad_ratio:
            with own_database() as url:
                ours = sluice(folder / "postgres", path, url)
                compare(
                    {"import_file to PostgreSQL": ours, "psql \\copy": psql_copy(url, path)},
                    **counts,
                )


if __name__ == "__main__":
    main()
