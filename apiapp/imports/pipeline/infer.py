"""Which type a column's cells speak for.

Stricter than convert.py: a type is proposed only if no cell would lose anything by it.  `007`,
`+49`, `12E5` and a number beyond 64 bits stay text; so do `NO` or `f` alone, which need not be
answers.  The person may still choose another type.
"""

import math
from collections.abc import Callable, Sequence

from apiapp.imports.pipeline import convert
from apiapp.imports.pipeline.column_matcher import column_matcher
from apiapp.imports.pipeline.local_forms import LocalEvidence
from apiapp.imports.pipeline.seen_cells import (
    NUMBER,
    SeenCells,
    are_decimals,
    are_short_integers,
)

SHOWN_CELLS = 1000  # of a column, to see whether two local forms read them alike
Rule = Callable[[SeenCells], bool]
VOCABULARIES = ({"true", "false"}, {"yes", "no"}, {"t", "f"})
ONE_WORD_IS_ENOUGH = VOCABULARIES[0]

are_integers = column_matcher("-?(?:0|[1-9][0-9]{0,18}+)")
are_floats = column_matcher(rf"{NUMBER}(?:[eE][+-][0-9]{{1,3}})?+")
are_uuids = column_matcher(rf"(?i:{convert.UUID})")


def integers(seen: SeenCells) -> bool:
    return are_short_integers(seen) or (
        are_integers(seen.cells) and all_convert("integer", seen.cells)
    )


def floats(seen: SeenCells) -> bool:
    """Decimals are too short to be infinite."""
    return are_decimals(seen) or (
        are_floats(seen.cells) and all(map(math.isfinite, map(float, seen.cells)))
    )


def booleans(seen: SeenCells) -> bool:
    words = set(seen.cells)
    return any(known.issuperset(map(str.lower, words)) for known in VOCABULARIES)


def uuids(seen: SeenCells) -> bool:
    return are_uuids(seen.cells)


def json_values(seen: SeenCells) -> bool:
    return all(cell[0] in "[{" for cell in seen.cells) and all_convert("json", seen.cells)


def dates(seen: SeenCells) -> bool:
    return seen.once(convert.date_all) is not None


def timestamps(seen: SeenCells) -> bool:
    """A date is one, too; what is all the same is quickly seen."""
    is_plain = dates(seen) or convert.timestamp_all(seen.cells) is not None
    return is_plain or all_convert("timestamp", seen.cells)


def all_convert(type_: str, cells: Sequence[str]) -> bool:
    try:
        for cell in cells:
            convert.convert_cell(type_, cell)
    except convert.BadCell:
        return False
    return True


# The first that fits is proposed.
RULES: dict[str, Rule] = {
    "boolean": booleans,
    "integer": integers,
    "decimal": are_decimals,
    "float": floats,
    "date": dates,
    "timestamp": timestamps,
    "uuid": uuids,
    "json": json_values,
}


class Evidence:
    """What the cells of one column, shown in portions, leave possible."""

    def __init__(self, *, decimal_mark: str = "", date_order: str = "") -> None:
        """Both: asked of the local forms of numbers and dates; "": the cells decide."""
        self._local = LocalEvidence(decimal_mark=decimal_mark, date_order=date_order)
        self._shown: list[str] = []
        self._possible = list(RULES)
        self._is_empty = True
        self._words: set[str] = set()

    def add(self, seen: SeenCells) -> None:
        if not self._possible and not self._local.is_possible:
            return
        if not seen.cells:
            return
        self._is_empty = False
        self._local.add(seen)
        self._shown += seen.cells[: max(0, SHOWN_CELLS - len(self._shown))]
        self._possible = [type_ for type_ in self._possible if RULES[type_](seen)]
        if "boolean" in self._possible:
            self._words.update(map(str.lower, set(seen.cells)))

    def type(self) -> str:
        """The first type still possible; text where there is none, or was no cell."""
        if self._is_empty:
            return "text"
        for type_ in self._possible:
            if type_ != "boolean" or self._are_answers():
                return type_
        return "text"

    def local_type(self) -> tuple[str, str]:
        """The type and the form of the column's numbers and dates, where they have one."""
        type_ = self.type()
        if type_ != "text" or self._is_empty:
            return type_, ""
        return self._local.found(self._shown) or (type_, "")

    def _are_answers(self) -> bool:
        return self._words <= ONE_WORD_IS_ENOUGH or self._words in VOCABULARIES


def type_of(cells: Sequence[str]) -> str:
    """The type that all of `cells` speak for."""
    evidence = Evidence()
    evidence.add(SeenCells(cells))
    return evidence.type()
