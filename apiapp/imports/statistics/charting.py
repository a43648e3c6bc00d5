"""What a chart of a column shows, computed by the database: how many rows, or the sum or the mean
of a column of numbers, for each period of its dates or for its most frequent values.

The cost is bounded as that of describing.py: by time, and by a sample where the rows are too many.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import Any

from django.db.models import Avg, CharField, Count, F, Func, Max, Min, QuerySet, Sum
from django.db.models.functions import Substr

from apiapp.imports import selection
from apiapp.imports.errors import BadRowQuery
from apiapp.imports.models import Dataset
from apiapp.imports.row_query import RowQuery
from apiapp.imports.rows import ROW_ID, rows_of
from apiapp.imports.statistics.describing import (
    EXACT_ROWS,
    NUMBERS,
    UNCOUNTED,
    Facts,
    drawn_ids,
    shown,
)
from apiapp.imports.statistics.measures import as_number
from apiapp.imports.statistics.patience import TooSlow, at_most, in_range
from apiapp.imports.statistics.periods import UNITS, UNITS_OF, Unit, finest, span

TOP = 25
POINTS_PROPOSED = 400  # as many as a screen shows side by side
POINTS_MAX = 2_000
COUNT, SUM, MEAN = "count", "sum", "mean"
MEASURES = {SUM: Sum, MEAN: Avg}
UNIT, MEASURE, OF = "_unit", "_measure", "_of"  # as no column is called


@dataclass(frozen=True, slots=True)
class Wish:
    """unit: of dates, "" for one that fits.  of: the column of numbers that is added up."""

    unit: str = ""
    measure: str = COUNT
    of: str = ""


class IsoText(Func):
    """A date or a time in UTC as 2026-01-31 23."""

    output_field = CharField()
    template = "to_char(%(expressions)s, 'YYYY-MM-DD HH24')"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="(%(expressions)s)", **context)


def agreed(wish: Wish, name: str, types: Mapping[str, str]) -> Wish:
    """`wish`, if the column `name` can be charted so.  Raises BadRowQuery."""
    units = UNITS_OF.get(types[name], ())
    if types[name] in UNCOUNTED:
        raise BadRowQuery(parameter=name, reason=f"values of {types[name]} are not compared")
    if wish.unit and wish.unit not in units:
        told = f"one of {', '.join(units)}" if units else "for columns of dates alone"
        raise BadRowQuery(parameter=UNIT, reason=f"is {told}")
    if wish.measure not in (COUNT, *MEASURES):
        raise BadRowQuery(parameter=MEASURE, reason=f"is one of {', '.join((COUNT, *MEASURES))}")
    if (wish.measure == COUNT) != (not wish.of):
        raise BadRowQuery(parameter=OF, reason="is the column of numbers of a sum or a mean")
    if wish.of and types.get(wish.of) not in NUMBERS:
        raise BadRowQuery(parameter=OF, reason=f"there is no column of numbers {wish.of!r}")
    return wish


def charted(
    *,
    dataset: Dataset,
    name: str,
    query: RowQuery,
    wish: Wish,
    types: Mapping[str, str],
    limit_s: float,
) -> Facts:
    """Raises BadRowQuery, and TooSlow if not even a sample is done in `limit_s`."""
    rows = selection.matching(rows_of(dataset), query, types).order_by()
    if dataset.row_count <= EXACT_ROWS:
        try:
            with at_most(limit_s):
                return {**points_of(rows, name, wish, types), "is_sampled": False}
        except TooSlow:
            pass
    with at_most(limit_s):
        sampled = rows.filter(row_id__in=drawn_ids(dataset))
        return {**points_of(sampled, name, wish, types), "is_sampled": True}


def points_of(rows: QuerySet[Any], name: str, wish: Wish, types: Mapping[str, str]) -> Facts:
    field = selection.attributes([name])[0]
    filled = rows.filter(**{f"{field}__isnull": False})
    edges = rows.aggregate(rows=Count(ROW_ID), filled=Count(field))
    facts: Facts = {
        "column": name,
        "type": types[name],
        "measure": wish.measure,
        "of": wish.of or None,
        "unit": None,
        "rows": edges["rows"],
        "empty": edges["rows"] - edges["filled"],
        "others": 0,
        "points": [],
    }
    if not edges["filled"]:
        return facts
    draw = over_time if types[name] in UNITS_OF else of_values
    drawn: Facts | None = in_range(partial(draw, filled, field, types[name], wish))
    if drawn is None:
        raise BadRowQuery(parameter=OF, reason="its numbers are too large to be added up")
    return facts | drawn


def measured(groups: QuerySet[Any], wish: Wish) -> QuerySet[Any]:
    """`groups` with how many rows each has, and what is measured of them if that is more."""
    counted = groups.annotate(count=Count(ROW_ID))
    if not wish.of:
        return counted.annotate(value=F("count"))
    number = as_number(selection.attributes([wish.of])[0])
    return counted.annotate(value=MEASURES[wish.measure](number))


# --- of dates ----------------------------------------------------------------------------------------------
def over_time(filled: QuerySet[Any], field: str, type_: str, wish: Wish) -> Facts:
    edges = filled.aggregate(low=Min(field), high=Max(field))
    low, high = edges["low"], edges["high"]
    unit = UNITS[wish.unit] if wish.unit else finest(low, high, type_, most=POINTS_PROPOSED)
    numbers = span(low, high, unit)
    if len(numbers) > POINTS_MAX:
        told = f"these would be {len(numbers):,} periods, and at most {POINTS_MAX:,} are drawn"
        raise BadRowQuery(parameter=UNIT, reason=told)
    letters = Substr(IsoText(F(field)), 1, unit.letters)
    groups = measured(filled.annotate(period=letters).values("period"), wish).order_by()
    found = {
        unit.number(period): (count, value)
        for period, count, value in groups.values_list("period", "count", "value")
    }
    return {"unit": unit.name, "points": list(periods(numbers, found, unit, wish))}


def periods(
    numbers: Iterable[int], found: Mapping[int, tuple[int, Any]], unit: Unit, wish: Wish
) -> Iterator[Facts]:
    """All of them: those without a row count for nothing, and have no mean."""
    nothing = (0, None if wish.measure == MEAN else 0)
    for number in numbers:
        count, value = found.get(number, nothing)
        yield {"at": unit.beginning(number), "count": count, "value": finite(value)}


# --- of values ---------------------------------------------------------------------------------------------
def of_values(filled: QuerySet[Any], field: str, type_: str, wish: Wish) -> Facts:
    """The most frequent values; others: how many rows have another one."""
    groups = measured(filled.values(group=F(field)), wish)
    top = list(groups.order_by("-count", "group")[:TOP])
    others = filled.count() - sum(each["count"] for each in top)
    points = [
        {
            "at": shown(type_, each["group"]),
            "count": each["count"],
            "value": finite(each["value"]),
        }
        for each in top
    ]
    return {"others": others, "points": points}


def finite(value: float | None) -> float | None:
    return value if value is None or isfinite(value) else None
