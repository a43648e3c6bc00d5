from typing import Any

from rest_framework.request import Request

from apiapp.keys.authentication import caller_of
from apiapp.keys.permissions import HasScope


class StaffOnly(HasScope):
    """Staff; through a key only if it has the view's scope."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        self.message = "this is for staff alone"
        return caller_of(request).sees_all
