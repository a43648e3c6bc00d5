import os
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError
from hypothesis import given
from hypothesis import strategies as st

from apiapp.monitoring import figures, recording
from apiapp.monitoring.figures import Range, Span, merged, summary_of
from apiapp.monitoring.models import RequestFigures
from apiapp.monitoring.recording import Recorder
from apiapp.monitoring.tally import Figures, Kind, Tally

pytestmark = pytest.mark.django_db(databases="__all__")

FINE, BROKEN = Kind("/api/data", "GET", 2), Kind("/api/data", "GET", 5)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Process:
    """One that counts and writes, at a time of the test's choice."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at
        self.tally = Tally(clock=lambda: self.at.timestamp())
        self.recorder = Recorder(self.tally)

    def count(self, kind: Kind, times: int = 1, duration_us: int = 2000) -> None:
        for _ in range(times):
            self.tally.count(kind, duration_us=duration_us, received_bytes=1, sent_bytes=2)


def count_of(span: int) -> int:
    return sum(RequestFigures.objects.filter(span_s=span).values_list("count", flat=True))


def test_each_span_has_all_that_was_counted_whatever_is_written_when():
    one, two = Process(), Process()

    for process, times in ((one, 3), (two, 4), (one, 5)):
        process.count(FINE, times)
        process.recorder.write()
        process.recorder.write()
    one.at += timedelta(minutes=1)
    one.count(FINE)
    one.recorder.write()

    assert [count_of(span) for span in (Span.MINUTE, Span.HOUR, Span.DAY)] == [13, 13, 13]
    assert RequestFigures.objects.filter(span_s=Span.MINUTE).count() == 3


def test_a_write_that_failed_is_made_up_for(monkeypatch: pytest.MonkeyPatch):
    process = Process()
    process.count(FINE, 2)
    real_save = recording.save

    def fails(rows: list[RequestFigures]) -> None:
        real_save(rows)  # it was written, and the answer got lost
        raise DatabaseError

    with monkeypatch.context() as patch:
        patch.setattr(recording, "save", fails)
        with pytest.raises(DatabaseError):
            process.recorder.write()
    process.at += timedelta(hours=3)
    process.count(FINE)
    process.recorder.write()

    assert count_of(Span.MINUTE) == count_of(Span.HOUR) == count_of(Span.DAY) == 3


def test_totals_never_shrink_while_days_go_by_and_old_ones_are_forgotten():
    process = Process()
    seen = []
    for _ in range(5):
        process.count(FINE, 2)
        process.recorder.write()
        seen.append(figures.totals()[FINE])
        figures.fold_days(now=process.at)
        figures.forget(before=process.at - timedelta(days=1))
        process.at += timedelta(days=1)

    assert [each.count for each in seen] == [2, 4, 6, 8, 10]
    last = figures.totals()[FINE]
    assert (last.duration_us, last.received_bytes, last.sent_bytes) == (20_000, 10, 20)
    assert sum(last.buckets.values()) == 10
    assert count_of(Span.EVER) > 0
    assert count_of(Span.MINUTE) == 4  # of today, and of a day ago to the minute


def test_a_day_that_somebody_may_still_write_is_not_folded():
    process = Process(at=NOON.replace(hour=23, minute=59))
    process.count(FINE)
    process.recorder.write()

    assert figures.fold_days(now=NOON + timedelta(days=1)) == 0


@given(st.lists(st.tuples(st.integers(20, 10**7), st.booleans()), min_size=1, max_size=50))
def test_a_summary_of_minutes_is_the_summary_of_their_requests(requests: list[tuple[int, bool]]):
    by_minute, at_once = [Figures(), Figures()], Figures()
    for number, (duration_us, _) in enumerate(requests):
        process = Process()
        process.count(FINE, duration_us=duration_us)
        (counted,) = process.tally.take()[1].values()
        by_minute[number % 2].add(counted)
        at_once.add(counted)

    summaries = [
        summary_of([(2, each) for each in some], length_s=60) for some in (by_minute, [at_once])
    ]
    assert summaries[0] == summaries[1]


def test_rates_are_shares_of_all_requests():
    process = Process()
    process.count(FINE, 96)
    process.count(BROKEN, 3)
    process.count(Kind("/api/data", "GET", 4))
    process.recorder.write()
    hour = Range(NOON, NOON + timedelta(minutes=1), Span.MINUTE)

    by_status = merged(hour.rows(), by=lambda _at, kind: kind.status)

    told = summary_of(by_status.items(), length_s=hour.length_s)
    assert (told.count, told.rate_4xx, told.rate_5xx) == (100, 0.01, 0.03)
    assert told.per_s == pytest.approx(100 / 60)
    assert told.p99_s == pytest.approx(0.002, rel=0.1)


def test_a_process_that_was_forked_writes_rows_of_its_own(monkeypatch: pytest.MonkeyPatch):
    process = Process()
    process.count(FINE, 2)
    process.recorder.write()

    monkeypatch.setattr(os, "getpid", lambda: -1)  # as the child of a server that had answered
    process.count(FINE, 3)
    process.recorder.write()

    assert count_of(Span.MINUTE) == count_of(Span.DAY) == 5
