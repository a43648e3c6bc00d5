"""Of settings.MONITORING.sources: what screens tell of themselves, in the words of monitoring."""

from collections.abc import Iterator
from datetime import datetime

from apiapp.monitoring.gauges import Gauge
from streaming import sessions


def gauges(now: datetime) -> Iterator[Gauge]:
    """Of all processes."""
    watched = sessions.watched(now=now)
    yield Gauge("screens_watched", "Screens that somebody looks at.", watched.screens)
    yield Gauge("screen_viewers", "Who looks at them, one for each window.", watched.viewers)
    yield Gauge(
        "screen_frames_per_second", "Sent to all of them, since each came.", watched.frames_per_s
    )
    yield Gauge("screen_bytes_per_second", "Likewise.", watched.bytes_per_s)
    if watched.latency_ms is not None:
        told = "From a picture's capture to its display, on average, as viewers say."
        yield Gauge("screen_latency_seconds", told, watched.latency_ms / 1000)
