"""Django's WSGI handler, with a short way for programs."""

from typing import Any

from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse

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
        self._for_programs = for_programs
        self._middleware_chain = lambda request: (
            for_programs(request) if is_program(request) else for_people(request)
        )

    def instantly(self, environ: dict[str, Any]) -> HttpResponse:
        """The whole answer to a program's request that is known to open no connection.

        So there is none to look after, as the signals around other requests have it done.
        """
        request = self.request_class(environ)
        response: HttpResponse = self._for_programs(request)
        request.close()
        return response
