"""Django's WSGI handler, with a short way for programs."""

from collections.abc import Callable
from typing import Any

from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponseBase

from apiapp.http.charsets import TextRequest
from apiapp.http.known import KEY
from apiapp.http.programs import ProgramMiddleware, is_program


class Handler(WSGIHandler):
    """People's requests pass settings.MIDDLEWARE, programs' the one of http/programs.py."""

    request_class = TextRequest
    _get_response: Any
    _middleware_chain: Any

    def __init__(self, told: Callable[[HttpRequest, HttpResponseBase], None] | None = None) -> None:
        """told: called with each answer, in its thread."""
        super().__init__()
        self._told = told

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """The answer; what came to light on the way is kept in what is known of the request."""
        known = request.META.get(KEY)
        if known is None:
            return super().get_response(request)
        known.request = request
        try:
            response = super().get_response(request)
            known.look(request)
            if self._told:
                self._told(request, response)
            return response
        finally:
            known.request = None  # they know one another: nothing for the collector of garbage

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async)
        for_people = self._middleware_chain
        view: Any = convert_exception_to_response(self._get_response)
        for_programs: Any = convert_exception_to_response(ProgramMiddleware(view))
        self._middleware_chain = lambda request: (
            for_programs(request) if is_program(request) else for_people(request)
        )
