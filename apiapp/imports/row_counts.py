"""How many rows match: counted, or told by the database's statistics.

PostgreSQL's planner knows without reading the table.  SQLite keeps no such statistics; there some
windows of the table are looked at, spread evenly, and what matches in them is scaled up.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.models import Max, Min, QuerySet

from apiapp.imports import datasets, selection
from apiapp.imports.models import Dataset
from apiapp.imports.row_query import RowQuery
from apiapp.imports.rows import ROW_ID, rows_of

WINDOWS, WINDOW_ROWS = 20, 100


@dataclass(frozen=True, slots=True)
class Count:
    """kind: "exact" or "planned"; an estimate says which of the two it is."""

    rows: int
    kind: str


def count(dataset: Dataset, query: RowQuery, *, kind: str) -> Count:
    """kind: exact, planned, or estimated: exact up to selection.COUNTED_MAX and planned beyond."""
    if not query.conditions and not query.search:
        return Count(dataset.row_count, "exact")
    if kind == "planned":
        return Count(planned(dataset, query), kind)
    matching = selection.matching(rows_of(dataset), query, datasets.types_of(dataset))
    if kind == "exact":
        return Count(matching.order_by().count(), kind)
    few = datasets.count_of(dataset=dataset, query=query)
    if few <= selection.COUNTED_MAX:
        return Count(few, "exact")
    return Count(max(few, planned(dataset, query)), "planned")


def planned(dataset: Dataset, query: RowQuery) -> int:
    rows = rows_of(dataset).order_by()
    types = datasets.types_of(dataset)
    if connections[rows.db].vendor == "postgresql":
        (told,) = json.loads(selection.matching(rows, query, types).explain(format="json"))
        return int(told["Plan"]["Plan Rows"])
    return round(share_of(rows, query, types) * dataset.row_count)


def share_of(rows: QuerySet[Any], query: RowQuery, types: dict[str, str]) -> float:
    """Of the rows in the windows, those that match: 0 to 1."""
    ends = rows.aggregate(low=Min(ROW_ID), high=Max(ROW_ID))
    if ends["low"] is None:
        return 0.0
    seen = matching = 0
    for window in range(WINDOWS):
        start = ends["low"] + (ends["high"] - ends["low"]) * window // WINDOWS
        ids = rows.filter(row_id__gte=start).order_by(ROW_ID).values_list(ROW_ID, flat=True)
        found = list(ids[:WINDOW_ROWS])
        seen += len(found)
        inside = rows.filter(row_id__gte=found[0], row_id__lte=found[-1])
        matching += selection.matching(inside, query, types).count()
    return matching / seen
