"""Which requests have changed something, and what is told of them."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from apiapp.http.known import KEY, Known

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
# Who comes and goes is told by the login itself, whichever page it was on.
COMING_AND_GOING = ("/login", "/login/{token}", "/logout", "/admin/login", "/admin/logout")
ADMIN = "/admin/"
# What brings data, and is told of by uploads and by each dataset's own history; and the examples.
OF_DATA = re.compile(
    r"/api/(uploads?|tus|resumable|v1|api|post|form|data|users|resource)\b|/api/datasets/[^/]+/rows\b"
    r"|/(api/)?(get|post|put|delete)_example\b|/i18n/"
)
MOST_NAMES = 50
LONGEST_NAME = 100
NO_FIELDS = ("csrfmiddlewaretoken", "next")
FORM_AGAIN = ("adminform", "deletable_objects")  # what only a page of the admin has that asks again


def is_change(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether a known caller has changed something by it that the trail is to tell."""
    known: Known | None = request.META.get(KEY)
    if known is None or not known.caller or response.status_code >= 400:
        return False
    if known.route in COMING_AND_GOING:
        return False
    if request.method in SAFE or OF_DATA.match(request.path):
        return False
    shown = getattr(response, "context_data", None) or {}
    return not (request.path.startswith(ADMIN) and any(name in shown for name in FORM_AGAIN))


def names_sent(request: HttpRequest, response: HttpResponseBase) -> list[str]:
    """The names of the fields that were sent, never what was in them."""
    context = getattr(response, "renderer_context", None)
    sent: Any = getattr(context["request"], "_full_data", {}) if context else request.POST
    if not hasattr(sent, "keys"):  # a list of rows
        return []
    names = [str(name)[:LONGEST_NAME] for name in sent if name not in NO_FIELDS]
    return [name for name in names if not name.startswith("_")][:MOST_NAMES]
