"""Django's WSGI handler, with a short way for programs."""

from typing import Any

from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler

from apiapp.http.charsets import TextRequest
from apiapp.http.programs import ProgramMiddleware, is_program


class Handler(WSGIHandler):
    """People's requests pass settings.MIDDLEWARE, programs' the one of http/programs.py."""

    request_class = TextRequest
    _get_response: Any
    _middleware_chain: Any

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async)
        for_people = self._middleware_chain
        view: Any = convert_exception_to_response(self._get_response)
        for_programs: Any = convert_exception_to_response(ProgramMiddleware(view))
        self._middleware_chain = lambda request: (
            for_programs(request) if is_program(request) else for_people(request)
        )
