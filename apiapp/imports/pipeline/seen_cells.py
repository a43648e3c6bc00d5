"""Some cells of one column, looked at in several ways, and what is plain to see of numbers."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from apiapp.imports.pipeline.column_matcher import column_matcher

Answer = TypeVar("Answer")

WHOLE = "-?(?:0|[1-9][0-9]{0,17}+)"
FRACTION = r"(?:\.[0-9]{1,100}+)?+"
NUMBER = rf"(?:{WHOLE}|-?(?=\.)){FRACTION}"
are_whole = column_matcher(WHOLE)
are_numbers = column_matcher(NUMBER)
are_short = column_matcher(rf"-?(?:0|[1-9][0-9]{{0,2}}){FRACTION}")


class SeenCells:
    """What several ask of the same cells is found out once."""

    def __init__(self, cells: Sequence[str]) -> None:
        self._all = cells
        self._answers: dict[Callable[[Sequence[str]], Any], Any] = {}

    @cached_property
    def cells(self) -> list[str]:
        """Those that are not empty, without spaces around."""
        return [stripped for cell in self._all if (stripped := cell.strip(" "))]

    def once(self, question: Callable[[Sequence[str]], Answer]) -> Answer:
        """What `question` says of `cells`."""
        if question not in self._answers:
            self._answers[question] = question(self.cells)
        answer: Answer = self._answers[question]
        return answer


def are_short_integers(seen: SeenCells) -> bool:
    """At most 18 digits, as infer.py has it: all that are so long fit into 64 bits."""
    return seen.once(are_whole)


def are_decimals(seen: SeenCells) -> bool:
    return are_short_integers(seen) or seen.once(are_numbers)


def are_below_thousand(seen: SeenCells) -> bool:
    """Decimals that have no use for a mark between thousands."""
    return seen.once(are_short)
