"""How well a grid of cells was read, beside the right one: header, records and cells.

Each is precision and recall: the share of what was read that is right, and of what is right that
was read.  Header (the first row) and records (whole rows) are compared as multisets.  Cells count
where they stand: rows are aligned so that the most cells agree, and within aligned rows the n-th
cell is compared with the n-th.  Empty cells at the end of a row count for nothing, on either side.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice, takewhile

from bench.imports.reading.draft import Grid
from bench.imports.reading.tables import Row

# Blocks of rows that differ are aligned by dynamic programming up to this many pairs, else in turn.
ALIGNED_PAIRS = 40_000
# Above this many rows that differ, equal rows are no longer looked for.
MATCHED_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Share:
    """matched of read (precision) and of expected (recall)."""

    matched: int
    read: int
    expected: int

    @property
    def precision(self) -> float:
        return self.matched / self.read if self.read else float(not self.expected)

    @property
    def recall(self) -> float:
        return self.matched / self.expected if self.expected else float(not self.read)

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Score:
    header: Share
    records: Share
    cells: Share

    @property
    def is_exact(self) -> bool:
        return self.cells.f1 == 1.0 and self.records.f1 == 1.0


def best_score(read: Grid, answers: Iterable[Grid]) -> Score:
    """The score beside the answer that suits best."""
    scores = [score(read, answer) for answer in answers]
    return max(scores, key=lambda each: (each.cells.f1, each.records.f1, each.header.f1))


def nothing_read(answers: Sequence[Grid]) -> Score:
    """The score of a contender that failed."""
    none = score([], answers[0])
    if none.cells.expected:
        return none
    failed = Share(0, 1, 1)
    return Score(failed, failed, failed)


def score(read: Grid, answer: Grid) -> Score:
    was = [trimmed(row) for row in read]
    right = [trimmed(row) for row in answer]
    return Score(
        header=common(was[0] if was else (), right[0] if right else ()),
        records=common(was[1:], right[1:]),
        cells=Share(agreeing(was, right), sum(map(len, was)), sum(map(len, right))),
    )


def trimmed(row: Row) -> tuple[str, ...]:
    """The row without the empty cells at its end; line ends within cells as LF."""
    cells = [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def common(read: Sequence[object], answer: Sequence[object]) -> Share:
    both = Counter(read) & Counter(answer)
    return Share(both.total(), len(read), len(answer))


def agreeing(read: Sequence[tuple[str, ...]], answer: Sequence[tuple[str, ...]]) -> int:
    """How many cells agree when the rows are aligned."""
    first = count_equal(zip(read, answer, strict=False))
    rest = min(len(read), len(answer)) - first
    last = count_equal(islice(zip(reversed(read), reversed(answer), strict=False), rest))
    equal = sum(map(len, read[:first])) + sum(map(len, read[len(read) - last :]))
    return equal + agreeing_middle(
        read[first : len(read) - last], answer[first : len(answer) - last]
    )


def count_equal(pairs: Iterable[tuple[object, object]]) -> int:
    """How many pairs are equal before the first that is not."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def agreeing_middle(read: Sequence[tuple[str, ...]], answer: Sequence[tuple[str, ...]]) -> int:
    if max(len(read), len(answer)) > MATCHED_ROWS:
        return agreeing_block(read, answer)
    found = 0
    for what, i1, i2, j1, j2 in SequenceMatcher(None, read, answer, autojunk=False).get_opcodes():
        if what == "equal":
            found += sum(map(len, read[i1:i2]))
        else:
            found += agreeing_block(read[i1:i2], answer[j1:j2])
    return found


def agreeing_block(read: Sequence[tuple[str, ...]], answer: Sequence[tuple[str, ...]]) -> int:
    """The most cells that agree for any alignment in order; in turn where that costs too much."""
    if len(read) * len(answer) > ALIGNED_PAIRS or len(read) == len(answer) == 1:
        return sum(map(agreeing_cells, read, answer))
    best = [0] * (len(answer) + 1)
    for row in read:
        above = best
        best = [0]
        for index, right in enumerate(answer):
            pair = above[index] + agreeing_cells(row, right)
            best.append(max(pair, above[index + 1], best[index]))
    return best[-1]


def agreeing_cells(row: tuple[str, ...], right: tuple[str, ...]) -> int:
    return sum(one == other for one, other in zip(row, right, strict=False))
