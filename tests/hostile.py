"""Files that are to break the server, large ones among them: what each costs, and what is answered.

    python -m tests.hostile [NAME...] [--folder FOLDER] [--keep]

Each file is looked at as the preview does it and imported, each in a process of its own.  Printed
are the seconds, and the most memory that any process has had: of the worker, which a file may not
make grow beyond 300 MiB, and of the process that reads workbooks, Parquet and Arrow, which has its
own limit.  Takes some minutes and 2 GiB of disk; the suite tries smaller ones.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import tests.environment  # noqa: F401 - a home, if this is run as a program
from tests.hostile_files import FILES

MIB = 1 << 20
POLL_S = 0.02
LIMIT_S = 900.0
READERS = ("table_process", "lanes.process")
LOOK = """
import django, sys
django.setup()
from pathlib import Path
from apiapp.imports.configured import limits
from apiapp.imports.errors import ImportFailed
from apiapp.imports.planning import look_at
try:
    found = look_at(Path(sys.argv[1]), dialect=None, limits=limits())
    print(f"{len(found.columns)} columns, {found.dialect.format}")
except ImportFailed as error:
    print(f"{type(error).__name__}: {error}")
"""


@dataclass
class Cost:
    seconds: float = 0.0
    worker_bytes: int = 0
    reader_bytes: int = 0
    answer: str = ""


def cost_of(command: list[str]) -> Cost:
    cost, began_at = Cost(), time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        while process.poll() is None:
            measure(process.pid, cost)
            if time.monotonic() - began_at > LIMIT_S:
                process.kill()
            time.sleep(POLL_S)
        said.seek(0)
        lines = said.read().strip().splitlines()
    cost.seconds = time.monotonic() - began_at
    cost.answer = lines[-1] if lines else f"ended with {process.returncode}"
    return cost


def measure(pid: int, cost: Cost) -> None:
    """The most that the process and its children have had so far."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return  # it has ended
    if most := re.search(r"VmHWM:\s+(\d+) kB", status):
        had_bytes = int(most[1]) * 1024
        if "table_process" in command:
            cost.reader_bytes = max(cost.reader_bytes, had_bytes)
        else:
            cost.worker_bytes = max(cost.worker_bytes, had_bytes)
    for child in children:
        measure(int(child), cost)


def tell(name: str, step: str, cost: Cost) -> None:
    reader = f"{cost.reader_bytes / MIB:7.0f}" if cost.reader_bytes else "      -"
    print(
        f"{name:28} {step:7} {cost.seconds:7.1f} s  worker {cost.worker_bytes / MIB:5.0f} MiB"
        f"  reader {reader} MiB  {cost.answer[:300]}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", help=f"of {', '.join(FILES)}")
    parser.add_argument("--folder", type=Path, help="where the files are made")
    parser.add_argument("--keep", action="store_true", help="and left, to be taken again")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in FILES]:
        parser.error(f"unknown: {', '.join(unknown)}")
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"], check=True, stdout=subprocess.DEVNULL
    )
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        for number, name in enumerate(asked.names or FILES):
            path = (asked.folder or Path(folder)) / re.sub(r"\W+", "-", name)
            if not path.exists():
                FILES[name](path)
            looked_at = cost_of([sys.executable, "-c", LOOK, os.fspath(path)])
            tell(name, "preview", looked_at)
            if " columns, " in looked_at.answer:  # else an import is answered the same
                command = [sys.executable, "manage.py", "import_file", os.fspath(path)]
                tell(
                    name, "import", cost_of([*command, "--dataset", f"hostile {number}", "--json"])
                )
            if not asked.keep:
                path.unlink()


if __name__ == "__main__":
    main()
