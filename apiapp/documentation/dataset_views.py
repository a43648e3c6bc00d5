"""/api/datasets/{slug}/openapi.json: what one dataset is to programs."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apiapp.documentation.documents import document_of
from apiapp.http.conditional import described, etag_of
from apiapp.http.json_text import dump
from apiapp.http.negotiation import OneForm
from apiapp.http.views import ApiView
from apiapp.imports import datasets
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of


class DatasetOpenApi(ApiView):
    """GET: the OpenAPI document of one dataset: its columns with their types and conditions."""

    scope = scopes.DATASETS_READ
    content_negotiation_class = OneForm

    @extend_schema(responses={(200, OpenApiJsonRenderer2.media_type): OpenApiTypes.OBJECT})
    def get(self, request: Request, slug: str) -> HttpResponse:
        return json_answer(document_of(datasets.dataset_of(caller=caller_of(request), slug=slug)))


def json_answer(found: dict[str, Any]) -> HttpResponse:
    return HttpResponse(
        dump(found),
        content_type=OpenApiJsonRenderer2.media_type,
        headers=described(etag_of(found)),
    )
