"""Content-Security-Policy (W3C CSP level 3), by address, and Permissions-Policy."""

from collections.abc import Callable

from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from myproject.browser_rules import ADMIN_CSP, PERMISSIONS_POLICY


class ContentPolicyMiddleware:
    """CONTENT_SECURITY_POLICY everywhere, with the directives of ADMIN_CSP in the admin.

    Both are written once: django-csp's own middleware would put them together for every answer.
    A view that says it differently sets the header itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
        self._usual = build_policy(config=directives)
        self._admin = build_policy(config={**directives, **ADMIN_CSP})

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        is_admin = request.path_info.startswith("/admin/")
        response.headers.setdefault(
            "Content-Security-Policy", self._admin if is_admin else self._usual
        )
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
        return response
