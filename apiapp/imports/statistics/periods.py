"""Stretches of the calendar that are counted together, in UTC.

Each is known by the beginning of its ISO 8601 form: 2026-01 is a month, 202 a decade.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

HOURS_A_DAY = 24
MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Unit:
    """letters: how many of `2026-01-31 23` tell a period.  number: of a period, counted from the
    calendar's beginning.  beginning: of the period with a number, as rows show such values.
    """

    name: str
    letters: int
    number: Callable[[str], int]
    beginning: Callable[[int], str]


def day_number(letters: str) -> int:
    return date.fromisoformat(letters).toordinal()


def day_of(number: int) -> str:
    return date.fromordinal(number).isoformat()


def hour_number(letters: str) -> int:
    return day_number(letters[:10]) * HOURS_A_DAY + int(letters[11:])


def hour_of(number: int) -> str:
    day, hour = divmod(number, HOURS_A_DAY)
    return f"{day_of(day)}T{hour:02}:00:00Z"


def month_number(letters: str) -> int:
    return int(letters[:4]) * MONTHS_A_YEAR + int(letters[5:]) - 1


def month_of(number: int) -> str:
    year, month = divmod(number, MONTHS_A_YEAR)
    return f"{year:04}-{month + 1:02}-01"


def years(name: str, count: int, letters: int) -> Unit:
    return Unit(name, letters, int, lambda number: f"{number * count:04}-01-01")


UNITS = {
    unit.name: unit
    for unit in (
        Unit("hour", 13, hour_number, hour_of),
        Unit("day", 10, day_number, day_of),
        Unit("month", 7, month_number, month_of),
        years("year", 1, 4),
        years("decade", 10, 3),
        years("century", 100, 2),
    )
}
OF_DATES = ("day", "month", "year", "decade", "century")
UNITS_OF = {"date": OF_DATES, "timestamp": ("hour", *OF_DATES)}


def letters_of(value: date | datetime, unit: Unit) -> str:
    """What tells the period in which a value lies."""
    shown = value.astimezone(UTC) if isinstance(value, datetime) else value
    return shown.strftime(f"{value.year:04}-%m-%d %H")[: unit.letters]


def span(low: Any, high: Any, unit: Unit) -> range:
    """The numbers of all periods from that of `low` to that of `high`."""
    first, last = (unit.number(letters_of(value, unit)) for value in (low, high))
    return range(first, last + 1)


def finest(low: Any, high: Any, type_: str, *, most: int) -> Unit:
    """The finest unit that needs at most so many periods from `low` to `high`."""
    fitting = (UNITS[name] for name in UNITS_OF[type_])
    return next(unit for unit in fitting if len(span(low, high, unit)) <= most)
