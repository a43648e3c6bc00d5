"""Which marks may stand between cells: what occurs in enough of the lines, and is no part of values."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from apiapp.imports.pipeline.dialect import is_delimiter
from apiapp.imports.pipeline.tolerant import is_drawn_line, is_padded

LEAST_RATIO = 0.4  # of the rows: below it a delimiter only happens to occur in the text
PADDED_LINES_RATIO = 0.8  # begin with a space
CLOCKS_RATIO = 0.9  # of the lines tell the time of day
DRAWN_BAR = " | "
PAIR = ": "  # a name and its value, one on each line
USUAL = ",;\t|:^~\x01\x02\x14\x1c\x1d\x1e\x1f¦§"
RARE = " #&*/!@=+?"
# Of other keyboards, and of programs that take a mark nobody types; only where the first line has it.
FOREIGN = "，；、｜،؛·•¬¶│‖→\u00a0\u2002\u2003\u3000"
find_long = re.compile(r"[^\w\s\"'.,;()\[\]{}+-]{2,4}| [,;|│&#~•·¦] |[,;|:] |;;|,,|\t\t").findall
within_values = {
    ":": re.compile(r"(?<=\d):(?=\d\d(?!\d))|(?<=[a-z]):(?=//)"),
    "/": re.compile(r"(?<=\d)/(?=\d)|(?<=[:/])/|/(?=/)"),
    "=": re.compile(r"(?<!\S)[\w.]+=(?=\S)"),
    "\u00a0": re.compile(r"(?<=\d)\u00a0(?=\d{3})"),
}
without_quoted = re.compile(r"\"[^\"\n]*+\"|'[^'\n]*+'").sub
find_clock = re.compile(
    r"(?<![\d:.,/-])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?![\d:/-])|(?![\d:./-]))"
).search


def is_rare(mark: str) -> bool:
    """Whether it needs better proof than others: it is common in text."""
    letter = mark.strip(" ") or " "
    return letter in RARE or letter in FOREIGN


def likely_delimiters(lines: Sequence[str]) -> list[str]:
    """What occurs in enough of the lines, quoted cells left out, be they of one line or several."""
    text = "".join(lines)
    ways = (re.sub(r'"[^"\n]*+"', '""', text), re.sub(r'"[^"]*+(?:"|\Z)', '""', text))
    found = [mark for way in ways for mark in frequent_marks(way.splitlines())]
    return [*dict.fromkeys(found)]


def frequent_marks(lines: Sequence[str]) -> Iterator[str]:
    """Of `|` and `||` the longer where it is always doubled."""
    lines = [line for line in lines if line.strip()]
    least = LEAST_RATIO * len(lines)
    long = Counter(mark for line in lines for mark in set(find_long(line)))
    are_padded = sum(line[:1] == " " for line in lines) > PADDED_LINES_RATIO * len(lines)
    is_text = are_padded and not any(map(is_drawn_line, lines))  # so spaces are part of cells
    often = [
        mark
        for mark, count in long.items()
        if count >= least and not (is_text and mark[-1] == " ") and is_delimiter(mark)
    ]
    if any(line.count(PAIR) > 1 for line in lines):
        often = [mark for mark in often if mark != PAIR]
    drawn = "\n".join(f" {line.strip()} " for line in lines if not is_drawn_line(line))
    text = "\n".join(lines)
    whole = [mark for mark in often if is_always(mark, drawn if is_padded(mark) else text)]
    if any("|" in line and is_drawn_line(line) for line in lines):
        yield DRAWN_BAR  # be the cells padded or not
    yield from (mark for mark in often if mark not in whole and is_even(mark, lines))
    yield from whole
    foreign = [mark for mark in FOREIGN if lines and mark in lines[0]]
    for mark in (*USUAL, *RARE, *foreign):
        if any(mark in one and mark != " " and one.strip() != mark for one in whole):
            continue
        if sum(mark in line for line in lines) >= least > 0:
            yield mark


def is_always(mark: str, text: str) -> bool:
    """Whether the first character that is no space never occurs but in `mark`."""
    letter = mark.strip(" ")[0]
    return text.count(letter) <= text.count(mark) * mark.count(letter) * 1.02


def is_even(mark: str, lines: Sequence[str]) -> bool:
    """Whether a doubled mark occurs as often in nearly all lines, and its first letter hardly more
    often alone, as the colon in `root:x:0:0::/root:/bin/sh`.
    """
    counts = Counter(line.count(mark) for line in lines)
    alone = sum(line.count(mark[0]) for line in lines) / mark.count(mark[0])
    is_mostly = alone <= 2 * sum(line.count(mark) for line in lines)
    return " " not in mark and is_mostly and max(counts.values()) > 0.9 * len(lines)


def is_within_values(lines: Sequence[str], delimiter: str) -> bool:
    """Whether a mark stands within dates and times more often than between cells."""
    if delimiter not in within_values:
        return False
    text = "".join(lines)
    return len(within_values[delimiter].findall(text)) * 2 > text.count(delimiter)


def is_of_clocks(lines: Sequence[str], delimiter: str) -> bool:
    """Whether a colon would tear the time of day in nearly every line of a log; colons between
    names are no part of times.
    """
    if delimiter != ":":
        return False
    has_clock = [bool(find_clock(without_quoted("", line))) for line in lines]
    is_named = ":" in lines[0] and not has_clock[0]
    return not is_named and sum(has_clock) > CLOCKS_RATIO * (len(lines) - 1)
