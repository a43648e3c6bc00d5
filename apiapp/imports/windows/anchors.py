"""Every so many rows of an order the number of one: from there a position is a few steps away.

A database has no way to the n-th row but to count up to it.  That is done once for an order and a
filter; what it found is kept until the dataset changes.  Without an index to serve the order it is
a sort of all rows.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from django.core.cache import BaseCache
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from apiapp.imports import selection
from apiapp.imports.models import Dataset
from apiapp.imports.row_query import Order, RowQuery, ordered_fully
from apiapp.imports.rows import ROW_ID

STEP_ROWS = 1000
ANCHORS = 1000  # about so many at most
KEPT_S = 15 * 60


class Anchors:
    """Of one dataset as it is, in the order and with the filter of one query."""

    def __init__(
        self,
        dataset: Dataset,
        rows: QuerySet[Any],
        query: RowQuery,
        types: Mapping[str, str],
        cache: BaseCache,
    ) -> None:
        self._dataset, self._rows, self._query, self._types = dataset, rows, query, types
        self._cache = cache
        self._is_whole = not query.conditions and not query.search

    def count(self) -> int:
        """How many rows match."""
        if self._is_whole:
            return self._dataset.row_count
        return int(self._kept("count", self._matching().count))

    def step(self) -> int:
        """How many rows lie between two anchors."""
        return max(STEP_ROWS, self.count() // ANCHORS)

    def row_ids(self) -> tuple[int, ...]:
        """The number of every `step`-th row in the order."""
        if self.count() <= self.step():
            return ()
        return tuple(self._kept("anchors", self._measured))

    def _kept(self, kind: str, measure: Callable[[], Any]) -> Any:
        """Of the dataset as it is: every change of it, or of a row, moves `updated_at`."""
        dataset, query = self._dataset, self._query
        order = query.order if kind == "anchors" else ()
        asked = repr((query.conditions, query.search, order)).encode()
        digest = hashlib.blake2b(asked, digest_size=16).hexdigest()
        version = f"{dataset.pk}:{dataset.updated_at.timestamp()}:{dataset.row_count}"
        return self._cache.get_or_set(f"rows:{kind}:{version}:{digest}", measure, KEPT_S)

    def _matching(self) -> QuerySet[Any]:
        return selection.matching(self._rows, self._query, self._types).order_by()

    def _measured(self) -> tuple[int, ...]:
        order, step = ordered_fully(self._query.order), self.step()
        if self._is_whole and order[0].column == "_id":
            ids = gapless(self._rows, self.count())
            if ids:
                return tuple((ids[::-1] if order[0].is_descending else ids)[step - 1 :: step])
        return every(step, self._matching(), order, self._types)


def gapless(rows: QuerySet[Any], count: int) -> range | None:
    """The rows' numbers where none is missing, as in whatever was imported and not cut since."""
    by_id = rows.order_by(ROW_ID).values_list(ROW_ID, flat=True)
    first, last = by_id.first(), by_id.last()
    if first is None or last is None or last - first + 1 != count:
        return None
    return range(first, last + 1)


def every(
    step: int, rows: QuerySet[Any], order: tuple[Order, ...], types: Mapping[str, str]
) -> tuple[int, ...]:
    """The number of every `step`-th row."""
    sorting = [
        selection.ordering(each, selection.key_of(each.column, types, rows.db)) for each in order
    ]
    placed = rows.annotate(place=Window(RowNumber(), order_by=sorting))
    ends = placed.annotate(beyond=F("place") % step).filter(beyond=0).order_by("place")
    return tuple(ends.values_list(ROW_ID, flat=True))
