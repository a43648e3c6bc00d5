"""Where uploads are to be found, as it is told in Location."""

import io

from django.core.handlers.asgi import ASGIRequest
from django.urls import reverse

from apiapp.uploads.exchange import Scope


def absolute_url(scope: Scope, route: str) -> str:
    """The URL by the route of this name, behind a proxy too.  Raises DisallowedHost."""
    request = ASGIRequest({**scope, "method": "GET"}, io.BytesIO())
    return request.build_absolute_uri(reverse(route))
