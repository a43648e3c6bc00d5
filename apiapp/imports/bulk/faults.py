"""What is wrong with rows before they are written: conditions, references, what a column holds once.

The table's own indexes are the last word, for what others write at the same moment.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from apiapp.imports.models import Column, Dataset
from apiapp.imports.pipeline.rules import breaches
from apiapp.imports.row_rules import text_of
from apiapp.imports.rows import ROW_ID, attribute, rows_of

KEYS_ASKED = 200  # SQLite refuses expressions that are deeper than 1,000
REQUIRED = "This field is required."
IN_TABLE = "The table has a row with this already, and holds it once."
IN_BODY = "Row {number} has this already, and the table holds it once."
UNKNOWN = "There is no {value} in {reference}."

Row = Mapping[str, Any]
Numbered = tuple[int, Row]
Key = tuple[Any, ...]


class Faults:
    """Reasons by row and column.  Rows are numbered from 1, as the refused rows of imports are."""

    def __init__(self) -> None:
        self.by_row: dict[int, dict[str, list[Any]]] = {}

    def __bool__(self) -> bool:
        return bool(self.by_row)

    def add(self, number: int, column: str, *reasons: Any) -> None:
        self.by_row.setdefault(number, {}).setdefault(column, []).extend(reasons)


def find_missing(faults: Faults, rows: Sequence[Numbered], columns: Sequence[Column]) -> None:
    """Required columns that new rows do not fill."""
    for column in columns:
        if column.required:
            for number, row in rows:
                if attribute(column.name) not in row:
                    faults.add(number, column.name, REQUIRED)


def find_breaches(faults: Faults, rows: Sequence[Numbered], columns: Sequence[Column]) -> None:
    """Values that break a condition of their column."""
    for column in columns:
        filled = values_in(rows, column.name) if column.conditions else []
        texts = [text_of(value) for _, value in filled]
        for index, _, reason in breaches(column.conditions, type_=column.type, values=texts):
            faults.add(filled[index][0], column.name, reason)
        if reference := column.conditions.get("references"):
            find_unknown(faults, filled, column.name, reference)


def find_unknown(
    faults: Faults, filled: Sequence[tuple[int, Any]], name: str, reference: str
) -> None:
    slug, _, column = reference.rpartition(".")
    target = Dataset.objects.filter(slug=slug, columns__name=column).first()
    known = {key for key, _ in found(target, [column], {(v,) for _, v in filled})} if target else {}
    for number, value in filled:
        if (value,) not in known:
            faults.add(number, name, UNKNOWN.format(value=text_of(value), reference=reference))


def find_repeated(
    faults: Faults, rows: Sequence[Numbered], dataset: Dataset, targets: Mapping[int, int]
) -> None:
    """Values that the table holds once, and has already.

    targets: number of a row -> the row of the table that it changes, which may have them.
    """
    for names in held_once(dataset):
        keys = dict(keys_in(rows, names))
        there = dict(found(dataset, names, set(keys.values())))
        first: dict[Key, int] = {}
        for number, key in keys.items():
            earlier = first.setdefault(key, number)
            if earlier != number:
                faults.add(number, names[0], IN_BODY.format(number=earlier))
            elif there.get(key, targets.get(number)) != targets.get(number):
                faults.add(number, names[0], IN_TABLE)


def held_once(dataset: Dataset) -> list[list[str]]:
    """The columns, one or several, whose values no two rows have; JSON is left to the database."""
    single = [[each.name] for each in dataset.columns.all() if each.unique and each.type != "json"]
    return [*single, list(dataset.key_columns)] if dataset.key_columns else single


def found(
    dataset: Dataset, names: Sequence[str], keys: Collection[Key]
) -> Iterator[tuple[Key, int]]:
    """Each of `keys` that the table has, and the number of its row."""
    attributes = [attribute(name) for name in names]
    asked = list(keys)
    for start in range(0, len(asked), KEYS_ASKED):
        rows = rows_of(dataset).filter(has_any(attributes, asked[start : start + KEYS_ASKED]))
        for row_id, *key in rows.values_list(ROW_ID, *attributes):
            yield tuple(key), row_id


def has_any(attributes: Sequence[str], keys: Sequence[Key]) -> Q:
    if len(attributes) == 1:
        return Q(**{f"{attributes[0]}__in": [value for (value,) in keys]})
    return reduce(or_, (Q(**dict(zip(attributes, key, strict=True))) for key in keys))


def keys_in(rows: Sequence[Numbered], names: Sequence[str]) -> Iterator[tuple[int, Key]]:
    """Of the rows that fill all of the columns."""
    attributes = [attribute(name) for name in names]
    for number, row in rows:
        key = tuple(row.get(each) for each in attributes)
        if None not in key:
            yield number, key


def values_in(rows: Sequence[Numbered], name: str) -> list[tuple[int, Any]]:
    """Number and value of the rows that fill the column."""
    return [(number, key[0]) for number, key in keys_in(rows, [name])]
