"""The figures that alerts are about, as they are now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from apiapp.monitoring import gauges, services
from apiapp.monitoring.asking import of_route, range_of
from apiapp.monitoring.figures import Summary, merged, summary_of
from apiapp.monitoring.models import AlertRule

WINDOW = timedelta(minutes=5)  # of requests that are looked at
FEWEST = 20  # requests that say something: one that failed of two is no rate
# How long these take is up to who sends or takes the bytes.
LED_BY_CLIENTS = (*gauges.UPLOADS, "/api/datasets/{slug}/export.")
Figure = AlertRule.Figure
OF_REQUESTS = frozenset(
    {Figure.RATE_5XX, Figure.RATE_4XX, Figure.P50_S, Figure.P90_S, Figure.P99_S, Figure.PER_S}
)
WELL_ABOVE = frozenset({Figure.DISK_FREE, Figure.WORKERS})


@dataclass(frozen=True, slots=True)
class Place:
    """folder: where uploads go, whose disk is looked at."""

    folder: Path
    reserved_bytes: int


def is_beyond(rule: AlertRule, value: float | None) -> bool:
    """None: there is nothing to say of it, so it is well."""
    if value is None:
        return False
    return value < rule.threshold if rule.figure in WELL_ABOVE else value > rule.threshold


def value_of(rule: AlertRule, *, place: Place, now: datetime) -> float | None:
    if rule.figure in OF_REQUESTS:
        return value_of_requests(rule, now=now)
    return PARTS[Figure(rule.figure)](place, now)


def value_of_requests(rule: AlertRule, *, now: datetime) -> float | None:
    """Over the last minutes."""
    is_counted = rule.figure == Figure.PER_S
    found = summary(rule.route or None, is_of_time=rule.figure.endswith("_s"), now=now)
    if found.count < FEWEST and not is_counted:
        return None
    value: float | None = getattr(found, rule.figure)
    return value


def summary(route: str | None, *, is_of_time: bool, now: datetime) -> Summary:
    wanted = range_of(since=now - WINDOW, until=now, now=now)
    by_status = merged(
        wanted.rows(),
        by=lambda _at, kind: (
            kind.status
            if of_route(kind, route)
            and (route or not is_of_time or not kind.route.startswith(LED_BY_CLIENTS))
            else None
        ),
    )
    return summary_of(by_status.items(), length_s=wanted.length_s)


def free_share(place: Place, _now: datetime) -> float:
    disk = services.disk_state(folder=place.folder, reserved_bytes=place.reserved_bytes)
    return disk.free_bytes / disk.total_bytes


def of_jobs(name: str, label: str = "") -> Callable[[Place, datetime], float]:
    def value(_place: Place, now: datetime) -> float:
        found = gauges.job_gauges(now)
        return next(
            each.value
            for each in found
            if each.name == name and each.labels.get("state", "") == label
        )

    return value


PARTS: dict[Figure, Callable[[Place, datetime], float]] = {
    Figure.DISK_FREE: free_share,
    Figure.WORKERS: lambda _place, now: gauges.workers(now),
    Figure.OLDEST_JOB_S: of_jobs("jobs_oldest_waiting_seconds"),
    Figure.JOBS_WAITING: of_jobs("jobs", "waiting"),
}
