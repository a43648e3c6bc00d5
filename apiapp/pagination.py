"""Keyset pages: steady while rows come and go, and as fast at the end as at the start."""

from typing import Any

from rest_framework.pagination import CursorPagination
from rest_framework.response import Response


class KeysetPagination(CursorPagination):
    """Pages by primary key, newest first: `{"results", "next", "previous"}`.

    `?limit=` asks for 1 to 1,000 rows; the `Link` header says the same links (RFC 8288).
    """

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 1000
    ordering = "-pk"

    def get_paginated_response(self, data: Any) -> Response:
        links = {"next": self.get_next_link(), "prev": self.get_previous_link()}
        response = Response({"results": data, "next": links["next"], "previous": links["prev"]})
        header = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in links.items() if url)
        if header:
            response["Link"] = header
        return response
