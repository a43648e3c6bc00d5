"""Keyset pages: steady while rows come and go, and as fast at the end as at the start."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response


class KeysetPagination(CursorPagination):
    """Pages by primary key, newest first: `{"results", "next", "previous"}`.

    `?limit=` asks for 1 to 1,000 rows; the `Link` header says the same links (RFC 8288).
    """

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 1000
    ordering = "-pk"

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: Any = None
    ) -> list[Any] | None:
        assert isinstance(queryset, QuerySet)
        self._key = queryset.model._meta.pk
        return super().paginate_queryset(queryset, request, view)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Raises NotFound for one that was made up: it must not reach the database."""
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None and not is_key(str(cursor.position), self._key):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def get_paginated_response(self, data: Any) -> Response:
        links = {"next": self.get_next_link(), "prev": self.get_previous_link()}
        response = Response({"results": data, "next": links["next"], "previous": links["prev"]})
        header = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in links.items() if url)
        if header:
            response["Link"] = header
        return response


def is_key(text: str, key: Field) -> bool:
    """Whether `text` can be a value of the primary key `key`."""
    try:
        key.to_python(text)
    except ValidationError:
        return False
    return "\0" not in text
