"""What a caller may ask of a view."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apiapp.keys.callers import Caller

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class HasScope(BasePermission):
    """The caller has the view's `read_scope` for safe methods, its `write_scope` for others.

    A view names one scope for both as `scope`; a view that names none only wants somebody known.
    """

    message = "this key lacks the scope that is needed here"

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, Caller):
            return False
        side = "read_scope" if request.method in SAFE_METHODS else "write_scope"
        scope = getattr(view, side, None) or getattr(view, "scope", None)
        if scope is None or request.auth.may(scope):
            return True
        self.message = f"this key lacks the scope {scope!r}"
        return False
