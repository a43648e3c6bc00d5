"""Rows as JSON, both ways: exact numbers as strings, times in UTC with a Z, empty cells as null."""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from apiapp.imports import values
from apiapp.imports.rows import IMPORT_REF, ROW_ID, ColumnSpec, attribute

GIVEN_BY_THE_SERVER = {"_id": ROW_ID, "_import": IMPORT_REF}
NUL_IN_JSON = re.compile(r"(?<!\\)(\\\\)*\\u0000")
UNKNOWN = "There is no such column."
NOT_AN_OBJECT = "A row is an object: column name to value."


class ExactDecimalField(serializers.DecimalField):
    """Of any length that a database takes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=None, decimal_places=None, **options)

    def to_internal_value(self, data: Any) -> Any:
        number = super().to_internal_value(data)
        try:
            return values.short_enough(number)
        except ValueError:
            return self.fail("invalid")


class FiniteFloatField(serializers.FloatField):
    """Neither NaN nor infinite: JSON has no words for them."""

    def to_internal_value(self, data: Any) -> float:
        number = super().to_internal_value(data)
        return number if math.isfinite(number) else self.fail("invalid")


class StorableJSONField(serializers.JSONField):
    """Any JSON that a database takes: PostgreSQL keeps no NUL and no half a character."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        text = json.dumps(value, ensure_ascii=False)
        if NUL_IN_JSON.search(text) or not values.STORABLE.fullmatch(text):
            self.fail("invalid")
        return value


READERS: dict[str, Callable[..., serializers.Field]] = {
    "text": partial(serializers.CharField, trim_whitespace=False),
    "integer": partial(
        serializers.IntegerField, min_value=values.INT64[0], max_value=values.INT64[-1]
    ),
    "decimal": ExactDecimalField,
    "float": FiniteFloatField,
    "boolean": serializers.BooleanField,
    "date": serializers.DateField,
    "timestamp": partial(serializers.DateTimeField, default_timezone=UTC),
    "uuid": serializers.UUIDField,
    "json": StorableJSONField,
}


def write_finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def write_timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


WRITERS: dict[str, Callable[[Any], Any]] = {
    "decimal": "{:f}".format,
    "float": write_finite,
    "date": date.isoformat,
    "timestamp": write_timestamp,
    "uuid": str,
}


def field_for(column: ColumnSpec) -> serializers.Field:
    """What reads a value of `column` out of a body; None is an empty cell."""
    options: dict[str, Any] = {"required": column.required, "allow_null": not column.required}
    if column.type == "text":
        options["allow_blank"] = not column.required
    return READERS[column.type](**options)


class RowReader:
    """Reads many rows of the same columns, out of JSON or out of text (CSV)."""

    def __init__(self, columns: Iterable[ColumnSpec], *, is_text: bool = False) -> None:
        self._fields = {column.name: field_for(column) for column in columns}
        for field in self._fields.values():
            if is_text and isinstance(field, serializers.JSONField):
                field.binary = True  # it is text that has JSON in it

    def read(self, data: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The attributes that a row names, and what is wrong by column."""
        if not isinstance(data, Mapping):
            return {}, {"": [NOT_AN_OBJECT]}
        values: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for name, value in named_values(data).items():
            field = self._fields.get(name)
            if field is None:
                errors[name] = [UNKNOWN]
                continue
            try:
                values[attribute(name)] = field.run_validation(value)
            except ValidationError as error:
                errors[name] = error.detail
        return values, errors


def read_row(data: Any, columns: Iterable[ColumnSpec]) -> dict[str, Any]:
    """Every attribute of a row out of a body; what it does not name is empty.

    Raises DRF's ValidationError, which names each column that is wrong.
    """
    missing = {column.name: None for column in columns}
    return read_changes({**missing, **named_values(data)}, columns)


def read_changes(data: Any, columns: Iterable[ColumnSpec]) -> dict[str, Any]:
    """The attributes that a body names.  Raises DRF's ValidationError."""
    values, errors = RowReader(columns).read(named_values(data))
    if errors:
        raise ValidationError(errors)
    return values


def named_values(data: Any) -> dict[str, Any]:
    """`data` without what the server gives; a form counts as an object."""
    if not isinstance(data, Mapping):
        raise ValidationError([NOT_AN_OBJECT])
    return {name: data[name] for name in data if name not in GIVEN_BY_THE_SERVER}


def write_rows(
    rows: Iterable[Mapping[str, Any]],
    names: Sequence[str],
    types: Mapping[str, str],
    *,
    shown: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Rows (attribute -> value) as objects with the columns `names`, called as in `shown`."""
    plan = [
        (called, GIVEN_BY_THE_SERVER.get(name) or attribute(name), WRITERS.get(types[name]))
        for name, called in zip(names, shown or names, strict=True)
    ]
    return [
        {name: written(row[attribute_], writer) for name, attribute_, writer in plan}
        for row in rows
    ]


def written(value: Any, writer: Callable[[Any], Any] | None) -> Any:
    return value if value is None or writer is None else writer(value)
