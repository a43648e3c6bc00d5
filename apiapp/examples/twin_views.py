"""/api/v1/: the rows of the examples as a production API serves them."""

from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.urls import reverse
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.examples import twins
from apiapp.examples.errors import BadParameter, UnknownParameter
from apiapp.examples.models import ExampleRow, ExampleUser, Item, Post, Resource
from apiapp.examples.twin_schema import described_list, described_row
from apiapp.examples.twin_serializers import (
    ExampleUserDetail,
    Filters,
    ItemDetail,
    ItemFilters,
    NewItem,
    NewResource,
    PostDetail,
    PostFilters,
    ResourceDetail,
    ResourceFilters,
    UserFilters,
)
from apiapp.http.conditional import described, etag_of, require_match
from apiapp.http.views import ApiView
from apiapp.idempotency.decorators import idempotent
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of

PAGING = ("limit", "cursor")


class Twin(ApiView, generics.GenericAPIView[Any]):
    """What both views of a kind have in common; whoever is known may read.

    model: the kind.  row_url: the name of the route of one row.
    """

    write_scope = scopes.EXAMPLES
    model: ClassVar[type[Model]]
    row_url: ClassVar[str]

    @property
    def rows(self) -> QuerySet[Any]:
        return self.model._default_manager.all()

    def written(self, row: ExampleRow) -> dict[str, Any]:
        assert self.serializer_class
        return self.serializer_class(row, context=self.get_serializer_context()).data

    def shown(self, row: ExampleRow, code: int = status.HTTP_200_OK) -> Response:
        written = self.written(row)
        headers = described(etag_of(written), row.updated_at)
        return Response(written, status=code, headers=headers)


class TwinList(Twin, generics.ListCreateAPIView[Any]):
    """filters: what the list can be filtered by.  search: where `search` looks.

    new_class: what is read when a row is made, if that is not what is shown.
    """

    filters: ClassVar[type[Filters]]
    search: ClassVar[tuple[str, ...]]
    new_class: ClassVar[type[serializers.Serializer[Any]] | None] = None

    def get_queryset(self) -> QuerySet[Any]:
        asked = filters_of(self.request, self.filters)
        text = asked.pop("search", None)
        seen = twins.visible(caller=caller_of(self.request), rows=self.rows)
        found = seen.filter(**asked).select_related("owner")
        return twins.search(found, text, self.search) if text else found

    @idempotent()
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        kind = self.new_class or self.get_serializer_class()
        sent = kind(data=request.data)
        sent.is_valid(raise_exception=True)
        row = twins.create(caller=caller_of(request), rows=self.rows, values=sent.validated_data)
        response = self.shown(row, status.HTTP_201_CREATED)
        response["Location"] = reverse(self.row_url, args=[row.pk])
        return response


def filters_of(request: Request, kind: type[Filters]) -> dict[str, Any]:
    """Raises UnknownParameter and BadParameter."""
    known = kind().fields
    for parameter in request.query_params:
        if parameter not in (*known, *PAGING, "_format"):
            raise UnknownParameter(parameter=parameter, known=(*known, *PAGING))
    asked = kind(data=request.query_params.dict())
    if not asked.is_valid():
        raise BadParameter(asked.errors)
    return asked.validated_data


class TwinView(Twin):
    def get(self, request: Request, **path: Any) -> Response:
        return self.shown(self.get_object())

    def get_object(self) -> ExampleRow:
        """Raises UnknownRow.  OPTIONS and the browsable API ask for it as well."""
        caller, pk = caller_of(self.request), pk_in(self.kwargs)
        return twins.row_of(caller=caller, rows=self.rows, pk=pk)

    def put(self, request: Request, **path: Any) -> Response:
        return self.changed(request, pk_in(path), is_partial=False)

    def patch(self, request: Request, **path: Any) -> Response:
        return self.changed(request, pk_in(path), is_partial=True)

    def delete(self, request: Request, **path: Any) -> Response:
        twins.delete(
            caller=caller_of(request), rows=self.rows, pk=pk_in(path), guard=self.require_match
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    def changed(self, request: Request, pk: Any, *, is_partial: bool) -> Response:
        caller = caller_of(request)
        row = twins.changeable_row(caller=caller, rows=self.rows, pk=pk)
        sent = self.get_serializer(row, data=request.data, partial=is_partial)
        sent.is_valid(raise_exception=True)
        return self.shown(
            twins.change(
                caller=caller,
                rows=self.rows,
                pk=pk,
                values=sent.validated_data,
                guard=self.require_match,
            )
        )

    def require_match(self, row: ExampleRow) -> None:
        etag = etag_of(self.written(row))
        require_match(self.request, etag=etag, modified_at=row.updated_at)


def pk_in(path: dict[str, Any]) -> Any:
    (pk,) = path.values()
    return pk


@described_list(ExampleUserDetail, filters=UserFilters)
class UserList(TwinList):
    """Users: the caller's own and the open ones, newest first."""

    model = ExampleUser
    serializer_class = ExampleUserDetail
    filters = UserFilters
    search = ("name",)
    row_url = "api-user"


@described_row(ExampleUserDetail)
class UserView(TwinView):
    """One user."""

    model = ExampleUser
    serializer_class = ExampleUserDetail
    row_url = "api-user"


@described_list(PostDetail, filters=PostFilters)
class PostList(TwinList):
    """Posts: the caller's own and the open ones, newest first."""

    model = Post
    serializer_class = PostDetail
    filters = PostFilters
    search = ("title", "content")
    row_url = "api-post"


@described_row(PostDetail)
class PostView(TwinView):
    """One post."""

    model = Post
    serializer_class = PostDetail
    row_url = "api-post"


@described_list(ItemDetail, filters=ItemFilters, new=NewItem)
class ItemList(TwinList):
    """Items: the caller's own and the open ones, the highest number first.

    Who makes an item chooses its number.
    """

    model = Item
    serializer_class = ItemDetail
    new_class = NewItem
    filters = ItemFilters
    search = ("name", "description")
    row_url = "api-item"


@described_row(ItemDetail)
class ItemView(TwinView):
    """One item."""

    model = Item
    serializer_class = ItemDetail
    row_url = "api-item"


@described_list(ResourceDetail, filters=ResourceFilters, new=NewResource)
class ResourceList(TwinList):
    """Resources: the caller's own and the open ones, by name from the last to the first.

    Who makes a resource chooses its name.
    """

    model = Resource
    serializer_class = ResourceDetail
    new_class = NewResource
    filters = ResourceFilters
    search = ("id",)
    row_url = "api-resource"


@described_row(ResourceDetail)
class ResourceView(TwinView):
    """One resource."""

    model = Resource
    serializer_class = ResourceDetail
    row_url = "api-resource"
