"""What a person may want to know of a column before it is loaded: a cell that alone stands against a
type of numbers, and days that are written well and that no calendar has.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from apiapp.imports.pipeline.check import readable
from apiapp.imports.pipeline.convert import convert_column
from apiapp.imports.pipeline.local_forms import FORMS_OF
from apiapp.imports.pipeline.seen_cells import (
    NUMBER,
    WHOLE,
    SeenCells,
    are_decimals,
    are_short_integers,
)

NUMBERS_LEAST = 20  # fewer say nothing
ODD_RATIO_MOST = 0.05
DAYS_KEPT = 20_000  # different ones
SHOWN_CHARS = 60
ODD, NO_DAY = "odd", "no_day"
DATES = ("date", "timestamp")

is_whole = re.compile(WHOLE).fullmatch
is_number = re.compile(NUMBER).fullmatch


@dataclass(frozen=True, slots=True)
class Hint:
    """kind: ODD: `count` of the `sampled` cells all say `value`, and the others are of `type`.
    NO_DAY: the column is of `type`, and `count` cells as `value` would be refused.
    """

    column: str
    kind: str
    type: str
    value: str
    count: int
    sampled: int

    @property
    def shown(self) -> str:
        return readable(self.value)[:SHOWN_CHARS]

    @property
    def message(self) -> str:
        if self.kind == NO_DAY:
            return f"{self.shown!r} in {self.column} is no day of the calendar: it would be refused"
        numbers = (
            f"{self.sampled - self.count:,} of {self.sampled:,} sampled cells of {self.column}"
        )
        return f"{numbers} are numbers; {self.shown!r} is not"


class Doubts:
    """The cells of one column, shown in portions, and what in them stands alone."""

    def __init__(self) -> None:
        self._sampled = 0
        self._odd: Counter[str] = Counter()
        self._are_whole = True
        self._days: Counter[str] = Counter()
        self._may_be_numbers = self._may_be_days = True

    def add(self, seen: SeenCells) -> None:
        """What is no more in question is not looked at."""
        if not self._may_be_numbers and not self._may_be_days:
            return
        self._sampled += len(seen.cells)
        if seen.cells and self._may_be_numbers:
            self._look_for_numbers(seen)
        if seen.cells and self._may_be_days:
            self._look_for_days(seen.cells)

    def _look_for_numbers(self, seen: SeenCells) -> None:
        if are_short_integers(seen):
            return
        self._are_whole = self._are_whole and not any(
            is_number(cell) and not is_whole(cell) for cell in seen.cells
        )
        if are_decimals(seen):
            return
        for cell in seen.cells:
            if not is_number(cell):
                self._odd[cell] += 1
                if len(self._odd) > 1:
                    self._may_be_numbers = False
                    return

    def _look_for_days(self, seen: Sequence[str]) -> None:
        """Days begin and end with digits or an hour; a look at a few spares counting other texts."""
        self._may_be_days = all(cell[0].isdigit() for cell in seen[:10])
        if self._may_be_days and len(self._days) < DAYS_KEPT:
            self._days.update(seen)

    def hint(self, column: str, type_: str, form: str) -> Hint | None:
        """For the column of this label, for which the type and form are proposed."""
        if type_ == "text":
            return self._odd_hint(column)
        if type_ in DATES and form in FORMS_OF[type_]:
            return self._day_hint(column, type_, form)
        return None

    def _odd_hint(self, column: str) -> Hint | None:
        if not self._may_be_numbers or len(self._odd) != 1:
            return None
        ((value, count),) = self._odd.items()
        is_clear = self._sampled - count >= NUMBERS_LEAST
        if not is_clear or count > self._sampled * ODD_RATIO_MOST:
            return None
        type_ = "integer" if self._are_whole else "decimal"
        return Hint(column, ODD, type_, value, count, self._sampled)

    def _day_hint(self, column: str, type_: str, form: str) -> Hint | None:
        days = list(self._days)
        bad = [days[index] for index, _ in convert_column(type_, days, form)[1]]
        if not bad:
            return None
        count = sum(self._days[each] for each in bad)
        return Hint(column, NO_DAY, type_, bad[0], count, self._sampled)
