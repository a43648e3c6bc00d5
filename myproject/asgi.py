"""Where each request goes: sockets to consumers, upload bodies to their receiver, the page that
takes its time to the loop, all else to plain sync Django in a thread.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")

from typing import Any

from channels.routing import URLRouter
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.utils import timezone

django_application = get_wsgi_application()  # before anything that needs the app registry

from apiapp.examples.slow_page import SlowPage
from apiapp.problems import problem_for
from apiapp.routing import websocket_urlpatterns
from apiapp.uploads import configured
from apiapp.uploads.arriving import Terms
from apiapp.uploads.receive import UploadReceiver
from myproject.bridge import Bridge
from myproject.sockets import CallerMiddleware

THREADS = 24

in_threads = Bridge(django_application, threads=THREADS)
sockets = CallerMiddleware(URLRouter(websocket_urlpatterns))
upload_bodies = UploadReceiver(
    terms=Terms(store=configured.store(), limits=configured.limits(), clock=timezone.now),
    problem_for=problem_for,
    idle_s=settings.UPLOAD_IDLE_S,
)
slow_page = SlowPage(in_threads)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await sockets(scope, receive, send)
    elif upload_bodies.matches(scope):
        await upload_bodies(scope, receive, send)
    elif slow_page.matches(scope):
        await slow_page(scope, receive, send)
    else:
        await in_threads(scope, receive, send)
