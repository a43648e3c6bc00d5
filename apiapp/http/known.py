"""What comes to light of a request on its way, for its log lines and for who measures it.

It comes to light in several places, in threads and on the loop.  Each adds to the one object that
goes along with the request, in its ASGI scope and its WSGI environ.
"""

import re
from functools import lru_cache
from typing import Any

from django.utils.functional import SimpleLazyObject

KEY = "sluice.known"
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


class Known:
    """caller: its name (`key:...`, `user:...`), empty for strangers.  user_name: the person's.

    route: such as `/api/jobs/{job_id}`; empty until Django has found it, and where it is not asked.
    job: its number, where it is no request but a job that is carried out.
    request: Django's, while it is being answered.
    """

    __slots__ = ("request_id", "caller", "user_name", "route", "job", "request")

    def __init__(self, request_id: str = "") -> None:
        self.request_id = request_id
        self.caller = self.user_name = self.route = ""
        self.job = 0
        self.request: Any = None

    def add_caller(self, caller: Any) -> None:
        """caller: of apiapp.keys."""
        self.caller, self.user_name = caller.name, caller.user.get_username()

    def look(self, request: Any) -> None:
        """Take from Django's request who called, and which route it took."""
        match = request.resolver_match
        if match:
            self.route = route_name(match.route)
        caller = getattr(request, "auth", None)
        user = request.__dict__.get("user")  # who just signed in, or a promise to look
        if isinstance(user, SimpleLazyObject):
            user = request.__dict__.get("_cached_user")  # nobody is looked up for this
        if caller is not None:
            self.add_caller(caller)
        elif user is not None and user.is_authenticated:
            self.caller, self.user_name = f"user:{user.pk}", user.get_username()


def known_of(scope: dict[str, Any]) -> Known:
    """That of an ASGI scope, made by who asks first."""
    known = scope.get(KEY)
    if known is None:
        known = scope[KEY] = Known()
    return known


@lru_cache(maxsize=1024)
def route_name(route: str) -> str:
    """One name for a route, with a slash at its end and without."""
    return "/" + PARAMETER.sub(r"{\1}", route).strip("/")
