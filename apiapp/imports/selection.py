"""Pages of rows: filtered, ordered and cut by key, so that the last page costs what the first does."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db import connections
from django.db.models import F, FloatField, Q, QuerySet
from django.db.models.functions import Cast

from apiapp.imports import cursors
from apiapp.imports.cursors import Cursor
from apiapp.imports.row_query import Condition, Group, Order, RowQuery, contains, ordered_fully
from apiapp.imports.rows import IMPORT_REF, ROW_ID, attribute

NEVER_EMPTY = (ROW_ID,)
SEARCHED_COLUMNS_MAX = 500  # SQLite refuses expressions that are deeper than 1,000
COUNTED_MAX = 10_000
IDS = {"_id": ROW_ID, "_import": IMPORT_REF}
COMPARISONS = ("gt", "gte", "lt", "lte")


@dataclass(frozen=True, slots=True)
class Page:
    """rows: attribute -> value.  next, previous: cursors, empty at the ends."""

    rows: list[dict[str, Any]]
    next: str
    previous: str


def page_of(rows: QuerySet[Any], query: RowQuery, types: Mapping[str, str]) -> Page:
    """The page of `rows` that `query` asks for.  Raises BadRowQuery for a bad cursor."""
    order = ordered_fully(query.order)
    keys = [key_of(each.column, types, rows.db) for each in order]
    cursor = cursors.loads(query.cursor, order, types) if query.cursor else None
    is_backward = cursor is not None and cursor.is_backward
    direction = tuple(key.reversed() for key in order) if is_backward else order
    rows = matching(rows, query, types)
    if cursor:
        rows = rows.filter(after(direction, keys, cursor.keys))
    wanted = dict.fromkeys([ROW_ID, *attributes(query.select or types), *keys])
    rows = rows.order_by(*map(ordering, direction, keys)).values(*wanted)
    found = list(rows[: query.limit + 1])
    is_more = len(found) > query.limit
    page = found[: query.limit]
    if is_backward:
        page.reverse()
    has_next, has_previous = (True, is_more) if is_backward else (is_more, cursor is not None)
    return Page(
        rows=page,
        next=edge(page[-1], keys, order, "next") if page and has_next else "",
        previous=edge(page[0], keys, order, "previous") if page and has_previous else "",
    )


def edge(row: Mapping[str, Any], keys: Sequence[str], order: Sequence[Order], side: str) -> str:
    """The cursor of what lies beyond `row`, the last or the first of its page."""
    return cursors.dumps(Cursor(tuple(row[key] for key in keys), side == "previous"), order)


def counted(rows: QuerySet[Any], query: RowQuery, types: Mapping[str, str]) -> int:
    """How many rows match, counted no further than COUNTED_MAX + 1."""
    return matching(rows, query, types).order_by().values(ROW_ID)[: COUNTED_MAX + 1].count()


def matching(rows: QuerySet[Any], query: RowQuery, types: Mapping[str, str]) -> QuerySet[Any]:
    """The rows that fulfil every condition and contain the text searched for."""
    rows = with_number_keys(rows, types)
    for condition in query.conditions:
        rows = rows.filter(fulfils(condition, types, rows.db))
    if query.search:
        rows = rows.filter(found_in(text_columns(types), query.search))
    return rows


def attributes(columns: Iterable[str]) -> list[str]:
    return [IDS.get(name) or attribute(name) for name in columns]


def text_columns(types: Mapping[str, str]) -> list[str]:
    return [name for name, type_ in types.items() if type_ == "text"][:SEARCHED_COLUMNS_MAX]


def found_in(columns: Sequence[str], text: str) -> Q:
    pattern = contains(text)
    nothing = Q(pk__in=[])
    return reduce(or_, (Q(**{f"{attribute(name)}__ilike": pattern}) for name in columns), nothing)


def is_number_on_sqlite(type_: str, alias: str) -> bool:
    """SQLite keeps long decimals as text (see fields.py), which it would put after all numbers."""
    return type_ == "decimal" and connections[alias].vendor == "sqlite"


def with_number_keys(rows: QuerySet[Any], types: Mapping[str, str]) -> QuerySet[Any]:
    """`rows` with what `key_of` names where the column itself does not compare as a number."""
    return rows.annotate(
        **{
            key_of(name, types, rows.db): Cast(attribute(name), FloatField())
            for name, type_ in types.items()
            if is_number_on_sqlite(type_, rows.db)
        }
    )


def key_of(column: str, types: Mapping[str, str], alias: str) -> str:
    """What to sort and to compare by for `column`."""
    if is_number_on_sqlite(types[column], alias):
        return f"n_{column}"
    return attributes([column])[0]


def fulfils(condition: Condition | Group, types: Mapping[str, str], alias: str) -> Q:
    if isinstance(condition, Group):
        parts = [fulfils(part, types, alias) for part in condition.parts]
        return reduce(or_ if condition.is_any else and_, parts)
    (plain,) = attributes([condition.column])
    if condition.operator == "is":
        return being(plain, condition)
    lookup = {"eq": "exact", "neq": "exact"}.get(condition.operator, condition.operator)
    key = key_of(condition.column, types, alias) if lookup in COMPARISONS else plain
    value = list(condition.values) if lookup == "in" else condition.values[0]
    truth = Q(**{f"{key}__{lookup}": value})
    if condition.is_negated == (condition.operator == "neq"):
        return truth
    return ~truth & Q(**{f"{plain}__isnull": False})


def being(plain: str, condition: Condition) -> Q:
    """`is`, which empty cells answer too: what is not true is false or empty."""
    if not condition.values:
        return Q(**{f"{plain}__isnull": not condition.is_negated})
    truth = Q(**{plain: condition.values[0]})
    return (~truth | Q(**{f"{plain}__isnull": True})) if condition.is_negated else truth


def ordering(order: Order, key: str) -> Any:
    by = F(key)
    if key in NEVER_EMPTY:
        return by.desc() if order.is_descending else by.asc()
    nulls = {"nulls_first": True} if order.nulls_first else {"nulls_last": True}
    return by.desc(**nulls) if order.is_descending else by.asc(**nulls)


def after(order: Sequence[Order], keys: Sequence[str], values: Sequence[Any]) -> Q:
    """What comes after the row whose keys are `values`; the last key tells any two rows apart."""
    beyond = Q(pk__in=[])
    for each, key, value in reversed(list(zip(order, keys, values, strict=True))):
        same = Q(**{f"{key}__isnull": True}) if value is None else Q(**{key: value})
        beyond = after_in_one(each, key, value) | (same & beyond)
    return beyond


def after_in_one(order: Order, key: str, value: Any) -> Q:
    if value is None:
        return Q(**{f"{key}__isnull": False}) if order.nulls_first else Q(pk__in=[])
    past = Q(**{f"{key}__{'lt' if order.is_descending else 'gt'}": value})
    if order.nulls_first or key in NEVER_EMPTY:
        return past
    return past | Q(**{f"{key}__isnull": True})
