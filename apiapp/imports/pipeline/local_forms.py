"""Numbers and dates as people write them: 1.234,56 and 31.12.2025, by the form a column has.

A form is a short word, kept with the column: for numbers the decimal mark and then the mark between
thousands (",." for 1.234,56; ".," for 1,234.56; ", " for 1 234,56; ".'" for 1'234.56; "," for 1234,56);
for dates and timestamps the order: "ymd", "dmy", "mdy".  A column without one is written as
convert.py says, and nothing else.
"""

import re
from collections.abc import Callable, Sequence

from apiapp.imports.pipeline.column_matcher import column_matcher
from apiapp.imports.pipeline.seen_cells import (
    SeenCells,
    are_below_thousand,
    are_decimals,
    are_short_integers,
)

NUMBER_FORMS = (".,", ",.", ", ", ". ", ".'", ",'", ",")
DATE_ORDERS = ("ymd", "dmy", "mdy")
FORMS_OF = {
    "integer": NUMBER_FORMS,
    "decimal": NUMBER_FORMS,
    "float": NUMBER_FORMS,
    "date": DATE_ORDERS,
    "timestamp": DATE_ORDERS,
}
SPACES = " \u00a0\u202f\u2009"

Canonical = Callable[[str], str | None]

DAY = r"(0?[1-9]|[12][0-9]|3[01])"
MONTH = r"(0?[1-9]|1[0-2])"
YEAR = r"([0-9]{4})"
TIME = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]+)?)?(?: ?([AaPp])\.?[Mm]\.?)?"
ORDERS = {"ymd": (YEAR, MONTH, DAY), "dmy": (DAY, MONTH, YEAR), "mdy": (MONTH, DAY, YEAR)}


def canonical(type_: str, form: str) -> Canonical | None:
    """What turns a cell into what convert.py takes, or into None; None: cells stay as they are."""
    if form not in FORMS_OF.get(type_, ()):
        return None
    if type_ in ("date", "timestamp"):
        return dates(form, with_time=type_ == "timestamp")
    return numbers(form)


def numbers(form: str) -> Canonical:
    decimal, thousands = form[0], form[1:]
    marks = f"[{SPACES}]" if thousands == " " else re.escape(thousands)
    whole = rf"[0-9]{{1,3}}(?:{marks}[0-9]{{3}})+|[0-9]+" if thousands else "[0-9]+"
    match = re.compile(
        rf"([+-]?)({whole})(?:{re.escape(decimal)}([0-9]+))?([eE][+-]?[0-9]+)?"
    ).fullmatch
    strip = str.maketrans("", "", SPACES if thousands == " " else thousands)

    def as_canonical(cell: str) -> str | None:
        found = match(cell)
        if not found:
            return None
        sign, digits, fraction, exponent = found.groups()
        digits = digits.translate(strip)
        return f"{sign}{digits}{'.' + fraction if fraction else ''}{exponent or ''}"

    return as_canonical


def date_pattern(order: str, *, with_time: bool) -> str:
    parts = ORDERS[order]
    date = r"([-./])".join((parts[0], parts[1])) + r"\2" + parts[2]
    return date + (rf"(?:[T ]+{TIME})?" if with_time else "")


def dates(order: str, *, with_time: bool) -> Canonical:
    match = re.compile(date_pattern(order, with_time=with_time)).fullmatch
    place = {letter: (1, 3, 4)[order.index(letter)] for letter in "ymd"}

    def as_canonical(cell: str) -> str | None:
        found = match(cell)
        if not found:
            return None
        day = f"{found[place['y']]}-{found[place['m']]:0>2}-{found[place['d']]:0>2}"
        return f"{day}{time_of(found)}" if with_time else day

    return as_canonical


def time_of(found: re.Match[str]) -> str:
    hour, minute, second, fraction, half = found.groups()[4:]
    if hour is None:
        return ""
    if half:
        hour = str(int(hour) % 12 + (12 if half in "Pp" else 0))
    return f" {hour:0>2}:{minute}:{second or '00'}{fraction or ''}"


