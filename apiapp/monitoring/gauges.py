"""How much of everything there is now.  Whoever composes adds gauges of features not known here."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min, Q, Sum

from apiapp.jobs.models import Job, Worker
from apiapp.monitoring import services
from apiapp.uploads.models import Upload


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
    found = list(gauges_of(status))
    if all(each.answers for each in status.databases):
        for source in (job_gauges, upload_gauges, worker_gauges, *sources):
            found += source(now)
    return found


def gauges_of(status: services.Status) -> Iterator[Gauge]:
    for each in status.databases:
        yield Gauge("database_up", "1: it answers.", int(each.answers), {"database": each.alias})
    disk = status.disk
    yield Gauge("disk_free_bytes", "Of the disk that uploads go to.", disk.free_bytes)
    yield Gauge("disk_size_bytes", "Of the disk that uploads go to.", disk.total_bytes)
    yield Gauge("worker_up", "1: one was heard of lately.", int(status.worker.is_there))


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


def worker_gauges(now: datetime) -> Iterator[Gauge]:
    yield Gauge("workers", "Workers that were heard of lately.", workers(now))


def workers(now: datetime) -> int:
    return Worker.objects.filter(seen_at__gt=services.silent_since(now)).count()
