"""Contenders in turns, and the table of their medians."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.imports.loading.contenders import Contender, Run
from bench.imports.loading.measuring import LoadFailed
from bench.imports.loading.tables import Table


@dataclass(frozen=True)
class Turn:
    """Who loads which file."""

    name: str
    load: Contender
    table: Table


def compare(title: str, turns: Sequence[Turn], *, runs: int) -> None:
    """Run all in turns; print their medians, each beside the first."""
    print(f"\n  {title}", flush=True)
    found: dict[str, list[Run]] = {turn.name: [] for turn in turns}
    failures: dict[str, str] = {}
    for number in range(runs):
        for turn in turns if number % 2 == 0 else reversed(turns):
            if turn.name not in failures:
                try:
                    found[turn.name].append(turn.load(turn.table))
                except LoadFailed as failure:
                    failures[turn.name] = str(failure)
    for turn in turns:
        if turn.name in failures:
            print(f"    {turn.name:30} loads nothing: {failures[turn.name]}", flush=True)
        else:
            print(line(turn, found[turn.name], first=(turns[0], found[turns[0].name])), flush=True)


def line(turn: Turn, runs: Sequence[Run], *, first: tuple[Turn, Sequence[Run]]) -> str:
    took_s = median(runs, "seconds")
    ratio = rows_per_s(*first) / rows_per_s(turn, runs) if first[1] else 0.0
    spread = " ".join(f"{run.seconds:.2f}" for run in runs)
    return (
        f"    {turn.name:30} {rows_per_s(turn, runs):9,.0f} rows/s  {ratio:7.2f}"
        f"  {turn.table.rows:9,} rows in {took_s:6.2f} s ({spread})"
        f"  start {median(runs, 'started_s'):.2f} s  CPU {median(runs, 'cpu_s'):.2f} s"
        f"  peak {median(runs, 'peak_mib'):.0f} MiB{remarks(turn, runs[-1])}"
    )


def remarks(turn: Turn, run: Run) -> str:
    """What was refused, and in what the rows are not those of the file."""
    refused = f"  refused {run.rows_refused:,}" if run.rows_refused else ""
    differing = run.differing(turn.table)
    return f"{refused}  other than in the file: {', '.join(differing)}" if differing else refused


def rows_per_s(turn: Turn, runs: Sequence[Run]) -> float:
    return turn.table.rows / median(runs, "seconds")


def median(runs: Sequence[Run], name: str) -> float:
    return statistics.median(getattr(run, name) for run in runs)


def show_growth(title: str, grown: Iterable[tuple[Table, Run]]) -> None:
    """One line for each file, as it is loaded; its memory beside that of the file before."""
    print(f"\n  {title}", flush=True)
    before = 0.0
    for table, run in grown:
        ratio = f"{run.peak_mib / before:.2f} of the one before" if before else ""
        differing = run.differing(table)
        print(
            f"    {table.size_mib:6,.0f} MiB  {table.rows:10,} rows in {run.seconds:7.2f} s"
            f"  {table.rows / run.seconds:9,.0f} rows/s  CPU {run.cpu_s:.2f} s"
            f"  peak {run.peak_mib:.0f} MiB  {ratio}"
            f"{f'  other than in the file: {differing}' if differing else ''}",
            flush=True,
        )
        before = run.peak_mib
