"""How much of everything there is now.  Whoever composes adds gauges of features not known here."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, Q, Sum

from apiapp.caching.lookups import HIT, PROCESS
from apiapp.jobs.models import Job, Worker
from apiapp.monitoring import counts, readiness, services
from apiapp.monitoring.models import RequestFigures
from apiapp.uploads.models import Upload

UPLOADS = ("/api/upload", "/api/tus", "/api/resumable")  # what the routes of uploads begin with
AWAY = {"broker": "broker_up", "redis": "redis_up"}  # parts that not every server has


@dataclass(frozen=True, slots=True)
class Gauge:
    """name: in the words of Prometheus, with its unit at the end.  labels: which of its kind."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


Source = Callable[[datetime], Iterable[Gauge]]


def all_gauges(*, now: datetime, sources: Iterable[Source]) -> list[Gauge]:
    """Of what can be asked: without its database a server can still say that it is away."""
    status = services.status(
        now=now, folder=settings.UPLOAD_FOLDER, reserved_bytes=settings.UPLOAD_FREE_DISK_BYTES
    )
    found = [*gauges_of(status), *part_gauges()]
    if all(each.answers for each in status.databases):
        for source in (job_gauges, upload_gauges, worker_gauges, cache_gauges, *sources):
            found += source(now)
    return found


def gauges_of(status: services.Status) -> Iterator[Gauge]:
    for each in status.databases:
        yield Gauge("database_up", "1: it answers.", int(each.answers), {"database": each.alias})
    disk = status.disk
    yield Gauge("disk_free_bytes", "Of the disk that uploads go to.", disk.free_bytes)
    yield Gauge("disk_size_bytes", "Of the disk that uploads go to.", disk.total_bytes)
    yield Gauge("worker_up", "1: one was heard of lately.", int(status.worker.is_there))


def part_gauges() -> Iterator[Gauge]:
    """Of the parts that are configured; asked as /readyz asks them."""
    for each in readiness.here().findings():
        if each.part in AWAY:
            yield Gauge(AWAY[each.part], "1: it answers.", int(not each.problem))


def job_gauges(now: datetime) -> Iterator[Gauge]:
    """Without periodic work that waits for its time.  Waiting is what could run now."""
    is_waiting = Q(state=Job.State.QUEUED, run_at__lte=now)
    found = Job.objects.aggregate(
        waiting=Count("pk", filter=is_waiting),
        running=Count("pk", filter=Q(state=Job.State.RUNNING)),
        failed=Count("pk", filter=Q(state=Job.State.FAILED)),
        oldest=Min("run_at", filter=is_waiting),
    )
    for state in ("waiting", "running", "failed"):
        yield Gauge("jobs", "Background work that there is.", found[state], {"state": state})
    age_s = (now - found["oldest"]).total_seconds() if found["oldest"] else 0.0
    yield Gauge("jobs_oldest_waiting_seconds", "For how long the oldest has been due.", age_s)


def upload_gauges(now: datetime) -> Iterator[Gauge]:
    rows = Upload.objects.filter(state=Upload.State.RECEIVING)
    found = rows.aggregate(count=Count("pk"), received=Sum("received"))
    yield Gauge("uploads_open", "Uploads that are not complete yet.", found["count"])
    yield Gauge("uploads_open_bytes", "What has come of them.", found["received"] or 0)
    help_ = "Bytes of uploads that came in, over the last one to two minutes, as requests ended."
    yield Gauge("uploads_bytes_per_second", help_, upload_speed(now))


def upload_speed(now: datetime) -> float:
    """Bytes per second: of this minute so far and the whole one before, counted as requests end."""
    since = now.replace(second=0, microsecond=0) - timedelta(minutes=1)
    is_upload = Q()
    for route in UPLOADS:
        is_upload |= Q(route__startswith=route)
    rows = RequestFigures.objects.filter(
        is_upload, span_s=RequestFigures.Span.MINUTE, begins_at__gte=since
    )
    received_bytes = rows.aggregate(total=Sum("received_bytes"))["total"] or 0
    return float(received_bytes) / (now - since).total_seconds()


def worker_gauges(now: datetime) -> Iterator[Gauge]:
    yield Gauge("workers", "Workers that were heard of lately.", workers(now))


def cache_gauges(now: datetime) -> Iterator[Gauge]:
    """Of all processes, ever."""
    asked, found = Counter[str](), Counter[str]()
    for (name, place), count in counts.totals().items():
        if name == "cache_lookups":
            cache, tier, outcome = place.split()
            asked[cache] += count if tier == PROCESS else 0  # each is looked for there first
            found[cache] += count if outcome == HIT else 0
    for cache in sorted(+asked):
        ratio = float(found[cache] / asked[cache])
        told = "Share of look-ups that did not reach the database."
        yield Gauge("cache_hit_ratio", told, ratio, {"cache": cache})


def workers(now: datetime) -> int:
    return Worker.objects.filter(seen_at__gt=services.silent_since(now)).count()
