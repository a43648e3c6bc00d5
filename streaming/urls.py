"""Every page about screens; pictures and sockets never come here, see routing.py and mjpeg.py."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from streaming import pages, views


def both(route: str, view: Callable[..., Any], name: str) -> list[URLPattern]:
    """The route with its trailing slash (which the name reverses to) and without it."""
    return [path(f"{route}/", view, name=name), path(route, view)]


urlpatterns = [
    *both("screens", pages.screens, "screens"),
    *both("screens/share", pages.share, "share-screen"),
    *both("screens/<str:name>", pages.screen, "screen"),
    *both("screens/<str:name>/open/<str:token>", views.open_link, "screen-link"),
    *both("screens/<str:name>/pin", views.enter_pin, "screen-pin"),
]
