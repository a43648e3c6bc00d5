"""Paths under the API with nothing behind them."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from apiapp.http.views import ApiView


class UnknownPath(ApiView):
    """404 for whatever method, never as a page for people: who calls here is a program."""

    authentication_classes = []
    permission_classes = [AllowAny]
    rate_policy = "open"
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound
