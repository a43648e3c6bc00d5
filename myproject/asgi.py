"""Where each request goes: sockets to consumers, upload bodies to their receiver, the page that
takes its time to the loop, all else to plain sync Django in a thread.
"""

import gc
import os
from functools import partial

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")

from typing import Any

import django
from channels.routing import URLRouter
from django.conf import settings
from django.utils import timezone

django.setup(set_prefix=False)  # before anything that needs the app registry

from apiapp.audit import recording as audit
from apiapp.examples.instant import Instant
from apiapp.examples.slow_page import SlowPage
from apiapp.http.around import Around
from apiapp.http.handler import Handler
from apiapp.problems import problem_for
from apiapp.routing import websocket_urlpatterns
from apiapp.uploads import configured
from apiapp.uploads.admitting import with_kept_connection
from apiapp.uploads.appending import Engine
from apiapp.uploads.arriving import Terms
from apiapp.uploads.content_send import ContentSender
from apiapp.uploads.places import Places
from apiapp.uploads.receive import UploadReceiver
from apiapp.uploads.resumable_receive import ResumableReceiver
from apiapp.uploads.resumablejs_receive import ResumableJsReceiver
from apiapp.uploads.tus_receive import TusReceiver
from myproject import urls
from myproject.access_lines import access_observers
from myproject.bridge import Bridge
from myproject.browser_rules import DATA_HEADERS
from myproject.counting import counted
from myproject.request_bodies import BodyTerms
from myproject.sockets import CallerMiddleware
from myproject.turns import Turns
from streaming import routing as screens
from streaming.asgi import live_with_server
from streaming.mjpeg import Pictures

THREADS = 24
STREAMS = 100
FORM_BYTES = 64 * 1024  # what a form has besides the values that Django counts

in_threads = Bridge(
    Handler(told=audit.told),
    turns=Turns(most=THREADS, streams=STREAMS),
    body_terms=BodyTerms(
        # No file comes this way, so whatever is longer would be refused by Django as well.
        limit_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE + FORM_BYTES,
        idle_s=settings.UPLOAD_IDLE_S,
    ),
    stall_s=settings.UPLOAD_IDLE_S,
    problem_for=problem_for,
)
# With Redis a request is counted over the network, and waits for it.
in_django = in_threads if settings.REDIS_URL else Instant(in_threads)
socket_urlpatterns = [*websocket_urlpatterns, *screens.websocket_urlpatterns]
sockets = CallerMiddleware(URLRouter(socket_urlpatterns))
terms = Terms(store=configured.store(), limits=configured.limits(), clock=timezone.now)
upload_bodies = UploadReceiver(
    terms=terms,
    problem_for=problem_for,
    idle_s=settings.UPLOAD_IDLE_S,
)
content = ContentSender(store=terms.store, problem_for=problem_for, stall_s=settings.UPLOAD_IDLE_S)
resumablejs = ResumableJsReceiver(
    terms=terms,
    problem_for=problem_for,
    idle_s=settings.UPLOAD_IDLE_S,
)
engine = Engine(terms)  # one for both, as an upload has one writer whichever protocol it speaks
tus = TusReceiver(
    engine=engine,
    problem_for=problem_for,
    idle_s=settings.UPLOAD_IDLE_S,
    run=with_kept_connection,
)
resumable = ResumableReceiver(
    engine=engine,
    problem_for=problem_for,
    idle_s=settings.UPLOAD_IDLE_S,
    run=with_kept_connection,
)
around = partial(
    Around,
    allowed_origins=settings.CORS_ORIGINS,
    exposed=settings.CORS_EXPOSE_HEADERS,
    headers=DATA_HEADERS,
)
places = Places(most=settings.UPLOAD_MAX_BODIES)
slow_page = SlowPage(in_threads)
pictures = Pictures(problem_for=problem_for)
# Who `matches` a request -> who answers it.
beside_django: list[tuple[Any, Any]] = [
    (pictures, around(CallerMiddleware(pictures))),
    (content, around(content)),
    *((app, around(places.around(app))) for app in (upload_bodies, resumablejs, tus, resumable)),
    (slow_page, slow_page),
]


async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await sockets(scope, receive, send)
        return
    if scope["type"] == "lifespan":
        await live_with_server(receive, send)
        return
    for app, answering in beside_django:
        if app.matches(scope):
            await answering(scope, receive, send)
            return
    await in_django(scope, receive, send)


application = counted(answer, [*urls.urlpatterns, *socket_urlpatterns], access_observers())

# What is loaded by now stays for good.  To look through it for garbage again and again would hold
# up requests: with this, a p99 of 67 ms became 23 ms.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 20)
