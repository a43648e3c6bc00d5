"""Every WebSocket of screens, on one page."""

from typing import Any

from django.urls import re_path

from streaming import consumers, publisher
from streaming.models import NAME

websocket_urlpatterns: list[Any] = [  # Channels' own kind of URLPattern
    re_path(rf"^ws/screens/(?P<name>{NAME})/?$", consumers.ViewerConsumer.as_asgi()),  # type: ignore[arg-type]
    re_path(
        rf"^ws/screens/(?P<name>{NAME})/publish/?$",
        publisher.PublishConsumer.as_asgi(),  # type: ignore[arg-type]
    ),
]
