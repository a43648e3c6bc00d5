"""Score how well messy files are read, cell by cell, beside other readers, in one run.

    python -m bench.imports.reading [--seed 7] [--only Sluice DuckDB] [--limit-s 10] [--keep FOLDER]
    python -m bench.imports.reading --corpus FOLDER --answers FOLDER [--worst 20]

The first makes our own corpus (`messes.py`) in a temporary folder, or in the one to be kept.  The
second scores a corpus of somebody else: files, and their right CSVs by the same names.  Sluice runs
as `manage.py convert`; each peer as its manual says, with its cells asked for as text.  A file that
a contender does not read, or not in time, counts as 0.
"""

import argparse
import csv
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench.imports.reading.contenders import OURS, PEERS, Contender, contenders
from bench.imports.reading.corpus import names, read_grid, right_readings, write_corpus
from bench.imports.reading.messes import messy_files
from bench.imports.reading.report import Result, by_class, first_fault, worst
from bench.imports.reading.scoring import best_score, nothing_read

CELL_CHARS = 1 << 26  # of a cell in somebody's answer


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=[OURS, *PEERS], default=[OURS, *PEERS])
    parser.add_argument("--limit-s", type=float, default=10.0, help="for a file")
    parser.add_argument("--keep", type=Path, help="a folder for all files that are made")
    parser.add_argument("--corpus", type=Path, help="files of somebody else")
    parser.add_argument("--answers", type=Path, help="their right CSVs by the same names")
    parser.add_argument("--worst", type=int, default=20, help="how many of our faults to show")
    asked = parser.parse_args()
    if bool(asked.corpus) != bool(asked.answers):
        parser.error("--corpus and --answers go together")
    return asked


def run(name: str, contender: Contender, files: Path, answers: Path, out: Path) -> list[Result]:
    out.mkdir()
    started = time.perf_counter()
    failures = contender(files, out)
    seconds = time.perf_counter() - started
    results = [
        result_of(each, out, answers, failures.get(each, "")) for each in names(files, answers)
    ]
    print(f"{name}: {len(results)} files, {len(failures)} refused, {seconds:.1f} s", flush=True)
    return results


def result_of(name: str, out: Path, answers: Path, failure: str) -> Result:
    right = right_readings(answers, name)
    read = out / name if (out / name).exists() else out / f"{Path(name).stem}.csv"
    if failure or not read.exists():
        return Result(name, nothing_read(right), failure or "no answer")
    grid = read_grid(read)
    score = best_score(grid, right)
    return Result(name, score, "" if score.is_exact else first_fault(grid, right[0]))


def main() -> None:
    asked = arguments()
    csv.field_size_limit(CELL_CHARS)
    with ExitStack() as stack:
        folder = asked.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-"))
        )
        files, answers = asked.corpus, asked.answers
        if files is None:
            files, answers = folder / "files", folder / "answers"
            for each in (files, answers):
                shutil.rmtree(each, ignore_errors=True)
                each.mkdir(parents=True, exist_ok=True)
            write_corpus(messy_files(asked.seed), files, answers)
        out = folder / "read"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        results = {
            name: run(name, contender, files, answers, out / name)
            for name, contender in contenders(asked.only, limit_s=asked.limit_s).items()
        }
    print(f"\n{by_class(results)}")
    if OURS in results and asked.worst:
        print(f"\nFaults of {OURS}, the worst first:\n\n{worst(results[OURS], count=asked.worst)}")


if __name__ == "__main__":
    main()
