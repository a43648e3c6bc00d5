"""The filters of the rows in the admin: fields per type of column, and what is asked in words."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import partial
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apiapp.imports import row_query
from apiapp.imports.row_forms import DateCell, DecimalCell, FloatCell, IntegerCell, UUIDCell
from apiapp.imports.row_query import Condition
from apiapp.imports.rows import ColumnSpec

FORM_ID = "query"  # the inputs stand in a sheet of their own, outside of it


@dataclass(frozen=True, slots=True)
class Way:
    """One way to filter by a column.

    suffix: of the parameter's name, `price__from`.  words: between label and value.
    read: column and value -> what to ask for.
    """

    suffix: str
    words: Any
    field: Callable[..., forms.Field]
    read: Callable[[str, Any], Condition]


@dataclass(frozen=True, slots=True)
class Active:
    """A filter that is set: its parameter, and what it says."""

    parameter: str
    label: str
    words: Any
    value: Any


class LineField(forms.CharField):
    widget = UnfoldAdminTextInputWidget

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, max_length=500, **options)


class WordField(forms.ChoiceField):
    """A choice of words; none is like not asking."""

    widget = UnfoldAdminSelectWidget

    def __init__(self, words: Mapping[str, Any], **options: Any) -> None:
        self.words = words
        super().__init__(choices=[("", _("anything")), *words.items()], **options)


def comparing(operator: str, column: str, value: Any) -> Condition:
    return Condition(column, operator, (value,))


def containing(column: str, text: str) -> Condition:
    return Condition(column, "ilike", (row_query.contains(text),))


def from_day(column: str, day: Any) -> Condition:
    return Condition(column, "gte", (datetime.combine(day, time.min, UTC),))


def to_day(column: str, day: Any) -> Condition:
    """To the last microsecond of `day`."""
    return Condition(column, "lte", (datetime.combine(day, time.max, UTC),))


def being(column: str, word: str) -> Condition:
    if word in EMPTY_WORDS:
        return Condition(column, "is", (), is_negated=word == "filled")
    return Condition(column, "eq", (word == "true",))


def between(field: Callable[..., forms.Field]) -> tuple[Way, Way]:
    return (
        Way("from", _("from"), field, partial(comparing, "gte")),
        Way("to", _("to"), field, partial(comparing, "lte")),
    )


EMPTY_WORDS = {"empty": _("empty"), "filled": _("not empty")}
BOOLEAN_WORDS = {"true": _("yes"), "false": _("no"), **EMPTY_WORDS}
EMPTY = Way("is", _("is"), partial(WordField, EMPTY_WORDS), being)
WAYS: dict[str, tuple[Way, ...]] = {
    "text": (Way("contains", _("contains"), LineField, containing), EMPTY),
    "integer": (*between(IntegerCell), EMPTY),
    "decimal": (*between(DecimalCell), EMPTY),
    "float": (*between(FloatCell), EMPTY),
    "boolean": (Way("is", _("is"), partial(WordField, BOOLEAN_WORDS), being),),
    "date": (*between(DateCell), EMPTY),
    "timestamp": (
        Way("from", _("from"), DateCell, from_day),
        Way("to", _("to"), DateCell, to_day),
        EMPTY,
    ),
    "uuid": (Way("equals", _("equals"), UUIDCell, partial(comparing, "eq")), EMPTY),
    "json": (EMPTY,),
}


class FilterForm(forms.Form):
    """All filters of the `columns`, read out of an address; what is wrong there is not applied."""

    def __init__(self, columns: Iterable[ColumnSpec], data: Any) -> None:
        super().__init__(data)
        self._ways: dict[str, tuple[ColumnSpec, Way]] = {}
        for column in columns:
            for way in WAYS[column.type]:
                parameter = f"{column.name}__{way.suffix}"
                self._ways[parameter] = column, way
                self.fields[parameter] = way.field(label=way.words, required=False)
                self.fields[parameter].widget.attrs["form"] = FORM_ID
        self.is_valid()

    def conditions(self) -> tuple[Condition, ...]:
        return tuple(way.read(column.name, value) for _name, column, way, value in self._set())

    def active(self) -> list[Active]:
        return [
            Active(name, column.label, way.words, self._shown(name, value))
            for name, column, way, value in self._set()
        ]

    def groups(self) -> dict[ColumnSpec, list[forms.BoundField]]:
        """The fields of each column, in its order."""
        groups: dict[ColumnSpec, list[forms.BoundField]] = {}
        for name, (column, _way) in self._ways.items():
            groups.setdefault(column, []).append(self[name])
        return groups

    def _set(self) -> Iterator[tuple[str, ColumnSpec, Way, Any]]:
        for name, value in self.cleaned_data.items():
            if value is not None and value != "":
                yield name, *self._ways[name], value

    def _shown(self, name: str, value: Any) -> Any:
        field = self.fields[name]
        if isinstance(field, WordField):
            return field.words[value]
        return field.prepare_value(value)
