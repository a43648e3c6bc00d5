"""Scores of several contenders on a corpus, as markdown."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.imports.reading.draft import Grid
from bench.imports.reading.scoring import Score


@dataclass(frozen=True, slots=True)
class Result:
    """What a contender made of one file; reason: why it failed, or the first cell that is wrong."""

    name: str
    score: Score
    reason: str = ""

    @property
    def group(self) -> str:
        return group_of(self.name)


Results = Mapping[str, Sequence[Result]]  # by contender


def group_of(name: str) -> str:
    """The class of a file by its name: what comes before the first digit.

    >>> group_of("ragged-03.csv")
    'ragged'
    """
    found = re.match(r"[^0-9.]+", name)
    return found.group().strip("-_ ") if found else name


def by_class(results: Results) -> str:
    """Mean F1 of cells, class by contender, and the means over all files."""
    groups = sorted({result.group for each in results.values() for result in each})
    lines = [row(["class", "files", *results]), row(["---"] * (len(results) + 2))]
    for group in groups:
        taken = [[one for one in each if one.group == group] for each in results.values()]
        best = max(map(cells_f1, taken))
        shown = [mark(cells_f1(each), best) for each in taken]
        lines.append(row([group.replace("-", " "), str(len(taken[0])), *shown]))
    count = str(len(next(iter(results.values()))))
    for what, measured in TOTALS.items():
        lines.append(row([what, count, *(figure(measured(each)) for each in results.values())]))
    return "\n".join(lines)


def cells_f1(results: Iterable[Result]) -> float:
    return fmean(result.score.cells.f1 for result in results)


def mark(value: float, best: float) -> str:
    return f"**{figure(value)}**" if value == best else figure(value)


def figure(value: float) -> str:
    """Three places, cut and not rounded: 1.000 has no fault."""
    return f"{int(value * 1000) / 1000:.3f}"


TOTALS = {
    "**all: cells, F1**": cells_f1,
    "cells, precision": lambda each: fmean(one.score.cells.precision for one in each),
    "cells, recall": lambda each: fmean(one.score.cells.recall for one in each),
    "records, F1": lambda each: fmean(one.score.records.f1 for one in each),
    "header, F1": lambda each: fmean(one.score.header.f1 for one in each),
    "files read without a fault": lambda each: fmean(one.score.is_exact for one in each),
}


def worst(results: Sequence[Result], *, count: int) -> str:
    """The files with the lowest scores, and what is wrong with each."""
    faulty = sorted(
        (one for one in results if not one.score.is_exact), key=lambda one: one.score.cells.f1
    )
    lines = [row(["file", "cells, F1", "what is wrong"]), row(["---"] * 3)]
    lines += [row([one.name, figure(one.score.cells.f1), one.reason]) for one in faulty[:count]]
    return "\n".join(lines)


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(0x2502)) for cell in cells)} |"


def first_fault(read: Grid, answer: Grid) -> str:
    """Where a grid first differs from its answer, for a person."""
    for index, (row_, right) in enumerate(zip(read, answer, strict=False)):
        if row_ != right:
            return f"row {index}: read {shown(row_)}, right {shown(right)}"
    return f"{len(read)} rows read, {len(answer)} right"


def shown(cells: Sequence[str]) -> str:
    text = repr(list(cells))
    return text if len(text) <= 120 else f"{text[:120]}..."
