"""/api/v1/: the rows of the examples as a production API serves them."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.examples import twins
from apiapp.examples.errors import IdTaken, NotYours, UnknownParameter
from apiapp.examples.models import ExampleRow, ExampleUser, Item, Post, Resource
from apiapp.examples.readers import shared, values_of
from apiapp.examples.services import open_rows
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
from apiapp.http.errors import BadParameter
from apiapp.http.promises import conditional, refuses
from apiapp.http.views import ApiView
from apiapp.idempotency.decorators import idempotent
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of

PAGING = ("limit", "cursor")

ListView = TypeVar("ListView", bound="type[TwinList]")


class Twin(ApiView, generics.GenericAPIView[Any]):
    """What both views of a kind have in common; whoever is known may read.

    model: the kind.  row_url: the name of the route of one row.
    """

    write_scope = scopes.EXAMPLES
    model: ClassVar[type[Model]]
    row_url: ClassVar[str]

    @property
    def rows(self) -> QuerySet[Any]:
        open_rows.settle()
        return self.model._default_manager.all()

    def written(self, row: ExampleRow) -> dict[str, Any]:
        kind: Any = self.serializer_class
        return shared(kind).to_representation(row)

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

    def get_serializer_class(self) -> Any:
        if self.request.method == "POST" and self.new_class:
            return self.new_class
        return super().get_serializer_class()

    @refuses(UnknownParameter)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @refuses(IdTaken)
    @idempotent()
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        values = values_of(request.data, self.get_serializer_class())
        row = twins.create(caller=caller_of(request), rows=self.rows, values=values)
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
        parameter, reasons = next(iter(asked.errors.items()))
        raise BadParameter(parameter=parameter, reason=str(reasons[0]))
    return asked.validated_data


def filtered_by(kind: type[Filters]) -> Callable[[ListView], ListView]:
    """Filter a list so, and say so."""

    def decorate(view: ListView) -> ListView:
        view.filters = kind
        return extend_schema_view(get=extend_schema(parameters=[kind]))(view)

    return decorate


class TwinView(Twin):
    def get(self, request: Request, **path: Any) -> Response:
        return self.shown(self.get_object())

    def get_object(self) -> ExampleRow:
        """Raises UnknownRow.  OPTIONS and the browsable API ask for it as well."""
        caller, pk = caller_of(self.request), pk_in(self.kwargs)
        return twins.row_of(caller=caller, rows=self.rows, pk=pk)

    @refuses(NotYours)
    @conditional
    def put(self, request: Request, **path: Any) -> Response:
        return self.changed(request, pk_in(path), is_partial=False)

    @refuses(NotYours)
    @conditional
    def patch(self, request: Request, **path: Any) -> Response:
        return self.changed(request, pk_in(path), is_partial=True)

    @refuses(NotYours)
    @conditional
    def delete(self, request: Request, **path: Any) -> Response:
        twins.delete(
            caller=caller_of(request), rows=self.rows, pk=pk_in(path), guard=self.require_match
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    def changed(self, request: Request, pk: Any, *, is_partial: bool) -> Response:
        caller = caller_of(request)
        twins.changeable_row(caller=caller, rows=self.rows, pk=pk)
        kind: Any = self.serializer_class
        values = values_of(request.data, kind, is_partial=is_partial)
        return self.shown(
            twins.change(
                caller=caller,
                rows=self.rows,
                pk=pk,
                values=values,
                guard=self.require_match,
            )
        )

    def require_match(self, row: ExampleRow) -> None:
        etag = etag_of(self.written(row))
        require_match(self.request, etag=etag, modified_at=row.updated_at)


def pk_in(path: dict[str, Any]) -> Any:
    (pk,) = path.values()
    return pk


@filtered_by(UserFilters)
class UserList(TwinList):
    """GET: users, one's own and the open ones, newest first.  POST: make one."""

    model = ExampleUser
    serializer_class = ExampleUserDetail
    search = ("name",)
    row_url = "api-user"


class UserView(TwinView):
    """GET: one user.  PUT: replace it.  PATCH: change the fields named.  DELETE: delete it."""

    model = ExampleUser
    serializer_class = ExampleUserDetail
    row_url = "api-user"


@filtered_by(PostFilters)
class PostList(TwinList):
    """GET: posts, one's own and the open ones, newest first.  POST: make one."""

    model = Post
    serializer_class = PostDetail
    search = ("title", "content")
    row_url = "api-post"


class PostView(TwinView):
    """GET: one post.  PUT: replace it.  PATCH: change the fields named.  DELETE: delete it."""

    model = Post
    serializer_class = PostDetail
    row_url = "api-post"


@filtered_by(ItemFilters)
class ItemList(TwinList):
    """GET: items, one's own and the open ones, by number.  POST: make one of a number you choose."""

    model = Item
    serializer_class = ItemDetail
    new_class = NewItem
    search = ("name", "description")
    row_url = "api-item"


class ItemView(TwinView):
    """GET: one item.  PUT: replace it.  PATCH: change the fields named.  DELETE: delete it."""

    model = Item
    serializer_class = ItemDetail
    row_url = "api-item"


@filtered_by(ResourceFilters)
class ResourceList(TwinList):
    """GET: resources, one's own and the open ones.  POST: make one of a name you choose."""

    model = Resource
    serializer_class = ResourceDetail
    new_class = NewResource
    search = ("id",)
    row_url = "api-resource"


class ResourceView(TwinView):
    """GET: one resource.  PUT: replace it.  PATCH: change the fields named.  DELETE: delete it."""

    model = Resource
    serializer_class = ResourceDetail
    row_url = "api-resource"
