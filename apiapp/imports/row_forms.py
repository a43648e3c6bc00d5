"""The form of one row in the admin: a field per column, which gives back exactly what it was given."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from apiapp.imports import values
from apiapp.imports.models import Column
from apiapp.imports.row_json import NUL_IN_JSON
from apiapp.imports.rows import ColumnSpec, attribute

Row = Mapping[str, Any]


class CellTextarea(UnfoldAdminExpandableTextareaWidget):
    def format_value(self, value: Any) -> str | None:
        text = super().format_value(value)
        return f"\n{text}" if text and text.startswith("\n") else text  # browsers drop the first


class TextCell(forms.CharField):
    """Text with its white space; browsers send line ends as CR LF, whatever they were."""

    widget = CellTextarea

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, empty_value=None, **options)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text if text is None else text.replace("\r\n", "\n")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(initial and initial.replace("\r\n", "\n"), data)


class IntegerCell(forms.IntegerField):
    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"})

    def __init__(self, **options: Any) -> None:
        low, high = values.INT64[0], values.INT64[-1]
        super().__init__(min_value=low, max_value=high, **options)


class DecimalCell(forms.DecimalField):
    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def prepare_value(self, value: Any) -> Any:
        return f"{value:f}" if isinstance(value, Decimal) else value

    def to_python(self, value: Any) -> Any:
        number = super().to_python(value)
        try:
            return number if number is None else values.short_enough(number)
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


class FloatCell(forms.FloatField):
    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"})


class BooleanCell(forms.NullBooleanField):
    CHOICES = (("unknown", "—"), ("true", _("Yes")), ("false", _("No")))

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=UnfoldAdminSelectWidget(choices=self.CHOICES), **options)

    def prepare_value(self, value: Any) -> Any:
        return {True: "true", False: "false", None: "unknown"}.get(value, value)

    def validate(self, value: Any) -> None:
        if value is None and self.required:
            raise ValidationError(self.error_messages["required"], code="required")


class WrittenCell(forms.Field):
    """A value that is written as in an address (values.py): nothing of it depends on a locale."""

    type_ = ""

    def prepare_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, str) else values.write(value)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values or not isinstance(value, str):
            return value or None
        try:
            return values.read(self.type_, value.strip())
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


class DateCell(WrittenCell):
    type_ = "date"
    widget = UnfoldAdminTextInputWidget(attrs={"type": "date"})
    default_error_messages = {"invalid": _("Enter a date like 2026-01-31.")}


class TimestampCell(WrittenCell):
    type_ = "timestamp"
    widget = UnfoldAdminTextInputWidget(
        attrs={"autocomplete": "off", "placeholder": "2026-01-31 23:59:59"}
    )
    default_error_messages = {"invalid": _("Enter a time like 2026-01-31 23:59:59, in UTC.")}

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
        return value


class UUIDCell(WrittenCell):
    type_ = "uuid"
    widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"})
    default_error_messages = {"invalid": _("Enter a valid UUID.")}


class JSONCell(forms.JSONField):
    widget = CellTextarea(attrs={"class": "rows-code", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        if value is None or isinstance(value, forms.fields.InvalidJSONInput):
            return value
        return json.dumps(value, ensure_ascii=False, indent=2)

    def validate(self, value: Any) -> None:
        super().validate(value)
        if NUL_IN_JSON.search(json.dumps(value)):
            raise ValidationError(self.error_messages["invalid"], params={"value": value})


CELLS: dict[str, Callable[..., forms.Field]] = {
    "text": TextCell,
    "integer": IntegerCell,
    "decimal": DecimalCell,
    "float": FloatCell,
    "boolean": BooleanCell,
    "date": DateCell,
    "timestamp": TimestampCell,
    "uuid": UUIDCell,
    "json": JSONCell,
}


class RowForm(forms.Form):
    """Fields are named as the attributes of a row."""

    def __init__(self, columns: Iterable[ColumnSpec], *, row: Row | None, data: Any = None) -> None:
        super().__init__(data, initial=dict(row or {}))
        for column in columns:
            self.fields[attribute(column.name)] = CELLS[column.type](
                label=column.label,
                required=column.required,
                help_text=Column.Type(column.type).label,
            )

    def show_only(self) -> None:
        for field in self.fields.values():
            field.disabled = True

    @property
    def all_values(self) -> dict[str, Any]:
        """For a new row.  Call `is_valid` first, as for `changed_values`."""
        return dict(self.cleaned_data)

    @property
    def changed_values(self) -> dict[str, Any]:
        """What was edited; whatever others changed meanwhile stays as they left it."""
        return {name: self.cleaned_data[name] for name in self.changed_data}
