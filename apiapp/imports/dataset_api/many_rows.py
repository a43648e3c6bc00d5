"""What /api/datasets/{slug}/rows/ does with many rows: a list of them, or all that a filter finds."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.utils import timezone
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.settings import api_settings

from apiapp.imports import datasets, row_json, row_query
from apiapp.imports.bulk import matching, writing
from apiapp.imports.dataset_api import row_bodies
from apiapp.imports.dataset_api.base import require_unchanged
from apiapp.imports.dataset_api.preferences import Preferences
from apiapp.imports.errors import BadRowQuery
from apiapp.imports.models import Dataset
from apiapp.imports.row_query import RowQuery
from apiapp.keys.authentication import caller_of

OF_PAGES = ("order", "limit", "cursor")  # nothing in them says which rows are meant


def add(request: Request, dataset: Dataset, prefer: Preferences) -> Response:
    """Add the rows of the body, or merge them.

    Raises RowsRefused, RowConflict, TooManyRows, BadKey, BadRowQuery, BadParameter.
    """
    data = request.data if isinstance(request.data, list) else [request.data]
    names = answered_columns(request, dataset)
    rows, faults = row_bodies.read_rows(data, dataset.columns.all())
    written = writing.write_rows(
        dataset=dataset,
        rows=rows,
        faults=faults,
        conflict=conflict_of(request, dataset, prefer),
        by=caller_of(request).user,
        now=timezone.now(),
    )
    said: dict[str, Any] = {
        "inserted": len(written.inserted),
        "updated": len(written.updated),
        "unchanged": len(written.unchanged),
        "ignored": written.passed_over,
    }
    if prefer.get("return") == "representation":
        found = writing.rows_by_id(dataset, written.row_ids)
        rows_now = (found[each] for each in written.row_ids)
        said["results"] = as_json(dataset, rows_now, names)
    return prefer.tell(
        Response(
            said,
            status=status.HTTP_201_CREATED if written.inserted else status.HTTP_200_OK,
            headers={"Location": reverse("api-dataset-rows", [dataset.slug], request=request)},
        )
    )


def conflict_of(
    request: Request, dataset: Dataset, prefer: Preferences
) -> writing.OnConflict | None:
    """Raises BadKey, BadRowQuery."""
    asked = request.query_params.get("on_conflict", "")
    names = [each.strip() for each in asked.split(",") if each.strip()]
    resolution = prefer.get("resolution")
    if not resolution:
        if names:
            reason = "goes with Prefer: resolution=merge-duplicates or ignore-duplicates"
            raise BadRowQuery(parameter="on_conflict", reason=reason)
        return None
    return writing.conflict_on(dataset, names, merges=resolution == "merge-duplicates")


def change(request: Request, dataset: Dataset, prefer: Preferences) -> Response:
    """Raises BadRowQuery, TooManyRows, RowRefused, RowConflict, PreconditionFailed, DRF's
    ValidationError.
    """
    query = query_of(request, dataset)
    values = row_json.read_changes(request.data, dataset.columns.all())
    row_ids = matching.change_matching(
        dataset=dataset,
        query=query,
        values=values,
        by=caller_of(request).user,
        now=timezone.now(),
        agree=partial(require_unchanged, request),
    )
    said: dict[str, Any] = {"updated": len(row_ids)}
    if prefer.get("return") == "representation":
        found = writing.rows_by_id(dataset, row_ids)
        names = answered_columns(request, dataset)
        said["results"] = as_json(dataset, (found[each] for each in row_ids), names)
    return prefer.tell(Response(said))


def delete(request: Request, dataset: Dataset, prefer: Preferences) -> Response:
    """Raises BadRowQuery, TooManyRows, PreconditionFailed."""
    gone = matching.delete_matching(
        dataset=dataset,
        query=query_of(request, dataset),
        by=caller_of(request).user,
        now=timezone.now(),
        agree=partial(require_unchanged, request),
    )
    said: dict[str, Any] = {"deleted": len(gone)}
    if prefer.get("return") == "representation":
        said["results"] = as_json(dataset, gone, answered_columns(request, dataset))
    return prefer.tell(Response(said))


def query_of(request: Request, dataset: Dataset) -> RowQuery:
    """Which rows are meant.  Raises BadRowQuery, also for what asks for a page of them."""
    parameters = parameters_of(request)
    for name, _ in parameters:
        if name in OF_PAGES:
            raise BadRowQuery(parameter=name, reason="goes with GET: a filter says which rows")
    return row_query.parse(parameters, datasets.types_of(dataset))


def answered_columns(request: Request, dataset: Dataset) -> dict[str, str]:
    """What is shown -> its column: those that `select` asks for, or all.  Raises BadRowQuery."""
    types = datasets.types_of(dataset)
    selected = row_query.parse_selected(request.query_params.get("select", ""), types)
    return selected or {name: name for name in row_names(types)}


def as_json(
    dataset: Dataset, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]
) -> list[dict[str, Any]]:
    """columns: what is shown -> its column."""
    types = datasets.types_of(dataset)
    return row_json.write_rows(rows, list(columns.values()), types, shown=list(columns))


def row_names(types: Mapping[str, str]) -> list[str]:
    """What a row shows unasked: all but the import that brought it."""
    return [name for name in types if name != "_import"]


def parameters_of(request: Request) -> list[tuple[str, str]]:
    """What the query says of rows; the browsable API chooses its form by one more parameter."""
    lists = request.query_params.lists()
    return [
        (name, text)
        for name, texts in lists
        if name != api_settings.URL_FORMAT_OVERRIDE
        for text in texts
    ]
