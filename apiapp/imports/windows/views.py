"""/api/datasets/{slug}/rows/window/: rows by their position."""

import re

from django.core.cache import cache
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http.promises import refuses
from apiapp.imports import datasets, row_json, row_query
from apiapp.imports.altering.rereading import rereads
from apiapp.imports.dataset_api.base import OneDataset
from apiapp.imports.dataset_api.row_views import (
    ROW,
    ROW_PARAMETERS,
    answers,
    parameters_of,
    row_names,
)
from apiapp.imports.errors import BadRowQuery
from apiapp.imports.windows import reading

OFFSET_MAX = 10**12
WINDOW = {
    "type": "object",
    "properties": {
        "results": {"type": "array", "items": ROW},
        "offset": {"type": "integer", "description": "The position of the first of them."},
        "count": {"type": "integer", "description": "How many rows match in all."},
    },
}
OFFSET = OpenApiParameter(
    "offset", int, description="The position to begin at; 0, the first row, if left out."
)
PARAMETERS = [OFFSET, *(each for each in ROW_PARAMETERS if each.name != "cursor")]


class RowWindowView(OneDataset):
    @extend_schema(
        operation_id="datasets_rows_window", parameters=PARAMETERS, responses=answers(200, WINDOW)
    )
    @refuses(BadRowQuery)
    @rereads
    def get(self, request: Request, slug: str) -> Response:
        """Rows from a position on, filtered and ordered, and how many there are: for grids."""
        dataset = self.dataset(slug)
        types = datasets.types_of(dataset)
        asked = parameters_of(request)
        offsets = [text for name, text in asked if name == "offset"]
        query = row_query.parse([pair for pair in asked if pair[0] != "offset"], types)
        if query.cursor:
            raise BadRowQuery(parameter="cursor", reason="a window begins at an offset instead")
        window = reading.window_of(
            dataset=dataset, query=query, offset=parse_offset(offsets), cache=cache
        )
        names = query.select or row_names(types)
        results = row_json.write_rows(window.rows, names, types, shown=query.shown)
        return Response({"results": results, "offset": window.offset, "count": window.count})


def parse_offset(texts: list[str]) -> int:
    """Raises BadRowQuery."""
    if len(texts) > 1:
        raise BadRowQuery(parameter="offset", reason="given twice")
    text = texts[0] if texts else "0"
    if not re.fullmatch("[0-9]{1,13}", text) or int(text) > OFFSET_MAX:
        raise BadRowQuery(parameter="offset", reason=f"{text!r} is not from 0 to {OFFSET_MAX}")
    return int(text)
