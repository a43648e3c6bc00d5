"""What requests are counted under, over all that answers them."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from apiapp.logs import tracing
from apiapp.monitoring import recording
from apiapp.monitoring.measuring import App, Counted, Observer
from apiapp.monitoring.measuring_wsgi import CountedWsgi
from apiapp.monitoring.routes import Routes, spelled_in

ENDLESS = ("/video_feed", "/screens/{name}/mjpeg")
# Beside the patterns of Django and of sockets: pictures, and what whitenoise answers.
PICTURES = ("video_feed", "screens/<name>/mjpeg", "screens/<name>/snapshot.jpg")


def counted(app: App, patterns: list[Any], observers: Sequence[Observer] = ()) -> Counted:
    """`app`, around which every request is counted by its route among `patterns`.

    observers: who else is told of each request.
    """
    route_of = routes_of(patterns).name_of
    return Counted(
        tracing.spanned(app, route_of=route_of),
        tally=recording.tally,
        route_of=route_of,
        endless=ENDLESS,
        observers=observers,
        at_start=recording.start,
        at_stop=recording.recorder.write_last,
    )


def counted_wsgi(app: Any, patterns: list[Any]) -> CountedWsgi:
    """The same of a WSGI application; what is counted is written from the first request on."""
    route_of = routes_of(patterns).name_of
    return CountedWsgi(
        tracing.spanned_wsgi(app, route_of=route_of),
        tally=recording.tally,
        route_of=route_of,
        at_request=recording.start,
    )


def routes_of(patterns: list[Any]) -> Routes:
    files = f"{settings.STATIC_URL.strip('/')}/*"
    return Routes([*spelled_in(patterns), *PICTURES, files])
