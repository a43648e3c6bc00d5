"""The project's URLs, and some views that break in ways nobody foresaw."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.examples.open_view import OpenView
from apiapp.http.views import ApiView
from myproject.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def broken_page(request: HttpRequest) -> HttpResponse:
    raise LookupError("a secret")


class BrokenApi(ApiView):
    authentication_classes = []
    permission_classes = []

    def get(self, request: Request) -> Response:
        raise LookupError("a secret")


class BrokenExample(OpenView):
    def get(self, request: Request) -> Response:
        raise LookupError("a secret")


class Unprintable:
    def __str__(self) -> str:
        raise LookupError("a secret")


class Unwritable(BrokenApi):
    """Breaks when its answer is written, after the view is through."""

    def get(self, request: Request) -> Response:
        return Response({"it": Unprintable()})


broken: list[Any] = [
    path("broken-page", broken_page),
    path("api/broken", BrokenApi.as_view()),
    path("api/broken-example", BrokenExample.as_view()),
    path("api/unwritable", Unwritable.as_view()),
]
urlpatterns = [*broken, *urlpatterns]
