"""All rows that a filter finds, changed or deleted in one transaction."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from apiapp.imports import datasets, events, row_rules, selection
from apiapp.imports.errors import BadRowQuery, TooManyRows
from apiapp.imports.models import Dataset
from apiapp.imports.routers import DATASETS
from apiapp.imports.row_query import RowQuery
from apiapp.imports.rows import ROW_ID, rows_of

MATCHING_MAX = 10_000  # what the dataset's history names one by one
IDS_ASKED = 500
EVERY_ROW = "_id=not.is.null"

OnDataset = Callable[[Dataset], None]


def change_matching(
    *,
    dataset: Dataset,
    query: RowQuery,
    values: dict[str, Any],
    by: User,
    now: datetime,
    agree: OnDataset = datasets.agree_always,
) -> list[int]:
    """Write `values` (attribute -> value) into the rows; return their numbers.

    Raises BadRowQuery without a filter, TooManyRows, RowRefused, RowConflict, and what `agree`
    raises once nobody else can change the rows.
    """
    require_filter(query)
    row_rules.require(dataset, values)
    with datasets.unique_values_kept():
        row_ids = held(dataset, query)
        agree(dataset)
        was = datasets.cells_kept(dataset, row_ids, values)
        for start in range(0, len(row_ids) if values else 0, IDS_ASKED):
            some = row_ids[start : start + IDS_ASKED]
            rows_of(dataset).filter(row_id__in=some).update(**values)
        if row_ids and values:
            changed = events.Kind.ROW_CHANGED
            datasets.tell_edit(dataset, changed, row_ids, by=by, now=now, was=was)
            transaction.on_commit(
                partial(datasets.count_rows, dataset, added=0, now=now), using=DATASETS
            )
    return row_ids


def delete_matching(
    *,
    dataset: Dataset,
    query: RowQuery,
    by: User,
    now: datetime,
    agree: OnDataset = datasets.agree_always,
) -> list[dict[str, Any]]:
    """Delete the rows; return them as they were.

    Raises BadRowQuery without a filter, TooManyRows, and what `agree` raises.
    """
    require_filter(query)
    with transaction.atomic(using=DATASETS):
        row_ids = held(dataset, query)
        agree(dataset)
        return datasets.delete_rows(dataset=dataset, row_ids=row_ids, by=by, now=now)


def require_filter(query: RowQuery) -> None:
    """Raises BadRowQuery: a filter that was forgotten must not empty a table."""
    if not query.conditions and not query.search:
        reason = f"say which rows are meant; {EVERY_ROW} means all of them"
        raise BadRowQuery(parameter="filters", reason=reason)


def held(dataset: Dataset, query: RowQuery) -> list[int]:
    """The numbers of the rows; nobody else changes them before this transaction ends."""
    rows = rows_of(dataset).select_for_update()
    matching = selection.matching(rows, query, datasets.types_of(dataset))
    found = list(matching.values_list(ROW_ID, flat=True)[: MATCHING_MAX + 1])
    if len(found) > MATCHING_MAX:
        raise TooManyRows(limit=MATCHING_MAX, instead="narrow the filter and ask several times")
    return found
