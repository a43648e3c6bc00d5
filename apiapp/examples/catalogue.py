"""Every example once: one request and its answer.

The views' documentation (browsable API, OpenAPI), the page of examples and the test that sends
each request and compares the answer are all made from here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
XML = "application/xml"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Example:
    """One request and its answer.

    name: stands in addresses; unique.  title: what it shows, translated where it is shown.
    path: not percent-encoded.  query: name -> value, neither encoded.  headers: as text; what is
    not ASCII travels as UTF-8.  body: of JSON the value, of a form name -> value, of XML the text.
    answer: of JSON the value, of anything else the text.  twin: the path of its grown-up form; ""
    if there is none.
    """

    name: str
    title: Any
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = ""
    body: Any = None
    status: int = 200
    answer_type: str = JSON
    answer: Any
    twin: str = ""

    @property
    def target(self) -> str:
        """Path and query as they are sent, but for the percent-encoding of the path."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def sent_body(self) -> str:
        """The body as it is sent, in UTF-8; empty if there is none."""
        if self.content_type == JSON:
            return json.dumps(self.body, ensure_ascii=False)
        if self.content_type == FORM:
            return urlencode(self.body)
        return self.body or ""

    @property
    def sent_headers(self) -> dict[str, str]:
        kind = {"Content-Type": self.content_type} if self.content_type else {}
        return {**kind, **self.headers}

    @property
    def answered_body(self) -> str:
        """The answer's body as text."""
        if self.answer_type == JSON:
            return json.dumps(self.answer, ensure_ascii=False)
        return str(self.answer)

    def as_text(self) -> str:
        """Request and answer as they would go over the wire."""
        headers = [f"{name}: {value}" for name, value in self.sent_headers.items()]
        body = ["", self.sent_body] if self.sent_body else []
        request = [f"{self.method} {self.target}", *headers, *body]
        return "\n".join([*request, "", f"{self.status} {self.answer_type}", self.answered_body])


