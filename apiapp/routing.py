"""Every WebSocket, on one page."""

from django.urls import URLPattern, re_path

from apiapp import consumers

websocket_urlpatterns: list[URLPattern] = [
    re_path(r"^ws/jobs/?$", consumers.JobsConsumer.as_asgi()),  # type: ignore[arg-type]
]
