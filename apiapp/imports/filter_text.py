"""The text of `or=(a.eq.1,and(b.gt.2,c.in.(x,y)))`, cut where its commas are.  Plain text, no columns."""

import re

QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Unreadable(ValueError):
    """str() is the reason; position counts characters from 1."""

    def __init__(self, reason: str, *, position: int) -> None:
        super().__init__(f"{reason} at character {position}")
        self.position = position


def parts_of(text: str) -> list[str]:
    """What stands between the outermost brackets, at commas that are in no brackets or quotes.

    Raises Unreadable.
    """
    if not text.startswith("("):
        raise Unreadable("a list begins with (", position=1)
    parts, begun, depth, at = [], 1, 0, 0
    while at < len(text):
        quoted = QUOTED.match(text, at)
        if quoted:
            at = quoted.end()
            continue
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if (text[at] == "," and depth == 1) or depth == 0:
            parts.append(text[begun:at])
            begun = at + 1
        if depth == 0:
            break
        at += 1
    if depth:
        raise Unreadable("a bracket is not closed", position=len(text))
    if at + 1 < len(text):
        raise Unreadable("there is something behind the last bracket", position=at + 2)
    return parts


def unquoted(text: str) -> str:
    """The text in quotes, with `\\` before a quote or a backslash; any other as it is."""
    return ESCAPED.sub(r"\1", text[1:-1]) if QUOTED.fullmatch(text) else text
