"""Whether a carriage return alone ends a line, or is text within one."""

import re
from collections import Counter

from apiapp.imports.pipeline.dialect import DELIMITERS
from apiapp.imports.pipeline.lines import lines_of
from apiapp.imports.pipeline.sniffing.decision import Decisions

LEAST_FEEDS = 4  # line feeds for each lone return, or the file has ends of several kinds
FITTING_RATIO = 0.8
find_lone = re.compile(r"\r(?!\n)").findall


def sniff_line_end(text: str, found: Decisions) -> None:
    """Decide `line_end` where lone returns stand within lines that are whole with them.

    They are if such a line, up to its line feed, has as many delimiters as most others have.
    """
    lone = len(find_lone(text)) if "\r" in text else 0
    if not lone or lone * LEAST_FEEDS > text.count("\n"):
        return
    lines = lines_of(text, "\n")
    torn = [line for line in lines if find_lone(line)]
    for mark in DELIMITERS:
        usual, _ = Counter(line.count(mark) for line in lines).most_common(1)[0]
        fitting = sum(line.count(mark) == usual for line in torn)
        if usual and fitting > FITTING_RATIO * len(torn):
            reason = "lines have carriage returns in them, and are whole with them"
            found.decide("line_end", "\n", reason, 0.8)
            return
