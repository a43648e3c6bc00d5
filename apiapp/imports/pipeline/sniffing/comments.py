"""What lines above the table, or among its rows, begin with that are no part of it."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import takewhile

from apiapp.imports.pipeline.counted import counted
from apiapp.imports.pipeline.dialect import DELIMITERS, QUOTE
from apiapp.imports.pipeline.sniffing.decision import Decisions

COMMENT_LINES = 2000
LEAST_ROWS = 2  # that are no comments
COMMENTS = ("#", "//", "%", "--", "!", "REM ")


def sniff_comment(all_lines: Sequence[str], found: Decisions) -> None:
    """Decide `comment`: what lines above the table, or among its rows, begin with."""
    lines = [line for line in all_lines[:COMMENT_LINES] if line.strip()]
    for mark in COMMENTS:
        marked = [line for line in lines if line.startswith(mark)]
        above = list(takewhile(partial(begins_with, mark), lines))
        if not marked or len(marked) > len(lines) - LEAST_ROWS:
            continue
        if is_commented(above, lines) if above else are_remarks(marked, lines):
            told = counted(len(marked), "line begins", "lines begin")
            found.decide("comment", mark, f"{told} with {mark}", 0.8)
            return


def begins_with(mark: str, line: str) -> bool:
    return line.startswith(mark)


def is_commented(above: Sequence[str], lines: Sequence[str]) -> bool:
    """Whether the first lines are comments, and not names of columns."""
    return not is_header(above, lines) and (len(above) > 1 or has_spaces(above[0]))


def are_remarks(marked: Sequence[str], lines: Sequence[str]) -> bool:
    """Whether lines among the rows are not divided as nearly all rows are."""
    remarks = set(marked)
    rows = [line for line in lines if line not in remarks]
    counts = {mark: Counter(line.count(mark) for line in rows) for mark in DELIMITERS}
    usual = {mark: max(found, key=lambda count: found[count]) for mark, found in counts.items()}
    divides = [
        mark for mark, count in usual.items() if count and counts[mark][count] > len(rows) / 2
    ]
    is_other = all(line.count(mark) != usual[mark] for line in marked for mark in divides)
    if any(line.count(QUOTE) % 2 for line in marked):
        return False  # a cell begins in one of them
    are_whole = not any(mark in line for line in marked for mark in divides)
    return bool(divides) and is_other and (are_whole or all(map(has_spaces, marked)))


def is_header(above: Sequence[str], lines: Sequence[str]) -> bool:
    """Whether the last of the lines with a mark names columns: it is divided as the next line."""
    if not above or len(above) == len(lines):
        return False
    last, below = above[-1], lines[len(above)]
    return any(
        0 < last.count(mark) == below.count(mark)
        and (f"{mark} " in below or f"{mark} " not in last)  # else as in prose
        for mark in DELIMITERS
    )


def has_spaces(line: str) -> bool:
    return " " in line.strip()
