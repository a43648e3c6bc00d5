"""What was asked for of a span of time: a summary, its routes, its course."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apiapp.monitoring.figures import Range, Span, Summary, merged, summary_of
from apiapp.monitoring.tally import Figures, Kind

MINUTES_UP_TO_S = 6 * 3600  # longer ones are told by the hour
MOST_POINTS = 400
COUNT, SLOWEST = "count", "slowest"


@dataclass(frozen=True, slots=True)
class RouteSummary:
    """The requests to one route by one method."""

    route: str
    method: str
    summary: Summary


@dataclass(frozen=True, slots=True)
class Point:
    """The requests from `at` on, for as long as a step of the course is."""

    at: datetime
    summary: Summary


def range_of(*, since: datetime, until: datetime, now: datetime) -> Range:
    """Whole minutes or hours around it, up to now."""
    is_short = (until - since).total_seconds() <= MINUTES_UP_TO_S
    span_s = int(Span.MINUTE if is_short else Span.HOUR)
    begin_s = math.floor(since.timestamp() / span_s) * span_s
    end_s = math.ceil(until.timestamp() / span_s) * span_s
    end = min(datetime.fromtimestamp(end_s, UTC), now)
    return Range(datetime.fromtimestamp(begin_s, UTC), end, span_s)


def of_route(kind: Kind, route: str | None) -> bool:
    return route is None or kind.route == route


ORDERS: dict[str, Callable[[Summary], float]] = {
    COUNT: lambda each: each.count,
    SLOWEST: lambda each: each.p99_s or 0.0,
    "rate_4xx": lambda each: each.rate_4xx,
    "rate_5xx": lambda each: each.rate_5xx,
}


def summaries(
    wanted: Range, *, route: str | None = None, order: str = COUNT
) -> tuple[Summary, list[RouteSummary]]:
    """Of all, and of each method of each route, those first that have most of what ORDERS says."""
    by_kind = merged(wanted.rows(), by=lambda _at, kind: kind if of_route(kind, route) else None)
    of_all = [(kind.status, figures) for kind, figures in by_kind.items()]
    found: dict[tuple[str, str], list[tuple[int, Figures]]] = {}
    for kind, figures in by_kind.items():
        found.setdefault((kind.route, kind.method), []).append((kind.status, figures))
    told = [
        RouteSummary(*which, summary_of(by_status, length_s=wanted.length_s))
        for which, by_status in found.items()
    ]
    most = ORDERS[order]
    told.sort(key=lambda each: (-most(each.summary), -each.summary.count, each.route, each.method))
    return summary_of(of_all, length_s=wanted.length_s), told


def step_s(wanted: Range) -> int:
    """So long that there are few enough of them."""
    spans = wanted.length_s / wanted.span_s
    return wanted.span_s * max(1, math.ceil(spans / MOST_POINTS))


def course(wanted: Range, *, route: str | None = None) -> list[Point]:
    """One point for each step, also where nothing was asked for."""
    step = step_s(wanted)
    by_step = merged(
        wanted.rows(),
        by=lambda at, kind: (
            (int((at - wanted.since).total_seconds()) // step, kind.status)
            if of_route(kind, route)
            else None
        ),
    )
    points: list[list[tuple[int, Figures]]]
    points = [[] for _ in range(math.ceil(wanted.length_s / step))]
    for (number, status), figures in by_step.items():
        points[number].append((status, figures))
    return [
        Point(
            wanted.since + timedelta(seconds=number * step),
            summary_of(by_status, length_s=min(step, wanted.length_s - number * step)),
        )
        for number, by_status in enumerate(points)
    ]
