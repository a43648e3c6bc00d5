"""Who watched when, and how much: rows that begin, are seen, and end."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from django.db import transaction
from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from streaming.errors import TooManyViewers, UnknownScreen
from streaming.models import Screen, ScreenLink, ViewSession

BEAT_S = 5.0  # how often a process says which of its viewers are there
SILENT_S = 20.0  # after which a viewer that nobody speaks for is gone
KEPT_S = 90 * 24 * 3600.0
PRUNED_AT_ONCE = 500
LOST = "lost"
BEATEN = ["seen_at", "frames", "sent_bytes", "dropped", "latency_ms"]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one viewer was sent.  latency_ms: as it said last; None: it has not."""

    session_id: int
    frames: int
    sent_bytes: int
    dropped: int
    latency_ms: float | None = None


@transaction.atomic
def begin(  # noqa: PLR0913 - a row's own columns, by keyword
    *,
    screen_id: int,
    link_id: int | None,
    user_id: int | None,
    who: str,
    address: str,
    codec: str,
    now: datetime,
) -> ViewSession:
    """Raises TooManyViewers if the screen or the link is full, however many come at once."""
    screen = Screen.objects.select_for_update().filter(pk=screen_id).first()
    if screen is None:
        raise UnknownScreen
    prune(now=now)
    watching = ViewSession.objects.filter(screen_id=screen_id, **now_watching(now))
    require_room(watching, limit=screen.max_viewers)
    if link_id is not None:
        limit = ScreenLink.objects.values_list("max_viewers", flat=True).get(pk=link_id)
        require_room(watching.filter(link_id=link_id), limit=limit)
    return ViewSession.objects.create(
        screen_id=screen_id,
        link_id=link_id,
        user_id=user_id,
        who=who[:150],
        address=address[:64],
        codec=codec,
        started_at=now,
        seen_at=now,
    )


def require_room(watching: QuerySet[ViewSession], *, limit: int | None) -> None:
    """Raises TooManyViewers."""
    if limit is not None and watching.count() >= limit:
        raise TooManyViewers(limit=limit)


def now_watching(now: datetime) -> dict[str, object]:
    """Conditions on a session: it goes on, and its process said so lately."""
    return {"ended_at": None, "seen_at__gt": now - timedelta(seconds=SILENT_S)}


def beat(*, figures: Collection[Figures], now: datetime) -> None:
    """These are still there; all of a process's in one write."""
    rows = [
        ViewSession(
            pk=each.session_id,
            seen_at=now,
            frames=each.frames,
            sent_bytes=each.sent_bytes,
            dropped=each.dropped,
            latency_ms=each.latency_ms,
        )
        for each in figures
    ]
    ViewSession.objects.bulk_update(rows, BEATEN)


def end(*, figures: Figures, reason: str, now: datetime) -> None:
    ViewSession.objects.filter(pk=figures.session_id).update(
        frames=figures.frames,
        sent_bytes=figures.sent_bytes,
        dropped=figures.dropped,
        seen_at=now,
        ended_at=now,
        end_reason=reason[:20],
    )


def prune(*, now: datetime) -> None:
    """End sessions whose process died, and forget some that are old: a few with each new viewer."""
    silent = ViewSession.objects.filter(
        ended_at=None, seen_at__lte=now - timedelta(seconds=SILENT_S)
    )
    silent.update(ended_at=F("seen_at"), end_reason=LOST)
    oldest = ViewSession.objects.filter(started_at__lt=now - timedelta(seconds=KEPT_S))
    ids = list(oldest.order_by("started_at").values_list("pk", flat=True)[:PRUNED_AT_ONCE])
    if ids:
        ViewSession.objects.filter(pk__in=ids).delete()


def screens_with_viewers(screens: QuerySet[Screen], *, now: datetime) -> QuerySet[Screen]:
    """The screens, each with how many watch it now, in whatever process, as `viewers`."""
    return screens.annotate(viewers=count_of("screen", now=now))


def links_with_viewers(links: QuerySet[ScreenLink], *, now: datetime) -> QuerySet[ScreenLink]:
    """The links, each with how many look by it now as `viewers`."""
    return links.annotate(viewers=count_of("link", now=now))


def count_of(column: str, *, now: datetime) -> Coalesce:
    watching = ViewSession.objects.filter(**{column: OuterRef("pk")}, **now_watching(now))
    count = watching.order_by().values(column).annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(count, output_field=IntegerField()), 0)


@dataclass(frozen=True, slots=True)
class Watched:
    """What goes on now, in all processes.  Rates: of each viewer since it came, in sum.

    latency_ms: on average, of those who said theirs; None: nobody has.
    """

    screens: int
    viewers: int
    frames_per_s: float
    bytes_per_s: float
    latency_ms: float | None


def watched(*, now: datetime) -> Watched:
    rows = ViewSession.objects.filter(**now_watching(now))
    columns = "screen_id", "started_at", "seen_at", "frames", "sent_bytes", "latency_ms"
    screens, latencies, viewers, frames_per_s, bytes_per_s = set(), [], 0, 0.0, 0.0
    for screen_id, started_at, seen_at, frames, sent_bytes, latency_ms in rows.values_list(
        *columns
    ):
        screens.add(screen_id)
        viewers += 1
        if latency_ms is not None:
            latencies.append(latency_ms)
        lasted_s = (seen_at - started_at).total_seconds()
        if lasted_s > 0:  # of a new one nothing was said yet
            frames_per_s += frames / lasted_s
            bytes_per_s += sent_bytes / lasted_s
    mean_ms = fmean(latencies) if latencies else None
    return Watched(len(screens), viewers, frames_per_s, bytes_per_s, mean_ms)


def sessions_of(screen: Screen) -> QuerySet[ViewSession]:
    return ViewSession.objects.filter(screen=screen)
