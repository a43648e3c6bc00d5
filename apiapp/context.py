"""What every template has at hand, as `browser`."""

from django.conf import settings
from django.http import HttpRequest


class Browser:
    """What the modules of a page need of the server; computed only where a template asks."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def address(self) -> str:
        """Under which the visitor reaches this server: `http://host:port`."""
        return f"{self._request.scheme}://{self._request.get_host()}"

    @property
    def csrf_cookie(self) -> str:
        return settings.CSRF_COOKIE_NAME


def browser(request: HttpRequest) -> dict[str, Browser]:
    """A context processor (settings.TEMPLATES)."""
    return {"browser": Browser(request)}
