"""Readers of messy files: each turns a folder of them into a folder of CSVs, bounded in time."""

import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.api._servers import peers_python

ROOT = Path(__file__).resolve().parents[3]
PEERS_SCRIPT = Path(__file__).resolve().parent / "peers" / "read_files.py"
OURS = "Sluice"
PEERS = ("csv.Sniffer", "pandas", "pandas, sep=None", "DuckDB", "clevercsv")
START_S = 60.0  # a peer's imports; it counts for its first file only

# Reads the files of a folder into another; returns the reasons of failure by the file's name.
Contender = Callable[[Path, Path], dict[str, str]]


def contenders(names: Sequence[str], *, limit_s: float) -> dict[str, Contender]:
    """Those of `names`, each given `limit_s` for a file.  Raises KeyError for an unknown name."""
    python = peers_python() if set(names) - {OURS} else Path()
    known: dict[str, Contender] = {OURS: lambda files, out: convert(files, out, limit_s=limit_s)}
    for name in PEERS:
        command = [str(python), str(PEERS_SCRIPT), name]
        known[name] = peer(command, limit_s=limit_s)
    return {name: known[name] for name in names}


def convert(files: Path, out: Path, *, limit_s: float) -> dict[str, str]:
    """`manage.py convert`: one process for all files."""
    count = sum(1 for _ in files.iterdir())
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as home:
        environment = {**os.environ, "SLUICE_HOME": home, "LOG_LEVEL": "ERROR"}
        environment.pop("DATABASE_URL", None)
        command = [sys.executable, "manage.py", "convert", str(files), str(out), "--jobs", "1"]
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(
                command,
                cwd=ROOT,
                env=environment,
                timeout=START_S + count * limit_s,
                stdout=subprocess.DEVNULL,
                check=False,
            )
    return {path.stem: path.read_text("utf-8").strip() for path in out.glob("*.error")}


def peer(command: Sequence[str], *, limit_s: float, start_s: float = START_S) -> Contender:
    def read(files: Path, out: Path) -> dict[str, str]:
        failures: dict[str, str] = {}
        with Worker(command, limit_s, start_s) as worker:
            for path in sorted(files.iterdir()):
                said = worker.ask(f"{path}\t{out / path.name}")
                if said != "read":
                    failures[path.name] = said.removeprefix("failed ")
        return failures

    return read


@dataclass
class Worker:
    """A process that answers each line with a line; replaced when it hangs or ends."""

    command: Sequence[str]
    limit_s: float
    start_s: float
    process: "subprocess.Popen[str] | None" = None
    is_fresh: bool = True

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def ask(self, line: str) -> str:
        """What is answered, or why there is no answer."""
        process = self.process or self.start()
        sent, answered = pipes(process)
        with suppress(BrokenPipeError):
            sent.write(line + "\n")
            sent.flush()
        ready, _, _ = select.select([answered], [], [], self.limit_s + self.start_s * self.is_fresh)
        self.is_fresh = False
        said = answered.readline().strip() if ready else ""
        if not said:
            self.end()
            return "the process ended" if ready else f"not read within {self.limit_s:g} s"
        return said

    def start(self) -> "subprocess.Popen[str]":
        self.is_fresh = True
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self.process

    def end(self) -> None:
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        for pipe in pipes(self.process):
            with suppress(BrokenPipeError):
                pipe.close()
        self.process = None


def pipes(process: "subprocess.Popen[str]") -> tuple[IO[str], IO[str]]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("started without pipes")
    return process.stdin, process.stdout
