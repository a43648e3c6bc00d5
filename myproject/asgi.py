"""Where each request goes: sockets to consumers, upload bodies to their receiver, the page that
takes its time to the loop, all else to plain sync Django in a thread.
"""

import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")

from typing import Any

import django
from channels.routing import URLRouter
from django.conf import settings
from django.utils import timezone

django.setup(set_prefix=False)  # before anything that needs the app registry

from apiapp.examples.instant import is_instant
from apiapp.examples.slow_page import SlowPage
from apiapp.http.around import Around
from apiapp.http.handler import Handler
from apiapp.problems import problem_for
from apiapp.routing import websocket_urlpatterns
from apiapp.uploads import configured
from apiapp.uploads.arriving import Terms
from apiapp.uploads.receive import UploadReceiver
from myproject import urls  # noqa: F401 - now, not within the first request
from myproject.bridge import Bridge, never
from myproject.browser_rules import DATA_HEADERS
from myproject.request_bodies import BodyTerms
from myproject.sockets import CallerMiddleware
from myproject.turns import Turns

THREADS = 24
STREAMS = 100
FORM_BYTES = 64 * 1024  # what a form has besides the values that Django counts

in_threads = Bridge(
    Handler(),
    turns=Turns(most=THREADS, streams=STREAMS),
    body_terms=BodyTerms(
        # No file comes this way, so whatever is longer would be refused by Django as well.
        limit_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE + FORM_BYTES,
        idle_s=settings.UPLOAD_IDLE_S,
    ),
    stall_s=settings.UPLOAD_IDLE_S,
    problem_for=problem_for,
    # With Redis a request is counted over the network, and waits for it.
    is_instant=never if settings.REDIS_URL else is_instant,
)
sockets = CallerMiddleware(URLRouter(websocket_urlpatterns))
upload_bodies = UploadReceiver(
    terms=Terms(store=configured.store(), limits=configured.limits(), clock=timezone.now),
    problem_for=problem_for,
    idle_s=settings.UPLOAD_IDLE_S,
)
receiving = Around(
    upload_bodies,
    allowed_origins=settings.CORS_ALLOWED_ORIGINS,
    exposed=settings.CORS_EXPOSE_HEADERS,
    headers=DATA_HEADERS,
)
slow_page = SlowPage(in_threads)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await sockets(scope, receive, send)
    elif upload_bodies.matches(scope):
        await receiving(scope, receive, send)
    elif slow_page.matches(scope):
        await slow_page(scope, receive, send)
    else:
        await in_threads(scope, receive, send)


# What is loaded by now stays for good.  To look through it for garbage again and again would hold
# up requests: with this, a p99 of 67 ms became 23 ms.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 20)
