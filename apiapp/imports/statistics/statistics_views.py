"""/api/datasets/{slug}/columns/{name}/statistics/: what is in a column."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpResponseBase
from django.utils.cache import get_conditional_response
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from apiapp.http import conditional
from apiapp.http.promises import refuses
from apiapp.http.views import ApiView
from apiapp.imports import datasets, row_query, schemas
from apiapp.imports.errors import BadRowQuery, StatisticsTooSlow
from apiapp.imports.statistics import describing, kept
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of

MEANINGLESS = ("order", "select", "limit", "cursor")


class Frequent(serializers.Serializer[Any]):
    value = serializers.JSONField()
    count = serializers.IntegerField()


class Bar(serializers.Serializer[Any]):
    """From one value up to another, which is in the next bar, or in the last one."""

    to = serializers.JSONField()
    count = serializers.IntegerField()

    def get_fields(self) -> dict[str, serializers.Field]:
        return {"from": serializers.JSONField(), **super().get_fields()}


class Histogram(serializers.Serializer[Any]):
    of = serializers.ChoiceField([("values", "values"), ("lengths", "lengths")])
    bars = Bar(many=True)


class Statistics(serializers.Serializer[Any]):
    """What is in a column; null where a type has no such thing."""

    column = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.CharField()
    rows = serializers.IntegerField(help_text="That were looked at.")
    empty = serializers.IntegerField()
    distinct = serializers.IntegerField(allow_null=True)
    minimum = serializers.JSONField(allow_null=True)
    maximum = serializers.JSONField(allow_null=True)
    mean = serializers.FloatField(allow_null=True)
    top = Frequent(many=True, help_text="The ten most frequent values.")
    histogram = Histogram(allow_null=True)
    is_sampled = serializers.BooleanField(help_text="Only a sample of the rows was looked at.")


FILTERS = [
    OpenApiParameter("search", str, description="Only rows of which a text column contains it."),
    OpenApiParameter(
        "filters",
        OpenApiTypes.OBJECT,
        style="form",
        explode=True,
        description="Only rows that fulfil these, as of the list of rows: `price=gte.5`.",
    ),
]


class ColumnStatistics(ApiView):
    scope = scopes.DATASETS_READ

    @extend_schema(parameters=FILTERS, responses=Statistics)
    @refuses(BadRowQuery, StatisticsTooSlow)
    def get(self, request: Request, slug: str, name: str) -> HttpResponseBase:
        """Counts, extremes, frequent values and a histogram of a column."""
        dataset = datasets.dataset_of(caller=caller_of(request), slug=slug)
        column = schemas.column_named(dataset, name)
        types = datasets.types_of(dataset)
        query = row_query.parse(asked(request), types)
        etag = conditional.etag_of(kept.version_of(dataset, column.name, query))
        unchanged = get_conditional_response(request._request, etag=etag)
        if unchanged is not None:
            return unchanged
        describe = partial(
            describing.described,
            dataset=dataset,
            name=column.name,
            query=query,
            types=types,
            limit_s=settings.STATISTICS_LIMIT_S,
        )
        facts = kept.kept(etag, describe)
        return Response({**facts, "label": column.label}, headers=conditional.described(etag))


def asked(request: Request) -> list[tuple[str, str]]:
    """Filters and search.  Raises BadRowQuery for what means nothing here."""
    said = [
        (name, text)
        for name, texts in request.query_params.lists()
        if name != api_settings.URL_FORMAT_OVERRIDE
        for text in texts
    ]
    for name, _ in said:
        if name in MEANINGLESS:
            raise BadRowQuery(parameter=name, reason="statistics take filters and search alone")
    return said