# --- which form a column has ---------------------------------------------------------------------
# At most 18 digits, as infer.py has it: all that are so long fit into 64 bits.
GROUPED = r"(?:[1-9][0-9]{0,2}(?:%s[0-9]{3}){1,5}|0|[1-9][0-9]{0,2})"
UNGROUPED = "(?:0|[1-9][0-9]{0,17})"
CELL_ENDS = r"(?=\n)"  # a column's matcher tries no other way once it has found one


def number_evidence(form: str) -> Callable[[Sequence[str]], bool]:
    """Stricter than `numbers`: no zeros in front, no thousands without their marks, no cell that
    would not fit.
    """
    decimal, thousands = re.escape(form[0]), form[1:]
    marks = f"[{SPACES}]" if thousands == " " else re.escape(thousands)
    whole = GROUPED % marks if thousands else UNGROUPED
    return column_matcher(rf"-?{whole}(?:{decimal}[0-9]{{1,100}})?{CELL_ENDS}")


def are_plain_in(form: str, seen: SeenCells) -> bool | None:
    """What number_evidence says of plain numbers; None of others: it has to be asked."""
    decimal, thousands = form[0], form[1:]
    # Where a dot is between thousands, 1.234 is a decimal only to who does not know.
    if not (are_short_integers(seen) if thousands == "." else are_decimals(seen)):
        return None
    if decimal != "." and not are_short_integers(seen):
        return False
    return not thousands or are_below_thousand(seen)


def fits(form: str, evidence: Callable[[Sequence[str]], bool], seen: SeenCells) -> bool:
    """What `evidence`, that of `form`, says of the cells."""
    plainly = are_plain_in(form, seen)
    return evidence(seen.cells) if plainly is None else plainly


def date_evidence(order: str, *, with_time: bool) -> Callable[[Sequence[str]], bool]:
    return column_matcher(date_pattern(order, with_time=with_time) + CELL_ENDS)


class LocalEvidence:
    """Which types and forms the cells of one column, shown in portions, leave possible.

    Where several remain that would read the cells differently, none is proposed: 01/02/2025 may be
    either day, and 1,234 a thousand or a bit more than one.
    """

    def __init__(self, *, decimal_mark: str = "", date_order: str = "") -> None:
        self._numbers = {
            form: number_evidence(form)
            for form in NUMBER_FORMS
            if not decimal_mark or form[0] == decimal_mark
        }
        self._dates = {
            (type_, order): date_evidence(order, with_time=type_ == "timestamp")
            for type_ in ("date", "timestamp")
            for order in DATE_ORDERS
            if not date_order or order == date_order
        }
        self._has_dots = False

    @property
    def is_possible(self) -> bool:
        return bool(self._numbers or self._dates)

    def add(self, seen: SeenCells) -> None:
        if self._numbers:
            self._numbers = {
                form: evidence
                for form, evidence in self._numbers.items()
                if fits(form, evidence, seen)
            }
        self._dates = {key: fit for key, fit in self._dates.items() if fit(seen.cells)}
        self._has_dots = self._has_dots or any("." in cell for cell in seen.cells[:10])

    def found(self, cells: Sequence[str]) -> tuple[str, str] | None:
        """Type and form; `cells`: some of those shown, to compare readings."""
        if self._dates:
            return self._date()
        readings = {form: tuple(map(numbers(form), cells)) for form in self._numbers}
        if not readings or len(set(readings.values())) > 1:
            return None
        form = min(readings, key=NUMBER_FORMS.index)
        has_fraction = any("." in (cell or "") for cell in readings[form])
        return ("decimal" if has_fraction else "integer"), form

    def _date(self) -> tuple[str, str] | None:
        type_ = min(type_ for type_, _ in self._dates)
        orders = [order for each, order in self._dates if each == type_]
        if len(orders) > 1 and self._has_dots and "dmy" in orders:
            return type_, "dmy"  # nobody writes the month first before a dot
        return (type_, orders[0]) if len(orders) == 1 else None
