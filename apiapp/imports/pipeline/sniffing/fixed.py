"""Files of fixed widths: cells that begin at the same place in every line."""

import re
from collections.abc import Sequence
from itertools import pairwise

from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.lines import without_end
from apiapp.imports.pipeline.sniffing.delimiters import Candidate, kinds_score
from apiapp.imports.pipeline.tolerant import TolerantParser

LEAST_LINES = 3
PADDED_RATIO = 0.6  # of the lines have two spaces in a row
STRAY_RATIO = 0.05  # of the lines may have a letter where the others have a gap
WEIGHT = 0.97
LEAST_UNPADDED = 3  # columns, each of them named
UNPADDED_WEIGHT = 0.3  # where nearly all gaps are of one space: nothing else may make a table
LINE_LIMIT_CHARS = 4000
RULED_SCORE = 1.0
RULE_LINES = 20  # within so many the rule below the names stands
MANY_LINES = 10  # where a gap of one space through all of them is no accident
is_rule = re.compile(r" *(?:-+|=+)(?: +(?:-+|=+))+ *").fullmatch


def fixed_candidate(lines: Sequence[str], known: Dialect) -> Candidate | None:
    """The widths that split `lines`, as a candidate; None where there are none."""
    texts = [without_end(line).rstrip(" ") for line in lines if line.strip()]
    texts = [text for text in texts if "\t" not in text and len(text) <= LINE_LIMIT_CHARS]
    if starts := ruled_starts(texts):
        dialect = known.changed({"widths": starts, "delimiter": "", "quote": "", "escape": ""})
        return Candidate(dialect, RULED_SCORE, len(starts), len(texts), len(texts), 0)
    if len(texts) < LEAST_LINES:
        return None
    padded, weight = [text for text in texts if "  " in text.strip()], WEIGHT
    starts = starts_of(texts)
    if len(padded) < max(LEAST_LINES, PADDED_RATIO * len(texts)):
        padded, weight = texts, UNPADDED_WEIGHT
        if len(starts) < LEAST_UNPADDED or len(texts[0]) <= starts[-1]:
            return None
    elif len(at_gaps := starts_of(padded)) > len(starts):
        starts = at_gaps  # titles and notes have no gaps
    if len(starts) < 2:
        return None
    dialect = known.changed({"widths": starts, "delimiter": "", "quote": "", "escape": ""})
    parsed = TolerantParser(dialect).parse(padded, width=0, is_last=True)
    filled = sum(bool(cell) for row in parsed.rows for cell in row) / (
        len(starts) * len(parsed.rows)
    )
    score = weight * kinds_score(parsed.rows, len(starts)) * len(padded) / len(texts) * filled**0.3
    return Candidate(dialect, score, len(starts), len(padded), len(texts), 0)


def ruled_starts(texts: Sequence[str]) -> tuple[int, ...]:
    """Where cells begin by the rule below their names: ---- ------; () where there is none."""
    pairs = pairwise(texts[:RULE_LINES])
    rules = (below for names, below in pairs if is_rule(below) and len(names) <= len(below))
    starts = [found.start() for found in re.finditer("[-=]+", next(rules, ""))]
    return (0, *starts[1:]) if starts else ()


def is_torn(line: str, starts: Sequence[int]) -> bool:
    """Whether `line` is prose: a word goes on from one cell to the next, and nothing is aligned."""
    if "  " in line.strip():
        return False
    return any(" " not in line[start - 1 : start + 1] and line[start:] for start in starts if start)


def starts_of(texts: Sequence[str]) -> tuple[int, ...]:
    """Where cells begin: after each gap that goes through all lines but a few.

    A gap of one space counts where there are lines enough to make it no accident, or where it
    stands beside numbers.  What only some long lines reach, below no name, is no column.
    """
    gaps = [gap for gap in gaps_of(texts) if not is_overhang(texts, gap[1])]
    ends = [0, *(end for _, end in gaps)]
    begins = [*(begin for begin, _ in gaps), max(map(len, texts))]
    starts = [0]
    for place, (begin, end) in enumerate(gaps):
        left, right = slice(ends[place], begin), slice(end, begins[place + 1])
        if end - begin > 1 or is_no_accident(texts, left, right, is_last=place == len(gaps) - 1):
            starts.append(start_after(texts, begin, end))
    return tuple(starts)


def gaps_of(texts: Sequence[str]) -> list[tuple[int, int]]:
    """From where to where there are spaces, between letters, in the first line and nearly all."""
    size = max(map(len, texts))
    inked = [0] * size
    for text in texts:
        for place, letter in enumerate(text):
            inked[place] += letter != " "
    allowed = int(STRAY_RATIO * len(texts))
    header = texts[0].ljust(size)
    drawn = "".join(
        " " if count <= allowed and letter == " " else "x"
        for count, letter in zip(inked, header, strict=True)
    )
    gaps = (found.span() for found in re.finditer(" +", drawn.rstrip()))
    return [(begin, end) for begin, end in gaps if begin]


def is_no_accident(texts: Sequence[str], left: slice, right: slice, *, is_last: bool) -> bool:
    """Whether a gap of one space parts cells: there are many lines, or names above single words of
    which one side are numbers.  The last cell may have several words.
    """
    first, *below = texts
    words_left, words_right = ([text[side].split() for text in below] for side in (left, right))
    if not any(words_right):
        return False
    if len(texts) >= MANY_LINES:
        return True
    if not first[left].strip() or not first[right].strip():
        return False
    if have_digits(words_left):
        return is_last or are_single(words_right)
    return are_single(words_left) and are_single(words_right) and have_digits(words_right)


def are_single(cells: Sequence[Sequence[str]]) -> bool:
    return all(len(words) <= 1 for words in cells)


def have_digits(cells: Sequence[Sequence[str]]) -> bool:
    """Whether every cell is one word with a digit in it, or empty."""
    return are_single(cells) and all(
        any(map(str.isdigit, word)) for words in cells for word in words
    )


def is_overhang(texts: Sequence[str], start: int) -> bool:
    return not texts[0][start:] and sum(len(text) > start for text in texts) * 2 < len(texts)


def start_after(texts: Sequence[str], begin: int, end: int) -> int:
    """Where the cell after the gap from `begin` to `end` begins: where the fewest words are torn.

    A number may be longer further down, so a cell that is aligned to the right has the gap before
    it too.
    """
    torn = {
        place: sum(" " not in text[place - 1 : place + 1] for text in texts if len(text) > place)
        for place in range(begin + 1, end + 1)
    }
    at_end = sum(len(text) > end and text[end] != " " for text in texts)
    places = reversed(torn) if at_end * 2 > len(texts) else iter(torn)
    return min(places, key=lambda place: torn[place])
