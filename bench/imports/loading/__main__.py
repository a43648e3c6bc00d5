"""Load a CSV into a database with `manage.py import_file`, beside other loaders, in one run.

    python -m bench.imports.loading [--rows 300000] [--runs 3] [--slow-rows 20000] [--bad-ratio 0.01]
                                    [--parts clean bad local] [--growth] [--largest-mib 3000]

Three parts, each on SQLite and on PostgreSQL.  *clean*: twelve columns (tables.py), written as
databases write them.  *bad*: so many of the rows lack a cell.  *local*: the same rows with dates as
dd.mm.yyyy and numbers as 1.234,56; here the peers are told the form, and Sluice finds it.

The loaders take turns, each run loads into a new table, and a row of the result has the medians.
The second figure is how many times as many rows a second the first of the part loads.  After each
load the table is asked for counts, sums and ends; what is not as in the file is told.
django-import-export, being slow, gets the first `--slow-rows` rows, so with it only rows/s compare.
Sluice checks every cell, and its time includes looking at the file; its time and that of Django's
loaders leave out the start of Python, which stands beside it.  CPU and memory are of all processes
of a loader, start included; nothing of PostgreSQL's server is in them.

--growth: Sluice alone, with files of 50, 200, 800 and 3,000 MiB, each once.  `--parts` with nothing
behind it leaves the comparison out.  Linux; sqlite3 and psql must be installed.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.api._servers import own_database, peers_python
from bench.imports.loading.contenders import Contender, Run, is_installed, sluice
from bench.imports.loading.parts import PARTS, Files, postgres_turns, sqlite_turns
from bench.imports.loading.report import compare, show_growth
from bench.imports.loading.tables import COLUMNS, Table, repeated, write_table

PROGRAMS = ("sqlite3", "psql")
SIZES_MIB = (50, 200, 800, 3000)
REPEATED_ROWS = 50_000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--slow-rows", type=int, default=20_000, help="for django-import-export")
    parser.add_argument("--bad-ratio", type=float, default=0.01, help="rows that lack a cell")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--growth", action="store_true", help="also files of growing size")
    parser.add_argument("--largest-mib", type=int, default=SIZES_MIB[-1], help="of these")
    return parser.parse_args()


def compare_part(part: str, files: Files, *, runs: int, python: Path) -> None:
    table = files.whole(part)
    about = (
        f"{part}: {table.rows:,} rows ({table.bad_rows:,} of them bad)"
        f" x {len(COLUMNS)} columns, {table.size_mib:.0f} MiB"
    )
    with temporary_folder() as folder:
        turns = sqlite_turns(part, files, folder=folder, python=python)
        compare(f"{about}; SQLite", turns, runs=runs)
    with temporary_folder() as folder, own_database() as url:
        turns = postgres_turns(part, files, folder=folder, python=python, url=url)
        compare(f"{about}; PostgreSQL", turns, runs=runs)


def measure_growth(*, largest_mib: int) -> None:
    sizes_mib = [size for size in SIZES_MIB if size <= largest_mib]
    with temporary_folder() as folder:
        show_growth("growth; SQLite", (grown_on_sqlite(folder, size) for size in sizes_mib))
        show_growth("growth; PostgreSQL", (grown_on_postgres(folder, size) for size in sizes_mib))


def grown_on_sqlite(folder: Path, size_mib: int) -> tuple[Table, Run]:
    with temporary_folder() as home:
        return loaded(folder, size_mib, sluice(home))


def grown_on_postgres(folder: Path, size_mib: int) -> tuple[Table, Run]:
    with temporary_folder() as home, own_database() as url:
        return loaded(folder, size_mib, sluice(home, url))


def loaded(folder: Path, size_mib: int, load: Contender) -> tuple[Table, Run]:
    rows = write_table(folder / "rows.csv", rows=REPEATED_ROWS)
    table = repeated(rows, folder / "grown.csv", size_mib=size_mib)
    return table, load(table)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        yield Path(name)


def main() -> None:
    asked = arguments()
    if missing := [program for program in PROGRAMS if not is_installed(program)]:
        print(f"{' and '.join(missing)} not installed: nothing was measured")
        return
    with temporary_folder() as folder:
        files = Files(folder, rows=asked.rows, slow_rows=asked.slow_rows, bad_ratio=asked.bad_ratio)
        for part in asked.parts:
            compare_part(part, files, runs=asked.runs, python=peers_python())
    if asked.growth:
        measure_growth(largest_mib=asked.largest_mib)


if __name__ == "__main__":
    main()
