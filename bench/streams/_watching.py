"""One run: viewers of one stream for some seconds, and what it cost."""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WARM_S = 2.0
ANSWER_S = 60.0  # until a viewer that says nothing is given up
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class NotMeasured(Exception):
    """A stream could not be watched; what else there is to measure goes on."""


@dataclass(frozen=True)
class Stream:
    """Where to watch.  process_id: of the server; the processes that it started count too."""

    name: str
    port: int
    path: str
    key: str
    process_id: int
    most_viewers: int = 1000


@dataclass(frozen=True)
class Run:
    """fps: of the viewer in the middle, and of the slowest.  Latencies in ms to the decoded
    picture; nan: not known.  cpu: of one core.  bytes_s: of one viewer."""

    fps: float
    slowest_fps: float
    painted_p50: float
    painted_p95: float
    captured_p95: float
    cpu: float
    bytes_s: float


def watch(stream: Stream, viewers: int, *, seconds: float) -> Run:
    """One of the viewers decodes, the others count.  Raises NotMeasured."""
    with ExitStack() as running:
        arguments = [str(stream.port), stream.path, stream.key]
        decoding = running.enter_context(viewer("_decoding", *arguments))
        counting = running.enter_context(viewer("_viewers", *arguments, str(viewers - 1)))
        time.sleep(WARM_S)
        ask(decoding), ask(counting)
        before, started = cpu_s(stream.process_id), time.monotonic()
        time.sleep(seconds)
        took_s, cpu = time.monotonic() - started, cpu_s(stream.process_id) - before
        late, counted = ask(decoding), ask(counting)
    rates = sorted([len(late) / took_s, *(pictures / took_s for pictures, _ in counted)])
    sent = [size / took_s for _, size in counted]
    return Run(
        statistics.median(rates),
        rates[0],
        *percentiles([painted for painted, _ in late]),
        percentiles([captured for _, captured in late])[1],
        cpu / took_s,
        statistics.median(sent) if sent else float("nan"),
    )


def percentiles(values: list[float | None]) -> tuple[float, float]:
    known = sorted(value for value in values if value is not None)
    if not known:
        return float("nan"), float("nan")
    return known[len(known) // 2], known[len(known) * 95 // 100]


@contextmanager
def viewer(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", f"bench.streams.{module}", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if line_of(process) != "ready\n":
            raise NotMeasured(f"a viewer could not watch {arguments[1]}")
        yield process
    finally:
        process.kill()
        process.communicate()


def ask(process: subprocess.Popen[str]) -> list[list[float]]:
    assert process.stdin
    try:
        process.stdin.write("?\n")
        process.stdin.flush()
    except BrokenPipeError:
        raise NotMeasured("a viewer was shut out") from None
    answer = line_of(process)
    if not answer:
        raise NotMeasured("a viewer was shut out")
    got: list[list[float]] = json.loads(answer)
    return got


def line_of(process: subprocess.Popen[str]) -> str:
    """The next one that it prints; "": it has ended, or was ended as it said nothing for long."""
    assert process.stdout
    patience = threading.Timer(ANSWER_S, process.kill)
    patience.start()
    try:
        return process.stdout.readline()
    finally:
        patience.cancel()


def cpu_s(process_id: int) -> float:
    """What a process and those that it started have used."""
    total, waiting = 0.0, [process_id]
    while waiting:
        pid = waiting.pop()
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except OSError:  # it has just ended
            continue
        total += (int(fields[11]) + int(fields[12])) / TICKS_PER_S
    return total
