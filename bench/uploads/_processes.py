"""What a server's processes use, from /proc: Linux only."""

import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
CPU_CLOCK_OF_PROCESS = 2  # CPUCLOCK_SCHED of the kernel's posix-timers.h


@dataclass(frozen=True)
class Used:
    """By all processes so far.

    digests_s: of cpu_s, what went into digests of whole files while these came.
    written_bytes: handed to write calls, to files as to sockets.
    """

    cpu_s: float
    digests_s: float
    written_bytes: int


class Processes:
    """A process and all below it, as they are now.

    The kernel's count of bytes that reached a disk stays 0 on a RAM disk; `wchar` counts what was
    handed to write(2) and its kin instead: file, database, log and answers.
    """

    def __init__(self, pid: int) -> None:
        self.pids = [pid]
        for each in self.pids:
            for task in (PROC / str(each) / "task").iterdir():
                self.pids += map(int, (task / "children").read_text().split())

    def used(self) -> Used:
        cpu_s = {pid: time.clock_gettime(cpu_clock(pid)) for pid in self.pids}
        return Used(
            cpu_s=sum(cpu_s.values()),
            digests_s=sum(cpu_s[pid] for pid in self.pids if makes_digests(pid)),
            written_bytes=sum(field(pid, "io", "wchar") for pid in self.pids),
        )

    def forget_peaks(self) -> None:
        """Let `peak_bytes` begin anew."""
        for pid in self.pids:
            (PROC / str(pid) / "clear_refs").write_text("5")

    def peak_bytes(self) -> list[int]:
        """The most memory that each had since."""
        return [field(pid, "status", "VmHWM") * 1024 for pid in self.pids]


def makes_digests(pid: int) -> bool:
    """Whether it is apiapp/uploads/folding_process.py."""
    return b"folding_process.py" in (PROC / str(pid) / "cmdline").read_bytes()


def cpu_clock(pid: int) -> int:
    """As clock_getcpuclockid(3)."""
    return ~pid << 3 | CPU_CLOCK_OF_PROCESS


def field(pid: int, file: str, name: str) -> int:
    lines = (PROC / str(pid) / file).read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
