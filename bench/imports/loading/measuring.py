"""What a command takes: seconds, processor time, and the memory of all its processes.  Linux only."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.uploads._processes import Processes, field

FIRST_SAMPLE_S = 0.01
SAMPLE_EVERY_S = 0.1  # the kernel walks all pages of a process for its PSS
REASON_CHARS = 120
PSQL_SAYS_MORE = ("CONTEXT:", "DETAIL:", "HINT:")


class LoadFailed(Exception):
    """A command ended with a failure; str() is the reason it gave."""


@dataclass(frozen=True)
class Measured:
    """output: what it printed.  cpu_s: of it and of the processes it waited for.

    peak_mib: the most that all its processes had at one time; pages that several share count once.
    """

    output: str
    wall_s: float
    cpu_s: float
    peak_mib: float


class Peak:
    """The most memory that a process and all below it were seen with."""

    def __init__(self, pid: int) -> None:
        self.kib = 0
        self._pid = pid
        self._has_ended = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._has_ended.set()
            thread.join()

    def _watch(self) -> None:
        pause_s = FIRST_SAMPLE_S
        while not self._has_ended.wait(pause_s):
            pause_s = min(2 * pause_s, SAMPLE_EVERY_S)
            with suppress(OSError):  # it ended between two looks
                self.kib = max(self.kib, sum(map(pss_kib, Processes(self._pid).pids)))


def pss_kib(pid: int) -> int:
    """Its proportional set size; 0 once it has ended."""
    try:
        return field(pid, "smaps_rollup", "Pss")
    except (OSError, StopIteration):
        return 0


def measured(command: Sequence[str], environment: Mapping[str, str], *, cwd: Path) -> Measured:
    """Run a command to its end.  Raises LoadFailed."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors, cwd=cwd, env=environment)
        peak = Peak(process.pid)
        with peak.watched():
            _, status, usage = os.wait4(process.pid, 0)
            wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            raise LoadFailed(reason(errors.read()))
        cpu_s = usage.ru_utime + usage.ru_stime
        return Measured(output.read(), wall_s, cpu_s, peak_mib=peak.kib / 1024)


def reason(errors: str) -> str:
    """The last line, as Python's is; psql says more behind it."""
    lines = [line for line in errors.splitlines() if line and not line.startswith(PSQL_SAYS_MORE)]
    return lines[-1][:REASON_CHARS] if lines else "no reason given"
