"""Keyset pages: steady while rows come and go, and as fast at the end as at the start."""

import re
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http.errors import BadParameter

LIMIT = re.compile(r"[0-9]{1,4}")


class KeysetPagination(CursorPagination):
    """Pages by primary key, newest first: `{"results", "next", "previous"}`.

    `?limit=` asks for 1 to 1,000 rows; the `Link` header says the same links (RFC 8288).
    Raises BadParameter for another limit, and for a cursor that no page gave.
    """

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 1000
    ordering = "-pk"

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: Any = None
    ) -> list[Any] | None:
        assert isinstance(queryset, QuerySet)
        order = str(self.ordering).removeprefix("-")
        options = queryset.model._meta
        self._key = options.pk if order == "pk" else options.get_field(order)
        return super().paginate_queryset(queryset, request, view)

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        if not LIMIT.fullmatch(asked) or not 1 <= int(asked) <= self.max_page_size:
            raise BadParameter(parameter="limit", reason=f"1 to {self.max_page_size} is possible")
        return int(asked)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """What was made up must not reach the database."""
        try:
            cursor = super().decode_cursor(request)
        except NotFound as error:
            raise unknown_cursor() from error
        if cursor and cursor.position is not None and not is_value(cursor.position, self._key):
            raise unknown_cursor()
        return cursor

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        limits = {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        wanted = {"limit": "Rows of a page.", "cursor": "Of another page: follow `next`."}
        kinds = {"limit": {"type": "integer", **limits}, "cursor": {"type": "string"}}
        return [
            {"name": name, "in": "query", "description": text, "schema": kinds[name]}
            for name, text in wanted.items()
        ]

    def get_paginated_response(self, data: Any) -> Response:
        links = {"next": self.get_next_link(), "prev": self.get_previous_link()}
        response = Response({"results": data, "next": links["next"], "previous": links["prev"]})
        header = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in links.items() if url)
        if header:
            response["Link"] = header
        return response


def unknown_cursor() -> BadParameter:
    reason = "follow the links next and previous of a page"
    return BadParameter(parameter="cursor", reason=reason)


def is_value(text: Any, key: Any) -> bool:
    """Whether `text` can be a value of the field `key`."""
    try:
        key.to_python(text)
    except ValidationError:
        return False
    return "\0" not in str(text)
