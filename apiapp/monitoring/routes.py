"""What a path is counted under: its pattern, never the path itself, of which there are too many."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.contrib.admindocs.utils import replace_metacharacters, replace_named_groups
from django.urls.resolvers import RegexPattern

UNKNOWN = "(unknown)"
LONGEST_KEPT = 200  # characters of a path that is remembered
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
REST = "*"


@dataclass(slots=True)
class Node:
    """What may follow a part of a path.  name: of the route that ends here; empty: none."""

    name: str = ""
    parts: dict[str, "Node"] = field(default_factory=dict)
    parameter: "Node | None" = None


class Routes:
    """Finds routes by paths, in some microseconds: Django would try one pattern after the other.

    Literal parts go before parameters.  A parameter takes one part, of any form: what its
    converter refuses is counted with what it takes.  A route that ends with `*` takes all below.
    """

    def __init__(self, spelled: Iterable[str]) -> None:
        """`spelled`: `api/jobs/<int:job_id>/`, `static/*`, ..."""
        self._root = Node()
        for route in spelled:
            self._add(route)
        self._known = lru_cache(maxsize=4096)(self._find)

    def name_of(self, path: str) -> str:
        """Such as `/api/jobs/{job_id}`; with and without a slash at its end it is the same."""
        return self._known(path) if len(path) <= LONGEST_KEPT else self._find(path)

    def _add(self, route: str) -> None:
        name = "/" + PARAMETER.sub(r"{\1}", route).strip("/")
        node = self._root
        for part in parts_of(name):
            if not part.startswith("{"):
                node = node.parts.setdefault(part, Node())
                continue
            if node.parameter is None:
                node.parameter = Node()
            node = node.parameter
        node.name = node.name or name

    def _find(self, path: str) -> str:
        return name_below(self._root, parts_of(path)) or UNKNOWN


def parts_of(path: str) -> list[str]:
    stripped = path.removeprefix("/").removesuffix("/")
    return stripped.split("/") if stripped else []


def name_below(node: Node, parts: Sequence[str]) -> str:
    if not parts:
        return node.name
    first, rest = parts[0], parts[1:]
    literal = node.parts.get(first)
    if literal and (found := name_below(literal, rest)):
        return found
    if node.parameter and first and (found := name_below(node.parameter, rest)):
        return found
    below = node.parts.get(REST)
    return below.name if below else ""


def spelled_in(patterns: Iterable[Any], before: str = "") -> Iterator[str]:
    """The routes of a URLconf's patterns, as Routes takes them."""
    for each in patterns:
        route = before + spelling_of(each.pattern)
        below = getattr(each, "url_patterns", None)
        if below is None:
            yield route
        else:
            yield from spelled_in(below, route)


def spelling_of(pattern: Any) -> str:
    """Of a regular expression the names of its groups."""
    if not isinstance(pattern, RegexPattern):
        return str(pattern)
    return replace_metacharacters(replace_named_groups(str(pattern)))
