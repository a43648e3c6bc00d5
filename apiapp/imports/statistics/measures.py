"""What of a value is put on the axis of a histogram, as a number and back."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import F, FloatField, Func
from django.db.models.functions import Cast, Length

BARS = 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_S = 86_400
# The end of the last bar may lie behind the calendar's.
LATEST = (datetime.combine(date.max, datetime.min.time(), UTC) - EPOCH).total_seconds()


class Seconds(Func):
    """Of a date or a time, since 1970 began in UTC."""

    output_field = FloatField()
    template = "EXTRACT(EPOCH FROM %(expressions)s)::double precision"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "((julianday(%(expressions)s) - 2440587.5) * 86400.0)"
        return self.as_sql(compiler, connection, template=template, **context)


def as_number(attribute: str) -> Any:
    return Cast(F(attribute), FloatField())


def seconds(attribute: str) -> Any:
    return Seconds(F(attribute))


def length(attribute: str) -> Any:
    return Cast(Length(F(attribute)), FloatField())


def day_of(number: float) -> str:
    return (EPOCH.date() + timedelta(days=round(min(number, LATEST) / DAY_S))).isoformat()


def moment_of(number: float) -> str:
    moment = EPOCH + timedelta(seconds=round(min(number, LATEST)))
    return moment.isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Measure:
    """of: `values` or `lengths`.  unit: bars begin at multiples of it; 0 if they need not."""

    of: str
    expression: Callable[[str], Any]
    unit: float
    written: Callable[[float], Any]

    def bar_width(self, low: float, high: float) -> float:
        """Of at most BARS bars from `low` to `high`; 0 if there can be none."""
        span = high - low
        if not math.isfinite(span):
            return 0.0
        if not self.unit:
            return span / BARS or 1.0
        return math.ceil((span / self.unit + 1) / BARS) * self.unit


MEASURES: dict[str, Measure] = {
    "integer": Measure("values", as_number, 1.0, int),
    "decimal": Measure("values", as_number, 0.0, float),
    "float": Measure("values", as_number, 0.0, float),
    "date": Measure("values", seconds, float(DAY_S), day_of),
    "timestamp": Measure("values", seconds, 1.0, moment_of),
    "text": Measure("lengths", length, 1.0, int),
}
