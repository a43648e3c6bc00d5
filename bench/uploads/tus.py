"""Send files by tus to Sluice and to @tus/server, on a RAM disk, side by side.

    python -m bench.uploads [--rounds 5] [--mib 512] [--cases "one PATCH" ...]

Sluice as users run it: `manage.py serve`, every request with an API key that is looked up and
counted, offsets in SQLite, every answer after a sync.  @tus/server as its README starts it.  Both
write to /dev/shm and take turns; medians are printed.  The processor time of Sluice is that of all
its processes until the last answer; what of it went into MD5 and SHA-256 of the whole file, which
@tus/server does not make, is told apart, and so is what was done after the last answer.  Node and
npm must be installed.
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.uploads._client import Order, Sent
from bench.uploads._contenders import Contender, sluice, tus_server
from bench.uploads._processes import Processes

MIB, GB = 2**20, 1e9
RAM_DISK = Path("/dev/shm")  # nosec B108 - it is what is measured on
CLIENT = Path(__file__).with_name("_client.py")
WHOLE = 2**62
CASES = {  # bytes of one PATCH, connections
    "one PATCH": (WHOLE, 1),
    "PATCHes of 8 MiB": (8 * MIB, 1),
    "PATCHes of 1 MiB": (1 * MIB, 1),
    "4 connections": (WHOLE, 4),
}


@dataclass(frozen=True)
class Run:
    """One file sent.

    cpu_s: the servers' processor time until the last answer, digests_s what of it went into digests
    of the whole file; later_s: of what was done after the last answer.
    """

    mb_per_s: float
    cpu_s_per_gb: float
    digests_s_per_gb: float
    later_s_per_gb: float
    client_s_per_gb: float
    client_share: float
    grown_mib: float
    peak_mib: float
    written_ratio: float


class Source:
    """The file that is sent, and the digests of its slices."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self.path, self.size_bytes = path, size_bytes
        block = os.urandom(MIB)
        with path.open("wb") as file:
            for number in range(size_bytes // MIB):
                file.write(number.to_bytes(8, "big") + block[8:])

    def digests(self, slices: int) -> list[str]:
        share = self.size_bytes // slices
        with self.path.open("rb") as file:
            return [hashlib.sha256(file.read(share)).hexdigest() for _ in range(slices)]


def measured(contender: Contender, source: Source, case: str, wanted: list[str]) -> Run:
    patch_bytes, connections = CASES[case]
    order = Order(
        port=contender.port,
        collection=contender.collection,
        headers=contender.headers,
        path=str(source.path),
        size_bytes=source.size_bytes,
        patch_bytes=patch_bytes,
        connections=connections,
    )
    processes = Processes(contender.pid)
    processes.forget_peaks()
    resting, before = processes.peak_bytes(), processes.used()
    sent = sent_by_client(order)
    after = processes.used()
    grown = [peak - rest for peak, rest in zip(processes.peak_bytes(), resting, strict=True)]
    peak = max(processes.peak_bytes())
    contender.finish(sent.urls, wanted)
    later = processes.used()
    contender.remove(sent.urls)
    gb = source.size_bytes / GB
    return Run(
        mb_per_s=source.size_bytes / 1e6 / sent.seconds,
        cpu_s_per_gb=(after.cpu_s - before.cpu_s) / gb,
        digests_s_per_gb=(after.digests_s - before.digests_s) / gb,
        later_s_per_gb=(later.cpu_s - after.cpu_s) / gb,
        client_s_per_gb=sent.cpu_s / gb,
        client_share=sent.cpu_s / sent.seconds,
        grown_mib=max(grown) / MIB,
        peak_mib=peak / MIB,
        written_ratio=(later.written_bytes - before.written_bytes) / source.size_bytes,
    )


def sent_by_client(order: Order) -> Sent:
    command = [sys.executable, str(CLIENT), json.dumps(asdict(order))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Sent(**json.loads(done.stdout))


def show(case: str, runs: dict[str, list[Run]]) -> None:
    print(f"\n  {case}")
    medians = {name: median(each) for name, each in runs.items()}
    for name, each in runs.items():
        run = medians[name]
        spread = " ".join(f"{one.mb_per_s:.0f}" for one in each)
        print(
            f"    {name:12} {run.mb_per_s:6,.0f} MB/s  server {run.cpu_s_per_gb:.3f} CPU s/GB"
            f" ({run.digests_s_per_gb:.2f} of it digests, +{run.later_s_per_gb:.2f} after)  memory +{max(r.grown_mib for r in each):.0f}"
            f" to {max(r.peak_mib for r in each):.0f} MiB  written {run.written_ratio:.3f}"
            f"  client {run.client_share:.0%} busy, {run.client_s_per_gb:.2f} s/GB  ({spread})"
        )
    ours, peer = medians.values()
    speed, cpu = ours.mb_per_s / peer.mb_per_s, ours.cpu_s_per_gb / peer.cpu_s_per_gb
    without = (ours.cpu_s_per_gb - ours.digests_s_per_gb) / peer.cpu_s_per_gb
    print(
        f"    ratio        {speed:6.2f} times as fast, {cpu:.2f} of its CPU"
        f" ({without:.2f} without the digests)",
        flush=True,
    )


def median(runs: list[Run]) -> Run:
    columns = zip(*(asdict(run).values() for run in runs), strict=True)
    return Run(*map(statistics.median, columns))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mib", type=int, default=512, help="size of the file")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    asked = parser.parse_args()
    if not RAM_DISK.is_dir() or not shutil.which("npm"):
        print("no /dev/shm, or npm is not installed: nothing was measured")
        return
    with (
        ExitStack() as running,
        tempfile.TemporaryDirectory(prefix="sluice-bench-", dir=RAM_DISK) as name,
    ):
        folder = Path(name)
        source = Source(folder / "source", asked.mib * MIB)
        contenders: list[Contender] = [
            running.enter_context(sluice(folder / "home")),
            running.enter_context(tus_server(folder / "files")),
        ]
        for case in asked.cases:
            compare(case, contenders, source, rounds=asked.rounds)
        running.close()


def compare(case: str, contenders: list[Contender], source: Source, *, rounds: int) -> None:
    wanted = source.digests(CASES[case][1])
    runs: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    for number in range(rounds + 1):
        turns = contenders if number % 2 else contenders[::-1]
        for contender in turns:
            run = measured(contender, source, case, wanted)
            if number:  # before, nothing is warm
                runs[contender.name].append(run)
    show(case, runs)


if __name__ == "__main__":
    main()
