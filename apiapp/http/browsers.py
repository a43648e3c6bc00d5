"""Middleware for people at browsers.  A program that calls the API is spared it.

A program is known by what it does not send: no cookie that could be a session or a language, no
language it would rather have.  It is answered in the server's own language.
"""

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

API_PATHS = ("/api/", "/get_example", "/post_example", "/put_example", "/delete_example")


def is_program(request: HttpRequest) -> bool:
    sent = request.META
    return (
        "HTTP_COOKIE" not in sent
        and "HTTP_ACCEPT_LANGUAGE" not in sent
        and request.path_info.startswith(API_PATHS)
    )


class ForBrowsers:
    """Before a middleware class: passes a program's request on untouched."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if is_program(request):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class Sessions(ForBrowsers, SessionMiddleware):
    pass


class Users(ForBrowsers, AuthenticationMiddleware):
    pass


class Messages(ForBrowsers, MessageMiddleware):
    pass


class Languages(LocaleMiddleware):
    def __call__(self, request: HttpRequest) -> Any:
        if is_program(request):
            translation.deactivate()  # the language of the thread's last request
            return self.get_response(request)
        return super().__call__(request)