GET_USER = Example(
    name="get",
    title=_("GET with an id in the path, a query and a header"),
    method="GET",
    path="/get_example/123",
    query={"name": "Alice"},
    headers={"User-Agent": "learner/1.0"},
    answer={"user_id": 123, "name": "Alice", "user_agent": "learner/1.0"},
    twin="/api/v1/users/1/",
)
POST_TEXT = Example(
    name="post",
    title=_("POST with a JSON body and the Authorization header"),
    method="POST",
    path="/post_example",
    headers={"Authorization": "Bearer your_token"},
    content_type=JSON,
    body={"title": "标题", "content": "内容"},
    answer={"title": "标题", "content": "内容", "authorization": "Bearer your_token"},
    twin="/api/v1/posts/",
)
PUT_ITEM = Example(
    name="put",
    title=_("PUT with a form and a header in Chinese"),
    method="PUT",
    path="/put_example/456",
    headers={"X-Custom-Header": "自定义值"},
    content_type=FORM,
    body={"name": "名称", "description": "描述"},
    answer={
        "item_id": 456,
        "name": "名称",
        "description": "描述",
        "custom_header": "自定义值",
    },
    twin="/api/v1/items/",
)
DELETE_POSTS = Example(
    name="delete",
    title=_("DELETE that has to be confirmed"),
    method="DELETE",
    path="/delete_example",
    query={"confirm": "true"},
    headers={"Authorization": "Bearer your_token"},
    answer={"deleted": True, "authorization": "Bearer your_token"},
    twin="/api/v1/posts/",
)
DELETE_UNCONFIRMED = Example(
    name="delete-unconfirmed",
    title=_("DELETE that is not confirmed, and refused"),
    method="DELETE",
    path="/delete_example",
    status=400,
    answer={"message": "删除未确认"},
)
RESOURCE_GET = Example(
    name="resource-get",
    title=_("GET of a resource by its name"),
    method="GET",
    path="/api/resource/abc123",
    query={"detail": "full"},
    answer={"method": "GET", "resource_id": "abc123", "detail": "full"},
    twin="/api/v1/resources/",
)
RESOURCE_POST = Example(
    name="resource-post",
    title=_("POST to a resource, JSON"),
    method="POST",
    path="/api/resource/abc123",
    content_type=JSON,
    body={"key": "value"},
    answer={"method": "POST", "resource_id": "abc123", "data": {"key": "value"}},
    twin="/api/v1/resources/",
)
RESOURCE_POST_XML = Example(
    name="resource-post-xml",
    title=_("POST to a resource, XML"),
    method="POST",
    path="/api/resource/资源",
    content_type=XML,
    body="<root><key>值</key></root>",
    answer={"method": "POST", "resource_id": "资源", "data": {"key": "值"}},
    twin="/api/v1/resources/",
)
RESOURCE_POST_BAD = Example(
    name="resource-post-bad",
    title=_("POST without the field it needs, and refused"),
    method="POST",
    path="/api/resource/abc123",
    content_type=JSON,
    body={},
    status=400,
    answer={"key": ["This field is required."]},
)
RESOURCE_PUT = Example(
    name="resource-put",
    title=_("PUT to a resource, a form"),
    method="PUT",
    path="/api/resource/abc123",
    content_type=FORM,
    body={"field": "new value"},
    answer={"method": "PUT", "resource_id": "abc123", "data": {"field": "new value"}},
    twin="/api/v1/resources/",
)
RESOURCE_DELETE = Example(
    name="resource-delete",
    title=_("DELETE of a resource"),
    method="DELETE",
    path="/api/resource/abc123",
    query={"confirm": "true"},
    answer={"method": "DELETE", "resource_id": "abc123", "confirm": True},
    twin="/api/v1/resources/",
)
POST_JSON = Example(
    name="json",
    title=_("POST that takes nothing but JSON"),
    method="POST",
    path="/api/post",
    content_type=JSON,
    body={"key": "value"},
    answer={"status": "success", "message": "数据接收成功"},
)
POST_NOT_JSON = Example(
    name="not-json",
    title=_("POST that is not JSON, and refused"),
    method="POST",
    path="/api/post",
    content_type=FORM,
    body={"key": "value"},
    status=400,
    answer={"status": "error", "message": "请求不是JSON格式"},
)
POST_FORM = Example(
    name="form",
    title=_("POST of a form"),
    method="POST",
    path="/api/form",
    content_type=FORM,
    body={"username": "alice", "password": "secret"},  # nosec B105 # shown to everybody
    answer={"status": "success", "message": "表单数据接收成功"},
)
GET_DATA = Example(
    name="data",
    title=_("GET of a small JSON object"),
    method="GET",
    path="/api/data",
    answer={"key": "value"},
)
GET_USERS = Example(
    name="users",
    title=_("GET of a list"),
    method="GET",
    path="/api/users",
    answer=[{"id": 1, "name": "Alice", "age": 30}, {"id": 2, "name": "Bob", "age": 25}],
    twin="/api/v1/users/",
)
STREAM = Example(
    name="stream",
    title=_("GET of an answer that comes bit by bit"),
    method="GET",
    path="/stream",
    answer_type=HTML,
    answer="<p>0</p><p>1</p><p>2</p><p>3</p><p>4</p>",
)

EXAMPLES: tuple[Example, ...] = (
    GET_USER,
    POST_TEXT,
    PUT_ITEM,
    DELETE_POSTS,
    DELETE_UNCONFIRMED,
    RESOURCE_GET,
    RESOURCE_POST,
    RESOURCE_POST_XML,
    RESOURCE_POST_BAD,
    RESOURCE_PUT,
    RESOURCE_DELETE,
    POST_JSON,
    POST_NOT_JSON,
    POST_FORM,
    GET_DATA,
    GET_USERS,
    STREAM,
)
