"""Columns whose values must be found in a column of another dataset."""

from collections.abc import Iterable

from apiapp.imports import datasets
from apiapp.imports.duplicates import refuse_where
from apiapp.imports.errors import BadColumns
from apiapp.imports.loaders import Staging, quoted
from apiapp.imports.models import Column, Dataset
from apiapp.imports.pipeline.rules import REFERENCE
from apiapp.imports.pipeline.schema import ColumnSpec
from apiapp.keys.callers import Caller

REASON = "The dataset {slug} has no row with this value in {column}."


def require(caller: Caller, columns: Iterable[ColumnSpec]) -> None:
    """Raises BadColumns where a column refers to nothing that the caller sees, or to another type."""
    for column in columns:
        if reference := column.conditions.get("references"):
            slug, _, name = reference.rpartition(".")
            seen = datasets.visible_to(caller).filter(slug=slug)
            target = Column.objects.filter(dataset__in=seen, name=name).first()
            if target is None:
                raise refused(column, f"there is no dataset and column {reference!r}")
            if target.type != column.type:
                raise refused(column, f"{reference!r} is of {target.type}, not of {column.type}")


def refuse_unknown(staging: Staging) -> int:
    """Move rows out that refer to nothing; return how many.  Raises BadColumns."""
    moved = 0
    for column in staging.columns:
        if reference := column.conditions.get("references"):
            slug, _, name = reference.rpartition(".")
            dataset = found(column, slug, name)
            own = quoted(column.name)
            known = f"SELECT {quoted(name)} FROM {quoted(dataset.table_name)}"  # nosec B608 # names are quoted
            unknown = (
                f"{own} IS NOT NULL AND {own} NOT IN ({known} WHERE {quoted(name)} IS NOT NULL)"
            )
            reason = REASON.format(slug=slug, column=name)
            moved += refuse_where(staging, unknown, column, reason, kind=REFERENCE)
    return moved


def found(column: ColumnSpec, slug: str, name: str) -> Dataset:
    there = Column.objects.filter(dataset__slug=slug, name=name, type=column.type)
    target = there.select_related("dataset").first()
    if target is None:
        raise refused(column, f"there is no dataset and column {slug}.{name} of {column.type} now")
    return target.dataset


def refused(column: ColumnSpec, reason: str) -> BadColumns:
    return BadColumns(f"{column.label}: {reason}", columns=[column.label], condition="references")
