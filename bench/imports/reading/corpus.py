"""A corpus of messy files: a folder of files, and one of their right readings by the same names.

A file with several right readings has the others as NAME.or-1, NAME.or-2 and so on.
"""

import csv
import glob
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.imports.reading.draft import Draft, Grid


def write_corpus(messy: Iterable[tuple[str, Draft, bytes]], files: Path, answers: Path) -> None:
    """Write named files, and every right reading of each."""
    for name, draft, data in messy:
        (files / name).write_bytes(data)
        for index, grid in enumerate(draft.answers):
            write_grid(answers / (f"{name}.or-{index}" if index else name), grid)


def write_grid(path: Path, grid: Grid) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(grid)


def read_grid(path: Path) -> Grid:
    """The rows of a well-formed CSV that are not blank."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        return [row for row in csv.reader(file) if row]


def right_readings(answers: Path, name: str) -> list[Grid]:
    others = sorted(answers.glob(f"{glob.escape(name)}.or-*"))
    return [read_grid(path) for path in [answers / name, *others]]


def names(files: Path, answers: Path) -> Iterator[str]:
    """The files that have an answer."""
    return (path.name for path in sorted(files.iterdir()) if (answers / path.name).exists())
