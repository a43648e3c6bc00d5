"""Where each request goes: sockets to consumers, upload bodies to their receiver, all else to
plain sync Django in a thread.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")

from typing import Any
from urllib.parse import quote_from_bytes

from a2wsgi import WSGIMiddleware
from channels.routing import URLRouter
from django.core.wsgi import get_wsgi_application

django_application = get_wsgi_application()  # before anything that needs the app registry

from apiapp.routing import websocket_urlpatterns
from myproject.sockets import CallerMiddleware

THREADS = 24
ASCII_BYTES = bytes(range(128))

in_threads = WSGIMiddleware(django_application, workers=THREADS)
sockets = CallerMiddleware(URLRouter(websocket_urlpatterns))
# upload bodies: the receiver is composed here


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await sockets(scope, receive, send)
        return
    if scope["type"] == "http":
        # Clients do send raw UTF-8 here, which WSGI cannot express: percent-encode it.
        scope["query_string"] = quote_from_bytes(scope["query_string"], ASCII_BYTES).encode()
    await in_threads(scope, receive, send)
