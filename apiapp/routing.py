"""Every WebSocket, on one page."""

from typing import Any

from django.urls import re_path

from apiapp import consumers

websocket_urlpatterns: list[Any] = [  # Channels' own kind of URLPattern
    re_path(r"^ws/jobs/?$", consumers.JobsConsumer.as_asgi()),  # type: ignore[arg-type]
]
