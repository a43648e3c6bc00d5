"""What was counted of requests, by all processes: in all, of a span of time, by route."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import QuerySet

from apiapp.monitoring.durations import quantile_s
from apiapp.monitoring.models import RequestFigures
from apiapp.monitoring.tally import Figures, Kind

Span = RequestFigures.Span
Key = TypeVar("Key", bound=Hashable)

EPOCH = datetime.fromtimestamp(0, UTC)
OVER_S = 2 * Span.DAY  # since its begin a day is over for every process, however late it writes
COLUMNS = (
    *("begins_at", "route", "method", "status"),
    *("count", "duration_us", "received_bytes", "sent_bytes", "buckets"),
)
ROWS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Summary:
    """Of requests in a span of time.  Rates are shares of all: 0 to 1.  Quantiles: None of none."""

    count: int
    per_s: float
    p50_s: float | None
    p90_s: float | None
    p99_s: float | None
    mean_s: float | None
    rate_4xx: float
    rate_5xx: float
    received_bytes: int
    sent_bytes: int


@dataclass(frozen=True, slots=True)
class Range:
    """From `since` to `until`, and which rows have it: those of minutes or of hours."""

    since: datetime
    until: datetime
    span_s: int

    @property
    def length_s(self) -> float:
        return (self.until - self.since).total_seconds()

    def rows(self) -> QuerySet[RequestFigures]:
        return RequestFigures.objects.filter(
            span_s=self.span_s, begins_at__gte=self.since, begins_at__lt=self.until
        )


def totals() -> dict[Kind, Figures]:
    """Since the first process began to count.  Never less than before."""
    rows = RequestFigures.objects.filter(span_s__in=[Span.DAY, Span.EVER])
    return merged(rows, by=lambda _at, kind: kind)


Merged = dict[Key, Figures]


def merged(
    rows: QuerySet[RequestFigures], *, by: Callable[[datetime, Kind], Key | None]
) -> Merged[Key]:
    """The rows added up under what `by` says of each begin and kind; None: not at all."""
    found: Merged[Key] = {}
    for values in rows.values_list(*COLUMNS).iterator(chunk_size=ROWS_AT_ONCE):
        begins_at, route, method, status, count, duration_us, received, sent, buckets = values
        key = by(begins_at, Kind(route, method, status))
        if key is not None:
            by_index = {int(index): number for index, number in buckets.items()}
            more = Figures(count, duration_us, received, sent, by_index)
            found.setdefault(key, Figures()).add(more)
    return found


def summary_of(by_status: Iterable[tuple[int, Figures]], *, length_s: float) -> Summary:
    """Of requests told apart by the first digits of their statuses."""
    all_of_them, failed = Figures(), {4: 0, 5: 0}
    for status, figures in by_status:
        all_of_them.add(figures)
        if status in failed:
            failed[status] += figures.count
    count, buckets = all_of_them.count, all_of_them.buckets
    p50_s, p90_s, p99_s = (quantile_s(buckets, share) for share in (0.5, 0.9, 0.99))
    return Summary(
        count=count,
        per_s=count / length_s,
        p50_s=p50_s,
        p90_s=p90_s,
        p99_s=p99_s,
        mean_s=all_of_them.duration_us / count / 1e6 if count else None,
        rate_4xx=failed[4] / count if count else 0.0,
        rate_5xx=failed[5] / count if count else 0.0,
        received_bytes=all_of_them.received_bytes,
        sent_bytes=all_of_them.sent_bytes,
    )


# --- forgetting -----------------------------------------------------------------------------------


def forget(*, before: datetime) -> int:
    """Delete minutes and hours that began before that; return how many rows they were."""
    old = RequestFigures.objects.filter(span_s__in=[Span.MINUTE, Span.HOUR], begins_at__lt=before)
    deleted, _ = old.delete()
    return deleted


@transaction.atomic
def fold_days(*, now: datetime) -> int:
    """Add what was counted in days that are over to what was counted ever; return how many rows."""
    over = RequestFigures.objects.filter(
        span_s=Span.DAY, begins_at__lt=now - timedelta(seconds=OVER_S)
    )
    folded = merged(over.select_for_update(), by=lambda _at, kind: kind)
    for kind, figures in folded.items():
        add_to_ever(kind, figures)
    deleted, _ = over.delete()
    return deleted


def add_to_ever(kind: Kind, more: Figures) -> None:
    row, _ = RequestFigures.objects.select_for_update().get_or_create(
        span_s=Span.EVER,
        begins_at=EPOCH,
        route=kind.route,
        method=kind.method,
        status=kind.status,
        writer="",
        defaults={
            **dict.fromkeys(("count", "duration_us", "received_bytes", "sent_bytes"), 0),
            "buckets": {},
        },
    )
    row.count += more.count
    row.duration_us += more.duration_us
    row.received_bytes += more.received_bytes
    row.sent_bytes += more.sent_bytes
    for index, count in more.buckets.items():
        row.buckets[str(index)] = row.buckets.get(str(index), 0) + count
    row.save()
