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

SHOWN_CELLS = 1000  # of a column, to see whether two local forms read them alike
Rule = Callable[[Sequence[str]], bool]
VOCABULARIES = ({"true", "false"}, {"yes", "no"}, {"t", "f"})
ONE_WORD_IS_ENOUGH = VOCABULARIES[0]

WHOLE = "-?(?:0|[1-9][0-9]{0,17}+)"
NUMBER = rf"(?:{WHOLE}|-?(?=\.))(?:\.[0-9]{{1,100}}+)?+"
are_short_integers = column_matcher(WHOLE)
are_integers = column_matcher("-?(?:0|[1-9][0-9]{0,18}+)")
are_decimals = column_matcher(NUMBER)
are_floats = column_matcher(rf"{NUMBER}(?:[eE][+-][0-9]{{1,3}})?+")
are_uuids = column_matcher(rf"(?i:{convert.UUID})")
start_as_json = column_matcher(r"[\[{][^\n]*+")


def integers(cells: Sequence[str]) -> bool:
    return are_short_integers(cells) or (are_integers(cells) and all_convert("integer", cells))


def floats(cells: Sequence[str]) -> bool:
    return are_floats(cells) and all(map(math.isfinite, map(float, cells)))


def booleans(cells: Sequence[str]) -> bool:
    return any(words.issuperset(map(str.lower, set(cells))) for words in VOCABULARIES)


def json_values(cells: Sequence[str]) -> bool:
    return all(cell[0] in "[{" for cell in cells) and all_convert("json", cells)


def dates(cells: Sequence[str]) -> bool:
    return convert.date_all(cells) is not None


def timestamps(cells: Sequence[str]) -> bool:
    """A date is one, too; what is all the same is quickly seen."""
    is_plain = dates(cells) or convert.timestamp_all(cells) is not None
    return is_plain or all_convert("timestamp", cells)


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
    "uuid": are_uuids,
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

    def add(self, cells: Sequence[str]) -> None:
        if not self._possible and not self._local.is_possible:
            return
        seen = [stripped for cell in cells if (stripped := cell.strip(" "))]
        if not seen:
            return
        self._is_empty = False
        self._local.add(seen)
        self._shown += seen[: max(0, SHOWN_CELLS - len(self._shown))]
        self._possible = [type_ for type_ in self._possible if RULES[type_](seen)]
        if "boolean" in self._possible:
            self._words.update(map(str.lower, seen))

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
    evidence.add(cells)
    return evidence.type()
