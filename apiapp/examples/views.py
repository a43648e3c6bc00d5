"""The open examples: one view for each."""

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.examples import catalogue, services, slow_page
from apiapp.examples.documented import documented
from apiapp.examples.open_view import (
    ANY_REFUSAL,
    BODY_REFUSAL,
    NO_SUCH_ID,
    OpenView,
    digits_of,
    is_confirmed,
    number_of,
    read,
)
from apiapp.examples.serializers import (
    NO_AUTHORIZATION,
    NO_CUSTOM_HEADER,
    NO_USER_AGENT,
    Deleted,
    FormSent,
    ItemSeen,
    ItemSent,
    Pair,
    PostSeen,
    PostSent,
    ResourceDeleted,
    ResourcePosted,
    ResourcePut,
    ResourceShown,
    ResourceStored,
    StatusTold,
    Told,
    UserListed,
    UserSeen,
)
from apiapp.http.headers import header_text
from apiapp.http.negotiation import OneForm, known_type
from apiapp.http.parsers import JsonParser
from apiapp.idempotency.decorators import idempotent

# Written out: drf-spectacular puts the examples of a list of serializers into one more list.
USERS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "name": {"type": "string"},
            "age": {"type": "integer"},
        },
        "required": ["id", "name", "age"],
    },
}
ID = OpenApiParameter("user_id", int, "path", description="Digits, as many as you like.")
ITEM_ID = OpenApiParameter("item_id", int, "path", description="Digits, as many as you like.")
CONFIRM = OpenApiParameter("confirm", str, description="`true`; anything else is no.")
MUST_CONFIRM = OpenApiParameter(
    "confirm",
    {"type": "string", "pattern": "^[Tt][Rr][Uu][Ee]$"},
    required=True,
    description="`true`, in whatever case.",
)
CUSTOM_HEADER = OpenApiParameter(
    "X-Custom-Header", str, "header", description="Any text, as UTF-8."
)


@documented(catalogue.GET_USER)
class GetExample(OpenView):
    """Say what came in the path, the query and a header.

    Without `name` a stored user's is answered, if there is one of this id.
    """

    @extend_schema(
        operation_id="get_example",
        parameters=[ID, OpenApiParameter("name", str, description="The last counts.")],
        responses={200: UserSeen, **NO_SUCH_ID, **ANY_REFUSAL},
    )
    def get(self, request: Request, user_id: str) -> Response:
        user_number = number_of(digits_of(user_id), request)
        name = request.query_params.get("name")
        if name is None:
            name = services.name_of_user(user_id=digits_of(user_id)) or "默认名字"
        agent = header_text(request, "User-Agent", NO_USER_AGENT)
        return Response({"user_id": user_number, "name": name, "user_agent": agent})


