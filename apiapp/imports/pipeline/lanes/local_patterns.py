"""Numbers and dates in a form of their own (local_forms.py), as regular expressions of bytes for RE2.

What matches a date PostgreSQL reads as Python does, told the order of its parts.  What matches a
number is one to it once rewriting.py has been there.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from apiapp.imports.pipeline.lanes.patterns import FOURTH, VALUES, YEAR
from apiapp.imports.pipeline.local_forms import FORMS_OF, SPACES
from apiapp.imports.pipeline.schema import ColumnSpec

DATES = ("date", "timestamp")
DATE_MARKS = "-./"
TIME = (
    "(?:(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"
    "|(?:0?[1-9]|1[0-2]):[0-5][0-9](?::[0-5][0-9])? ?[AaPp][Mm])"
)
# Days, months and years that go together.
CALENDAR = (
    ("(?:0?[1-9]|[12][0-9]|3[01])", "(?:0?[13578]|1[02])", YEAR),
    ("(?:0?[1-9]|[12][0-9]|30)", "(?:0?[469]|11)", YEAR),
    ("(?:0?[1-9]|1[0-9]|2[0-8])", "0?2", YEAR),
    ("29", "0?2", f"(?:[0-9]{{2}}{FOURTH}|{FOURTH}00)"),
)


def form_of(column: ColumnSpec) -> str:
    """Empty where it says nothing to the column's type, as in local_forms.canonical."""
    return column.form if column.form in FORMS_OF.get(column.type, ()) else ""


def kind(column: ColumnSpec) -> str:
    """What VALUES_BY_KIND has a pattern for: the type, and the form if there is one."""
    return f"{column.type} {form}" if (form := form_of(column)) else column.type


def by_kind(columns: Sequence[ColumnSpec]) -> list[ColumnSpec]:
    return [replace(column, type=kind(column)) for column in columns]


def date_order(columns: Sequence[ColumnSpec]) -> str | None:
    """In which order PostgreSQL has to read dates; None where columns differ in it."""
    orders = {form for each in columns if each.type in DATES and (form := form_of(each))}
    return min(orders, default="ymd") if len(orders) < 2 else None


def value(type_: str, form: str) -> str:
    if type_ == "integer":
        return integer(form)
    if type_ in DATES:
        return date(form) if type_ == "date" else f"(?:{date(form)}(?:[T ]{TIME})?)"
    return number(form)


def date(order: str) -> str:
    """Of a day that exists."""
    days = [
        re.escape(mark).join({"d": day, "m": month, "y": year}[part] for part in order)
        for mark in DATE_MARKS
        for day, month, year in CALENDAR
    ]
    return f"(?:{'|'.join(days)})"


def number(form: str) -> str:
    grouped = f"[0-9]{{1,3}}(?:{thousands(form)}[0-9]{{3}}){{1,4}}|" if form[1:] else ""
    return f"(?:-?(?:{grouped}[0-9]{{1,15}})(?:{re.escape(form[0])}[0-9]{{1,15}})?)"


def integer(form: str) -> str:
    """Of at most 18 digits: they fit into 64 bits."""
    grouped = f"-?[1-9][0-9]{{0,2}}(?:{thousands(form)}[0-9]{{3}}){{1,5}}|" if form[1:] else ""
    return f"(?:{grouped}{VALUES['integer']})"


def thousands(form: str) -> str:
    """No class of characters: spaces may have several bytes."""
    return f"(?:{'|'.join(map(re.escape, SPACES if form[1:] == ' ' else form[1:]))})"


VALUES_BY_KIND = VALUES | {
    f"{type_} {form}": value(type_, form) for type_, forms in FORMS_OF.items() for form in forms
}
