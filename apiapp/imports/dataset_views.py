"""/api/datasets/: datasets over REST; their columns and rows are in dataset_api/."""

from functools import cached_property, partial
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http.conditional import described
from apiapp.http.parsers import JsonParser
from apiapp.http.promises import conditional, refuses
from apiapp.http.views import ApiView
from apiapp.imports import datasets, events, mapping
from apiapp.imports.access import roles
from apiapp.imports.dataset_api.base import (
    DatasetScopes,
    OneDataset,
    etag_of_dataset,
    require_unchanged,
)
from apiapp.imports.dataset_serializers import DatasetDetail, HistoryEntry
from apiapp.imports.edits import undoable
from apiapp.imports.errors import DatasetBusy, NotPermitted
from apiapp.imports.models import Dataset, DatasetEvent, Role
from apiapp.imports.serializers import FileLabels, Mapping
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of


class DatasetList(DatasetScopes, ApiView, generics.ListAPIView[Dataset]):
    """GET: the datasets that the caller sees, their own and those shared with them, newest first."""

    serializer_class = DatasetDetail

    def get_queryset(self) -> QuerySet[Dataset]:
        return datasets.visible_to(caller_of(self.request))


class DatasetView(OneDataset):
    @extend_schema(responses=DatasetDetail)
    def get(self, request: Request, slug: str) -> Response:
        """One dataset with its columns."""
        return answer(request, self.dataset(slug))

    @extend_schema(request=DatasetDetail, responses=DatasetDetail)
    @conditional
    @refuses(NotPermitted)
    def patch(self, request: Request, slug: str) -> Response:
        """Change the title."""
        dataset = self.dataset(slug, needs=Role.EDITOR)
        wanted = DatasetDetail(dataset, data=request.data, partial=True)
        wanted.is_valid(raise_exception=True)
        title = wanted.validated_data.get("title", dataset.title)
        agree = partial(require_unchanged, request)
        by = caller_of(request).user
        renamed = datasets.rename(
            dataset=dataset, title=title, by=by, now=timezone.now(), agree=agree
        )
        return answer(request, renamed)

    @extend_schema(responses={204: None})
    @conditional
    @refuses(DatasetBusy, NotPermitted)
    def delete(self, request: Request, slug: str) -> Response:
        """Delete the dataset and its table, for good; the owner may."""
        dataset = self.dataset(slug, needs=Role.OWNER)
        require_unchanged(request, dataset)
        datasets.delete(dataset=dataset, by=caller_of(request).user, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class DatasetMapping(ApiView):
    """POST: where the columns of a file would go; nothing is stored."""

    scope = scopes.DATASETS_READ
    parser_classes = [JsonParser]  # no form tells a list of one label from a label

    @extend_schema(request=FileLabels, responses=Mapping)
    def post(self, request: Request, slug: str) -> Response:
        dataset = datasets.dataset_of(caller=caller_of(request), slug=slug)
        asked = FileLabels(data=request.data)
        asked.is_valid(raise_exception=True)
        targets = mapping.proposed(dataset, asked.validated_data["labels"])
        return Response(Mapping({"columns": targets}).data)


class DatasetHistory(DatasetScopes, ApiView, generics.ListAPIView[DatasetEvent]):
    """GET: who did what to the dataset, the newest first, and what of it could be taken back."""

    serializer_class = HistoryEntry

    def get_queryset(self) -> QuerySet[DatasetEvent]:
        is_owner = roles.may(self.dataset, Role.OWNER)
        return events.of_dataset(self.dataset, kept_back=() if is_owner else [events.Kind.SHARED])

    def paginate_queryset(self, queryset: Any) -> Any:
        return undoable.with_outlooks(self.dataset, super().paginate_queryset(queryset) or [])

    @cached_property
    def dataset(self) -> Dataset:
        return datasets.dataset_of(caller=caller_of(self.request), slug=self.kwargs["slug"])


def answer(request: Request, dataset: Dataset) -> Response:
    data = DatasetDetail(dataset, context={"request": request}).data
    etag = etag_of_dataset(request, dataset)
    return Response(data, headers=described(etag, dataset.updated_at))
