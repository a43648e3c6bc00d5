"""Conditions of columns, asked of rows that are written one by one."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from apiapp.imports.errors import RowRefused
from apiapp.imports.models import Column, Dataset
from apiapp.imports.pipeline.rules import breaches
from apiapp.imports.rows import attribute, rows_of


def require(dataset: Dataset, values: dict[str, Any]) -> None:
    """values: attribute -> value, of the columns that are written.  Raises RowRefused."""
    errors = {
        column.name: reasons
        for column in dataset.columns.all()
        if column.conditions and attribute(column.name) in values
        if (reasons := list(reasons_against(column, values[attribute(column.name)])))
    }
    if errors:
        raise RowRefused(errors=errors)


def reasons_against(column: Column, value: Any) -> Iterator[str]:
    text = text_of(value)
    for _, _, reason in breaches(column.conditions, type_=column.type, values=[text]):
        yield reason
    reference = column.conditions.get("references")
    if text and reference and not is_there(reference, value):
        yield f"There is no {text} in {reference}."


def is_there(reference: str, value: Any) -> bool:
    slug, _, name = reference.rpartition(".")
    dataset = Dataset.objects.filter(slug=slug, columns__name=name).first()
    return dataset is not None and rows_of(dataset).filter(**{attribute(name): value}).exists()


def text_of(value: Any) -> str:
    """The value as pipeline/convert.py writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
