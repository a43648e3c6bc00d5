"""A window of rows: so many from a position on, wherever in the order that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import BaseCache
from django.db.models import Q, QuerySet

from apiapp.imports import datasets, selection
from apiapp.imports.models import Dataset
from apiapp.imports.row_query import Order, RowQuery, ordered_fully
from apiapp.imports.rows import ROW_ID, rows_of
from apiapp.imports.windows.anchors import STEP_ROWS, Anchors

Keys = Sequence[Any]


@dataclass(frozen=True, slots=True)
class RowWindow:
    """rows: attribute -> value, from position `offset` on.  count: of all rows that match."""

    rows: list[dict[str, Any]]
    offset: int
    count: int


def window_of(*, dataset: Dataset, query: RowQuery, offset: int, cache: BaseCache) -> RowWindow:
    """`query.limit` rows from `offset` on, the first being 0; none beyond the end."""
    rows, types = rows_of(dataset), datasets.types_of(dataset)
    anchors = Anchors(dataset, rows, query, types, cache)
    count = anchors.count()
    if offset >= count:
        return RowWindow([], offset, count)
    order = ordered_fully(query.order)
    keys = [selection.key_of(each.column, types, rows.db) for each in order]
    found = selection.matching(rows, query, types)
    low, high = around(anchors, offset, query.limit)
    ends = ends_of(rows, [low, high], keys, types)
    if low in ends:
        found = found.filter(selection.after(order, keys, ends[low]))
    if high in ends:
        found = found.filter(bounded(order[0], keys[0], ends.get(low), ends[high]))
    skipped = offset % anchors.step() if low in ends else offset
    wanted = dict.fromkeys([ROW_ID, *selection.attributes(query.select or types)])
    sorting = map(selection.ordering, order, keys)
    window = found.order_by(*sorting).values(*wanted)[skipped : skipped + query.limit]
    return RowWindow(list(window), offset, count)


def around(anchors: Anchors, offset: int, limit: int) -> tuple[int | None, int | None]:
    """The anchors before and behind a window, None where that is an end of all rows.

    The first rows are found without: a new order shows at once.
    """
    if offset + limit <= STEP_ROWS:
        return None, None
    before = offset // anchors.step() - 1
    behind = (offset + limit - 1) // anchors.step()
    ids = anchors.row_ids()
    return (
        ids[before] if before >= 0 else None,
        ids[behind] if behind < len(ids) else None,
    )


def ends_of(
    rows: QuerySet[Any],
    row_ids: Sequence[int | None],
    keys: Sequence[str],
    types: Mapping[str, str],
) -> dict[int | None, Keys]:
    """Row number -> what the order sorts it by.  A row that went meanwhile is left out."""
    wanted = [each for each in row_ids if each is not None]
    found = selection.with_number_keys(rows, types).filter(pk__in=wanted).order_by()
    return {each[0]: each[1:] for each in found.values_list(ROW_ID, *keys)}


def bounded(order: Order, key: str, low: Keys | None, high: Keys) -> Q:
    """What lets an index on the first column of the order find the window.

    It takes nothing away from between `low` and `high`: both are in the window or beside it.
    """
    first, last = (low[0] if low else None), high[0]
    if last is None:  # empty cells come first, or these are the last of all
        return (
            Q(**{f"{key}__isnull": True}) if order.nulls_first or (low and first is None) else Q()
        )
    to, since = ("gte", "lte") if order.is_descending else ("lte", "gte")
    if first is None:
        return Q() if order.nulls_first else Q(**{f"{key}__{to}": last})
    return Q(**{f"{key}__{to}": last, f"{key}__{since}": first})
