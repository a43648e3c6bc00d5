"""What was measured: kept in a file, so that an hour's measurement can be gone on with, and as tables."""

import json
import math
import statistics
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from bench.streams._watching import Run

TITLES = {
    "h264": "H.264",
    "tiles": "tiles",
    "mjpeg": "MJPEG",
    "documents": "ImageGrab, quality 100 (the documents)",
    "ffmpeg": "ffmpeg, x11grab to mpjpeg",
}
HEAD = (
    "frames/s (the slowest viewer)",
    "painted to decoded: median, p95",
    "captured to decoded: p95",
    "CPU",
    "KB/s for each",
)


@dataclass(frozen=True)
class Case:
    """So many viewers of a stream, by its name, of a scene."""

    scene: str
    stream: str
    viewers: int


class Results:
    """file: where runs are kept, one JSON object a line; what it holds already counts."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._runs: dict[Case, list[Run]] = {}
        self._failures: dict[Case, str] = {}
        if file and file.exists():
            for line in file.read_text().splitlines():
                kept = json.loads(line)
                self._runs.setdefault(Case(**kept["case"]), []).append(Run(**kept["run"]))

    def count(self, case: Case) -> int:
        """How many rounds there are of it."""
        return len(self._runs.get(case, []))

    def add(self, case: Case, run: Run) -> None:
        self._runs.setdefault(case, []).append(run)
        if self._file:
            with self._file.open("a") as kept:
                kept.write(json.dumps({"case": asdict(case), "run": asdict(run)}) + "\n")

    def fail(self, case: Case, why: str) -> None:
        self._failures[case] = why

    def tables(self) -> str:
        """Markdown: a table for each scene, of the medians; then what could not be measured."""
        scenes = dict.fromkeys(case.scene for case in (*self._runs, *self._failures))
        return "\n\n".join(self._table(scene) for scene in scenes)

    def _table(self, scene: str) -> str:
        lines = [
            f"| {scene} | {' | '.join(HEAD)} |",
            f"| --- |{' ---: |' * len(HEAD)}",
            *(row(case, runs) for case, runs in self._runs.items() if case.scene == scene),
        ]
        failed = [(case, why) for case, why in self._failures.items() if case.scene == scene]
        lines += [f"\nNot measured: {titled(case)}: {why}." for case, why in failed]
        return "\n".join(lines)


def row(case: Case, runs: list[Run]) -> str:
    run = middle(runs)
    cells = (
        f"{run.fps:.1f} ({run.slowest_fps:.1f})",
        f"{ms(run.painted_p50)}, {ms(run.painted_p95)}",
        ms(run.captured_p95),
        f"{run.cpu:.0%}",
        number(run.bytes_s / 1000),
    )
    return f"| {titled(case)} | {' | '.join(cells)} |"


def titled(case: Case) -> str:
    return f"{TITLES[case.stream]}, {case.viewers} viewer{'s' if case.viewers > 1 else ''}"


def middle(runs: list[Run]) -> Run:
    """Of each figure the median."""
    return Run(
        *(statistics.median(getattr(run, field.name) for run in runs) for field in fields(Run))
    )


def ms(latency: float) -> str:
    return f"{number(latency)} ms" if math.isfinite(latency) else number(latency)


def number(value: float) -> str:
    """Of one that is not known: a dash.  One viewer alone decodes, and counts no bytes."""
    return "–" if math.isnan(value) else f"{value:.0f}"
