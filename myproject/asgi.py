"""Where each request goes: sockets to consumers, upload bodies to their receiver, all else to
plain sync Django in a thread.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")

from typing import Any

from channels.routing import URLRouter
from django.core.wsgi import get_wsgi_application

django_application = get_wsgi_application()  # before anything that needs the app registry

from apiapp.routing import websocket_urlpatterns
from myproject.bridge import Bridge
from myproject.sockets import CallerMiddleware

THREADS = 24

in_threads = Bridge(django_application, threads=THREADS)
sockets = CallerMiddleware(URLRouter(websocket_urlpatterns))
# upload bodies: the receiver is composed here


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await sockets(scope, receive, send)
    else:
        await in_threads(scope, receive, send)
