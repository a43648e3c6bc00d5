"""The statistics of a column, computed by the database.

Of up to EXACT_ROWS rows all of them count, if that does not take too long; else a sample: the rows
that have one of SAMPLE_IDS numbers drawn from all that there are.
"""

import random
from collections.abc import Mapping
from functools import partial
from math import isfinite
from typing import Any

from django.db.models import Avg, Count, F, IntegerField, Max, Min, QuerySet, Value
from django.db.models.functions import Cast, Floor, Least

from apiapp.imports import row_json, selection
from apiapp.imports.models import Dataset
from apiapp.imports.row_query import Order, RowQuery
from apiapp.imports.rows import ROW_ID, rows_of
from apiapp.imports.statistics.measures import BARS, MEASURES, Measure, as_number
from apiapp.imports.statistics.patience import TooSlow, at_most, in_range

EXACT_ROWS = 2_000_000
SAMPLE_IDS = 20_000
TOP = 10
TEXT_CHARACTERS = 200
NUMBERS = ("integer", "decimal", "float")
WITHOUT_ORDER = ("boolean", "uuid", "json")
UNCOUNTED = ("json",)  # values that are not compared

Facts = dict[str, Any]


def described(
    *, dataset: Dataset, name: str, query: RowQuery, types: Mapping[str, str], limit_s: float
) -> Facts:
    """The statistics of the column `name` in the rows that `query` finds.

    limit_s: how long the exact ones may take.  Raises TooSlow if not even a sample is done in it.
    """
    rows = selection.matching(rows_of(dataset), query, types).order_by()
    if dataset.row_count <= EXACT_ROWS:
        try:
            with at_most(limit_s):
                return {**facts_of(rows, name, types), "is_sampled": False}
        except TooSlow:
            pass
    with at_most(limit_s):
        sampled = rows.filter(row_id__in=drawn_ids(dataset))
        return {**facts_of(sampled, name, types), "is_sampled": True}


def drawn_ids(dataset: Dataset) -> list[int]:
    """The same ones for as long as the dataset stays as it is."""
    edges = rows_of(dataset).order_by().aggregate(low=Min(ROW_ID), high=Max(ROW_ID))
    if edges["low"] is None:
        return []
    ids = range(edges["low"], edges["high"] + 1)
    drawn = random.Random(f"{dataset.pk} {dataset.updated_at}")  # nosec B311 # no secret
    return drawn.sample(ids, min(SAMPLE_IDS, len(ids)))


def facts_of(rows: QuerySet[Any], name: str, types: Mapping[str, str]) -> Facts:
    type_, field = types[name], selection.attributes([name])[0]
    counted = rows.aggregate(rows=Count(ROW_ID), filled=Count(field))
    filled = rows.filter(**{f"{field}__isnull": False})
    facts: Facts = {
        "column": name,
        "type": type_,
        "rows": counted["rows"],
        "empty": counted["rows"] - counted["filled"],
        "distinct": None,
        "minimum": None,
        "maximum": None,
        "mean": None,
        "top": [],
        "histogram": None,
    }
    if not counted["filled"]:
        return facts
    if type_ not in UNCOUNTED:
        facts["distinct"] = filled.aggregate(n=Count(field, distinct=True))["n"]
        facts["top"] = top_of(filled, field, type_)
    if type_ not in WITHOUT_ORDER:
        facts["minimum"], facts["maximum"] = extremes_of(filled, name, types)
    if type_ in NUMBERS:
        facts["mean"] = in_range(partial(mean_of, filled, field))
    if type_ in MEASURES:
        facts["histogram"] = in_range(partial(histogram_of, filled, field, MEASURES[type_]))
    return facts


def mean_of(filled: QuerySet[Any], field: str) -> float | None:
    mean: float = filled.aggregate(mean=Avg(as_number(field)))["mean"]
    return mean if isfinite(mean) else None


def top_of(filled: QuerySet[Any], field: str, type_: str) -> list[Facts]:
    counted = filled.values(value=F(field)).annotate(count=Count(ROW_ID))
    return [
        {"value": shown(type_, each["value"]), "count": each["count"]}
        for each in counted.order_by("-count", "value")[:TOP]
    ]


def extremes_of(filled: QuerySet[Any], name: str, types: Mapping[str, str]) -> tuple[Any, Any]:
    field, key = selection.attributes([name])[0], selection.key_of(name, types, filled.db)
    low = filled.order_by(selection.ordering(Order(name), key)).values_list(field, flat=True)
    high = filled.order_by(selection.ordering(Order(name, is_descending=True), key))
    found = (low.first(), high.values_list(field, flat=True).first())
    return shown(types[name], found[0]), shown(types[name], found[1])


def histogram_of(filled: QuerySet[Any], field: str, measure: Measure) -> Facts | None:
    """bars: from (inclusive), to (not, but in the last one), count; those of nothing, too."""
    measured = filled.annotate(measured=measure.expression(field))
    edges = measured.aggregate(low=Min("measured"), high=Max("measured"))
    low, high = edges["low"], edges["high"]
    width = measure.bar_width(low, high)
    if not width:
        return None
    last = min(BARS - 1, int((high - low) / width))
    number = Least(Floor((F("measured") - Value(low)) / Value(width)), Value(float(last)))
    counted = measured.values(bar=Cast(number, IntegerField())).annotate(count=Count(ROW_ID))
    counts = dict(counted.order_by().values_list("bar", "count"))
    bars = [
        {
            "from": measure.written(low + at * width),
            "to": measure.written(low + (at + 1) * width if measure.unit or at < last else high),
            "count": counts.get(at, 0),
        }
        for at in range(last + 1)
    ]
    return {"of": measure.of, "bars": bars}


def shown(type_: str, value: Any) -> Any:
    """As rows show it, text no longer than people read."""
    if isinstance(value, str) and type_ == "text":
        return value if len(value) <= TEXT_CHARACTERS else f"{value[:TEXT_CHARACTERS]}…"
    return row_json.written(value, row_json.WRITERS.get(type_))