@documented(catalogue.POST_TEXT)
class PostExample(OpenView):
    """Say what came in the body and in the Authorization header; the post is stored."""

    @extend_schema(
        operation_id="post_example", request=PostSent, responses={200: PostSeen, **BODY_REFUSAL}
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        sent = read(request, PostSent)
        services.store_post(title=sent["title"], content=sent["content"])
        return Response({**sent, "authorization": authorization(request)})


@documented(catalogue.PUT_ITEM)
class PutExample(OpenView):
    """Say what came in the path, the body and a header; the item is stored by its number."""

    @extend_schema(
        operation_id="put_example",
        parameters=[ITEM_ID, CUSTOM_HEADER],
        request=ItemSent,
        responses={200: ItemSeen, **NO_SUCH_ID, **BODY_REFUSAL},
    )
    def put(self, request: Request, item_id: str) -> Response:
        digits = digits_of(item_id)
        sent = read(request, ItemSent)
        services.store_item(item_id=digits, **sent)
        header = header_text(request, "X-Custom-Header", NO_CUSTOM_HEADER)
        return Response({"item_id": number_of(digits, request), **sent, "custom_header": header})


@documented(catalogue.DELETE_POSTS, catalogue.DELETE_UNCONFIRMED)
class DeleteExample(OpenView):
    """Delete the stored posts, if that is confirmed."""

    @extend_schema(
        operation_id="delete_example",
        parameters=[MUST_CONFIRM],
        responses={200: Deleted, 400: Told, **ANY_REFUSAL},
    )
    def delete(self, request: Request) -> Response:
        if not is_confirmed(request):
            return Response({"message": "删除未确认"}, status=status.HTTP_400_BAD_REQUEST)
        services.delete_posts()
        return Response({"deleted": True, "authorization": authorization(request)})


@documented(
    catalogue.RESOURCE_GET,
    catalogue.RESOURCE_POST,
    catalogue.RESOURCE_POST_XML,
    catalogue.RESOURCE_POST_BAD,
    catalogue.RESOURCE_PUT,
    catalogue.RESOURCE_DELETE,
)
class ResourceView(OpenView):
    """Four methods on one path.  The id is any text without a slash."""

    @extend_schema(
        operation_id="resource_get",
        parameters=[OpenApiParameter("detail", str, description="`basic` if left out.")],
        responses={200: ResourceShown, **ANY_REFUSAL},
    )
    def get(self, request: Request, resource_id: str) -> Response:
        """Say what came in the path and the query."""
        return said(request, resource_id, detail=request.query_params.get("detail", "basic"))

    @extend_schema(
        operation_id="resource_post",
        request=ResourcePosted,
        responses={200: ResourceStored, **BODY_REFUSAL},
    )
    @idempotent()
    def post(self, request: Request, resource_id: str) -> Response:
        """Store the field `key` under this id."""
        return stored(request, resource_id, read(request, ResourcePosted))

    @extend_schema(
        operation_id="resource_put",
        request=ResourcePut,
        responses={200: ResourceStored, **BODY_REFUSAL},
    )
    def put(self, request: Request, resource_id: str) -> Response:
        """Store the field `field` under this id."""
        return stored(request, resource_id, read(request, ResourcePut))

    @extend_schema(
        operation_id="resource_delete",
        parameters=[CONFIRM],
        responses={200: ResourceDeleted, **ANY_REFUSAL},
    )
    def delete(self, request: Request, resource_id: str) -> Response:
        """Delete what is stored under this id, if that is confirmed."""
        confirmed = is_confirmed(request)
        if confirmed:
            services.delete_resource(resource_id=resource_id)
        return said(request, resource_id, confirm=confirmed)


@documented(catalogue.POST_JSON, catalogue.POST_NOT_JSON)
class PostJson(OpenView):
    """Take JSON and nothing else."""

    @extend_schema(
        operation_id="post_json",
        request={"application/json": OpenApiTypes.ANY},
        responses={200: StatusTold, **BODY_REFUSAL, 400: StatusTold},
    )
    def post(self, request: Request) -> Response:
        if not has_json(request) or not request.body:
            refused = {"status": "error", "message": "请求不是JSON格式"}
            return Response(refused, status=status.HTTP_400_BAD_REQUEST)
        _ = request.data  # raises what is wrong with it
        return Response({"status": "success", "message": "数据接收成功"})


@documented(catalogue.POST_FORM)
class PostForm(OpenView):
    """Take a form; what is in it is not kept."""

    @extend_schema(
        operation_id="post_form", request=FormSent, responses={200: StatusTold, **BODY_REFUSAL}
    )
    def post(self, request: Request) -> Response:
        read(request, FormSent)
        return Response({"status": "success", "message": "表单数据接收成功"})


@documented(catalogue.GET_DATA)
class Data(OpenView):
    """Answer a small JSON object."""

    @extend_schema(operation_id="get_data", responses={200: Pair, **ANY_REFUSAL})
    def get(self, request: Request) -> Response:
        return Response({"key": "value"})


@documented(catalogue.GET_USERS)
class UserList(OpenView):
    """Answer a list: the users that are open to everybody."""

    @extend_schema(operation_id="get_users", responses={200: USERS, **ANY_REFUSAL})
    def get(self, request: Request) -> Response:
        return Response(UserListed(services.open_users(), many=True).data)


@documented(catalogue.STREAM)
class Stream(OpenView):
    """Answer bit by bit, with 1 to 3 s between one and the next."""

    content_negotiation_class = OneForm

    @extend_schema(
        operation_id="stream",
        responses={(200, "text/html"): OpenApiTypes.STR, **ANY_REFUSAL},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        # Under ASGI nobody but SlowPage asks, for the head alone.
        pieces = () if request.method == "HEAD" else slow_page.pieces_in_time()
        return StreamingHttpResponse(pieces, headers=slow_page.HEADERS)


def said(request: Request, resource_id: str, **more: Any) -> Response:
    method = "GET" if request.method == "HEAD" else request.method
    return Response({"method": method, "resource_id": resource_id, **more})


def stored(request: Request, resource_id: str, data: dict[str, Any]) -> Response:
    services.store_resource(resource_id=resource_id, data=data)
    return said(request, resource_id, data=data)


def authorization(request: Request) -> str:
    return header_text(request, "Authorization", NO_AUTHORIZATION)


def has_json(request: Request) -> bool:
    return known_type(request.content_type) == JsonParser.media_type
