"""Load by wrk, and the table that is printed of it."""

import json
import statistics
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

CONNECTIONS = 32
SCRIPT = """
wrk.method = {method}
wrk.body = {body}
for name, value in string.gmatch({headers}, "([^:\\n]+): ([^\\n]+)") do wrk.headers[name] = value end
done = function(summary, latency, requests)
  io.write(string.format('\\n{{"p50_us": %d, "p99_us": %d, "requests": %d, "us": %d, "bad": %d}}\\n',
    latency:percentile(50), latency:percentile(99), summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read
      + summary.errors.write + summary.errors.timeout))
end
"""


@dataclass(frozen=True)
class Call:
    """One request, to be sent over and over.  `body` is text; wrk needs no more."""

    method: str
    path: str
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def script(self) -> str:
        lines = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return SCRIPT.format(
            method=quoted(self.method), body=quoted(self.body), headers=quoted(lines)
        )


@dataclass(frozen=True)
class Run:
    p50_ms: float
    p99_ms: float
    per_s: float
    bad: int


def quoted(text: str) -> str:
    """A string of Lua, whatever is in it."""
    return "'" + "".join(f"\\{byte:03d}" for byte in text.encode()) + "'"


def load(port: int, call: Call, *, seconds: int, connections: int = CONNECTIONS) -> Run:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(call.script())
        script.flush()
        said = subprocess.run(
            [
                *("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name),
                f"http://127.0.0.1:{port}{call.path}",
            ],
            check=True,
            capture_output=True,
            text=True,
        )
    got = json.loads(said.stdout.splitlines()[-1])
    per_s = got["requests"] / (got["us"] / 1e6)
    return Run(got["p50_us"] / 1000, got["p99_us"] / 1000, per_s, got["bad"])


class Table:
    """Runs by what was called and by who answered; prints their medians, and ratios to `ours`."""

    def __init__(self, ours: str) -> None:
        self._ours = ours
        self._runs: dict[str, dict[str, list[Run]]] = {}

    def add(self, title: str, name: str, run: Run) -> None:
        self._runs.setdefault(title, {}).setdefault(name, []).append(run)

    def show(self) -> None:
        for title, runs in self._runs.items():
            print(f"\n  {title}")
            ours = median(runs[self._ours], "per_s")
            for name, each in runs.items():
                per_s, bad = median(each, "per_s"), sum(run.bad for run in each)
                spread = " ".join(f"{run.per_s:.0f}" for run in each)
                print(
                    f"    {name:34} {per_s:7,.0f}/s  p50 {median(each, 'p50_ms'):6.2f} ms"
                    f"  p99 {median(each, 'p99_ms'):7.2f} ms"
                    f"  ratio {ours / per_s:5.2f}  ({spread}){f'  {bad} bad' if bad else ''}"
                )
        print(f"  ratio: how many times as many requests {self._ours} answers\n", flush=True)


def median(runs: list[Run], name: str) -> float:
    return statistics.median(getattr(run, name) for run in runs)


def is_installed() -> bool:
    return any((Path(folder) / "wrk").exists() for folder in ("/usr/bin", "/usr/local/bin"))
