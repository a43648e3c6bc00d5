"""/api/datasets/{slug}/columns/{name}/chart/: a column over time, or by its values."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpResponseBase
from django.utils.cache import get_conditional_response
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http import conditional
from apiapp.http.promises import refuses
from apiapp.http.views import ApiView
from apiapp.imports import datasets, row_query, schemas
from apiapp.imports.errors import BadRowQuery, StatisticsTooSlow
from apiapp.imports.statistics import charting, kept
from apiapp.imports.statistics.periods import UNITS
from apiapp.imports.statistics.statistics_views import FILTERS, asked
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of

OWN = {charting.UNIT: "unit", charting.MEASURE: "measure", charting.OF: "of"}


class Point(serializers.Serializer[Any]):
    at = serializers.JSONField(help_text="The value, or when the period begins.")
    count = serializers.IntegerField(help_text="Rows.")
    value = serializers.FloatField(allow_null=True, help_text="What was asked for; null: none.")


class Chart(serializers.Serializer[Any]):
    """What to draw: every period from the first to the last, or the most frequent values."""

    column = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.CharField()
    measure = serializers.ChoiceField([charting.COUNT, *charting.MEASURES])
    of = serializers.CharField(allow_null=True)
    unit = serializers.ChoiceField(list(UNITS), allow_null=True, help_text="null: values.")
    rows = serializers.IntegerField(help_text="That were looked at.")
    empty = serializers.IntegerField(help_text="Of them have nothing in the column.")
    others = serializers.IntegerField(help_text="Rows with values that are not among the points.")
    points = Point(many=True)
    is_sampled = serializers.BooleanField(help_text="Only a sample of the rows was looked at.")


PARAMETERS = [
    OpenApiParameter(
        charting.UNIT,
        str,
        enum=list(UNITS),
        description="Of a column of dates or times, in UTC; one that fits if left out.",
    ),
    OpenApiParameter(
        charting.MEASURE,
        str,
        enum=[charting.COUNT, *charting.MEASURES],
        description="`count`, of rows, if left out; the others are of `_of`.",
    ),
    OpenApiParameter(charting.OF, str, description="The column of numbers of a sum or a mean."),
    *FILTERS,
]


class ColumnChart(ApiView):
    scope = scopes.DATASETS_READ

    @extend_schema(parameters=PARAMETERS, responses=Chart)
    @refuses(BadRowQuery, StatisticsTooSlow)
    def get(self, request: Request, slug: str, name: str) -> HttpResponseBase:
        """Rows, a sum or a mean for each period of a column of dates, or for frequent values.

        At most 2,000 periods, or 25 values.  Of more than 2,000,000 rows, or where they take too
        long, a sample is looked at.
        """
        dataset = datasets.dataset_of(caller=caller_of(request), slug=slug)
        column = schemas.column_named(dataset, name)
        types = datasets.types_of(dataset)
        wish, query = wish_and_query(request, types)
        charting.agreed(wish, column.name, types)
        etag = conditional.etag_of([*kept.version_of(dataset, column.name, query), repr(wish)])
        unchanged = get_conditional_response(request._request, etag=etag)
        if unchanged is not None:
            return unchanged
        chart = partial(
            charting.charted,
            dataset=dataset,
            name=column.name,
            query=query,
            wish=wish,
            types=types,
            limit_s=settings.STATISTICS_LIMIT_S,
        )
        facts = kept.kept(etag, chart)
        return Response({**facts, "label": column.label}, headers=conditional.described(etag))


def wish_and_query(
    request: Request, types: dict[str, str]
) -> tuple[charting.Wish, row_query.RowQuery]:
    """Raises BadRowQuery."""
    own: dict[str, str] = {}
    rest: list[tuple[str, str]] = []
    for name, text in asked(request):
        if name not in OWN:
            rest.append((name, text))
        elif OWN[name] in own:
            raise BadRowQuery(parameter=name, reason="given twice")
        elif text:
            own[OWN[name]] = text
    return charting.Wish(**own), row_query.parse(rest, types)
