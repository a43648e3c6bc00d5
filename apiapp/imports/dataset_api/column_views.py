"""/api/datasets/{slug}/columns/: what a dataset's table is made of, changed while it is read."""

from functools import partial

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from apiapp.http.conditional import described, etag_of, is_conditional, require_match
from apiapp.http.parsers import JsonParser
from apiapp.http.promises import conditional, refuses
from apiapp.imports import columns
from apiapp.imports.altering.errors import ColumnGone
from apiapp.imports.dataset_api.base import OneDataset
from apiapp.imports.dataset_api.column_serializers import ColumnChange, NewColumn, NewType
from apiapp.imports.dataset_serializers import ColumnDetail
from apiapp.imports.errors import (
    BadColumns,
    BadKey,
    DatasetBusy,
    NotPermitted,
    TableInUse,
    TooManyColumns,
)
from apiapp.imports.models import Column, Role
from apiapp.imports.retyping import services as retyping
from apiapp.imports.serializers import ImportDetail
from apiapp.keys.authentication import caller_of


class ColumnList(OneDataset):
    @extend_schema(request=NewColumn, responses={201: ColumnDetail})
    @refuses(BadColumns, TooManyColumns, DatasetBusy, NotPermitted, TableInUse)
    def post(self, request: Request, slug: str) -> Response:
        """Add a column; the rows that are there get the default, or nothing."""
        dataset = self.dataset(slug, needs=Role.EDITOR)
        asked = NewColumn(data=request.data)
        asked.is_valid(raise_exception=True)
        column = columns.add(
            dataset=dataset,
            wanted=columns.NewColumn(**asked.validated_data),
            by=caller_of(request).user,
            now=timezone.now(),
        )
        address = reverse("api-dataset-column", [slug, column.name], request=request)
        return answer(column, status_code=status.HTTP_201_CREATED, Location=address)


class ColumnView(OneDataset):
    parser_classes = [JsonParser]  # conditions are an object: no form has them

    @extend_schema(responses=ColumnDetail)
    def get(self, request: Request, slug: str, name: str) -> Response:
        """One column by its name."""
        return answer(columns.column_of(self.dataset(slug), name))

    @extend_schema(request=ColumnChange, responses=ColumnDetail)
    @conditional
    @refuses(BadColumns, BadKey, DatasetBusy, NotPermitted, TableInUse)
    def patch(self, request: Request, slug: str, name: str) -> Response:
        """Change what a column is called and what it demands; its name in the database stays."""
        dataset = self.dataset(slug, needs=Role.EDITOR)
        asked = ColumnChange(data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        column = columns.change(
            caller=caller_of(request),
            dataset=dataset,
            name=name,
            wish=columns.Wish(**asked.validated_data),
            now=timezone.now(),
            agree=partial(require_unchanged, request),
        )
        return answer(column)

    @extend_schema(responses={204: None})
    @conditional
    @refuses(BadColumns, BadKey, DatasetBusy, NotPermitted, TableInUse)
    def delete(self, request: Request, slug: str, name: str) -> Response:
        """Drop a column; for a while it can be brought back, with its values."""
        columns.drop(
            dataset=self.dataset(slug, needs=Role.EDITOR),
            name=name,
            by=caller_of(request).user,
            now=timezone.now(),
            agree=partial(require_unchanged, request),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class ColumnRestore(OneDataset):
    @extend_schema(request=None, responses=ColumnDetail)
    @refuses(BadColumns, ColumnGone, DatasetBusy, NotPermitted, TableInUse)
    def post(self, request: Request, slug: str, name: str) -> Response:
        """Bring back the column that was dropped last under this name."""
        column = columns.restore(
            dataset=self.dataset(slug, needs=Role.EDITOR),
            name=name,
            by=caller_of(request).user,
            now=timezone.now(),
        )
        return answer(column)


class ColumnRetype(OneDataset):
    parser_classes = [JsonParser]

    @extend_schema(request=NewType, responses={202: ImportDetail})
    @refuses(BadColumns, DatasetBusy, NotPermitted)
    def post(self, request: Request, slug: str, name: str) -> Response:
        """Change the type of a column, or only say which of its cells will not convert.

        It is done in the background and told as an import: with its refused cells, and its undo.
        """
        dataset = self.dataset(slug, needs=Role.EDITOR)
        asked = NewType(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        row = retyping.start(
            caller=caller_of(request),
            dataset=dataset,
            name=name,
            wanted=retyping.Retype(
                type=values["type"],
                form=values["form"],
                empties=values["on_refused"] == "empty",
                is_dry_run=values["dry_run"],
            ),
            now=timezone.now(),
        )
        return Response(
            ImportDetail(row, context={"request": request}).data,
            status=status.HTTP_202_ACCEPTED,
            headers={"Location": reverse("api-import", [row.pk], request=request)},
        )


def answer(column: Column, *, status_code: int = status.HTTP_200_OK, **headers: str) -> Response:
    data = ColumnDetail(column).data
    return Response(data, status=status_code, headers={**described(etag_of(data)), **headers})


def require_unchanged(request: Request, column: Column) -> None:
    """Raises PreconditionFailed."""
    if is_conditional(request):
        require_match(request, etag=etag_of(ColumnDetail(column).data))
