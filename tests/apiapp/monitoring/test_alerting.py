"""An alert fires once and resolves once, whoever looks, and is told once."""

import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import connections
from django.utils import timezone

from apiapp.jobs import services as jobs
from apiapp.monitoring import alert_news, alerting, tasks
from apiapp.monitoring.alert_figures import Place
from apiapp.monitoring.models import Alert, AlertEvent, AlertRule
from apiapp.monitoring.recording import Recorder
from apiapp.monitoring.tally import Kind, Tally
from apiapp.outbox.models import Event

pytestmark = pytest.mark.django_db(databases="__all__")

Figure = AlertRule.Figure
BEGAN = timezone.now() - timedelta(days=1)
SLOW_UPLOAD = "/api/tus/{file_id}"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(folder=tmp_path, reserved_bytes=0)


@pytest.fixture(autouse=True)
def _no_rules_but_ours(db: None) -> None:
    AlertRule.objects.all().delete()


def rule_of(figure: str = Figure.JOBS_WAITING, threshold: float = 0, **more: Any) -> AlertRule:
    return AlertRule.objects.create(figure=figure, threshold=threshold, **{"for_s": 60, **more})


def waiting_job(at: datetime = BEGAN) -> None:
    jobs.enqueue(task="uploads.merge", kwargs={}, owner=None, now=at)


def look(place: Place, *seconds: float) -> None:
    for each in seconds:
        alerting.look(place=place, now=BEGAN + timedelta(seconds=each))


def count(at: datetime, *requests: tuple[str, int, float]) -> None:
    """As a process counts that answers these at that time: (route, first digit, seconds)."""
    tally = Tally(clock=at.timestamp)
    for route, status, took_s in requests:
        tally.count(Kind(route, "GET", status), duration_us=round(took_s * 1e6))
    Recorder(tally).write()


def is_open() -> bool:
    return Alert.objects.filter(resolved_at=None).exists()


def test_it_fires_only_after_its_time_and_only_once(place: Place):
    rule_of()
    waiting_job()

    look(place, 0, 30)
    assert not is_open()
    look(place, 60, 90, 600)

    alert = Alert.objects.get()
    assert (alert.fired_at, alert.value) == (BEGAN + timedelta(seconds=60), 1)
    assert [event.kind for event in AlertEvent.objects.all()] == ["fired"]


def test_a_figure_that_goes_to_and_fro_neither_fires_nor_resolves(place: Place):
    rule = rule_of()
    for seconds in range(0, 600, 30):  # beyond it every other time
        AlertRule.objects.filter(pk=rule.pk).update(threshold=-1 if seconds % 60 else 0)
        look(place, seconds)
    assert Alert.objects.count() == 0

    AlertRule.objects.filter(pk=rule.pk).update(threshold=-1)
    look(place, 600, 660)
    for seconds in range(690, 1200, 30):
        AlertRule.objects.filter(pk=rule.pk).update(threshold=-1 if seconds % 60 else 0)
        look(place, seconds)

    assert Alert.objects.get().resolved_at is None


def test_it_resolves_once_after_the_same_time_and_may_fire_again(place: Place):
    rule = rule_of()
    waiting_job()
    look(place, 0, 60)
    AlertRule.objects.filter(pk=rule.pk).update(threshold=1)

    look(place, 90, 120)
    assert is_open()
    look(place, 150, 180)
    assert Alert.objects.get().resolved_at == BEGAN + timedelta(seconds=150)
    AlertRule.objects.filter(pk=rule.pk).update(threshold=0)
    look(place, 210, 270)

    kinds = AlertEvent.objects.order_by("pk").values_list("alert", "kind")
    first, second = Alert.objects.order_by("pk")
    assert list(kinds) == [(first.pk, "fired"), (first.pk, "resolved"), (second.pk, "fired")]
    events = Event.objects.order_by("pk").values_list("type", "audience", "data__id")
    assert list(events) == [  # of staff alone
        ("alert.fired", [], first.pk),
        ("alert.resolved", [], first.pk),
        ("alert.fired", [], second.pk),
    ]


def test_what_was_before_a_time_when_nobody_looked_does_not_count(place: Place):
    rule_of()
    waiting_job()

    look(place, 0, 3600)
    assert not is_open()
    look(place, 3660)

    assert is_open()


@pytest.mark.parametrize("ending", [{"is_on": False}, None])
def test_the_alert_of_a_rule_that_is_switched_off_or_deleted_resolves_and_stays(
    place: Place, ending: dict[str, Any] | None
):
    rule = rule_of(for_s=0)
    waiting_job()
    look(place, 0)
    if ending:
        AlertRule.objects.filter(pk=rule.pk).update(**ending)
    else:
        rule.delete()

    look(place, 30, 60)

    assert Alert.objects.get().resolved_at == BEGAN + timedelta(seconds=30)
    assert AlertEvent.objects.filter(kind="resolved").count() == 1


@pytest.mark.parametrize(
    ("figure", "threshold", "fires"),
    [
        (Figure.RATE_5XX, 0.01, True),
        (Figure.RATE_5XX, 0.5, False),
        (Figure.RATE_4XX, 0.1, False),
        (Figure.P99_S, 1.0, True),
        (Figure.P50_S, 1.0, False),
        (Figure.PER_S, 0.01, True),
        (Figure.WORKERS, 1, True),
        (Figure.DISK_FREE, 1.1, True),
        (Figure.DISK_FREE, 0, False),
        (Figure.OLDEST_JOB_S, 300, True),
        (Figure.OLDEST_JOB_S, 86_400, False),
        (Figure.JOBS_WAITING, 1, False),
    ],
)
def test_each_figure_is_judged_by_its_own_side_of_the_threshold(
    place: Place, figure: str, threshold: float, fires: bool
):
    count(BEGAN, *[("/api/data", 2, 0.01)] * 90, *[("/api/data", 5, 2.0)] * 10)
    waiting_job(BEGAN - timedelta(seconds=400))
    rule_of(figure, threshold, for_s=0)

    look(place, 1)

    assert is_open() == fires


def test_a_route_is_judged_alone_and_few_requests_say_nothing(place: Place):
    count(BEGAN, *[("/api/jobs", 5, 0.01)] * 50, *[("/api/data", 2, 0.01)] * 50)
    count(BEGAN, *[("/api/datasets", 5, 0.01)] * 3)
    bad, good, few = (
        rule_of(Figure.RATE_5XX, 0.01, for_s=0, route=route)
        for route in ("/api/jobs", "/api/data", "/api/datasets")
    )

    look(place, 1)

    assert list(Alert.objects.values_list("rule", flat=True)) == [bad.pk]
    assert good.pk != few.pk


def test_an_upload_over_a_slow_line_is_no_slow_answer(place: Place):
    count(BEGAN, *[("/api/data", 2, 0.01)] * 50, *[(SLOW_UPLOAD, 2, 60.0)] * 50)
    rule_of(Figure.P99_S, 1.0, for_s=0)

    look(place, 1)
    assert not is_open()
    rule_of(Figure.P99_S, 1.0, for_s=0, route=SLOW_UPLOAD)
    look(place, 31)

    assert is_open()


# --- told ------------------------------------------------------------------------------------------


@pytest.fixture
def _mailed_to(settings: Any) -> None:
    settings.MONITORING = replace(settings.MONITORING, alert_emails=("ops@example.org",))


@pytest.mark.usefixtures("_mailed_to")
def test_it_is_told_in_the_log_and_by_mail_once_each(place: Place, caplog: Any):
    rule_of(Figure.WORKERS, 1, for_s=0)
    caplog.set_level(logging.INFO)
    for _ in range(3):
        alert_news.look_and_tell()

    [sent] = mail.outbox
    assert (sent.to, "FIRED: workers" in sent.subject) == (["ops@example.org"], True)
    assert "threshold: 1" in sent.body
    assert caplog.text.count("alert fired") == 1
    AlertRule.objects.all().delete()
    alert_news.look_and_tell()
    assert [each.subject for each in mail.outbox][1:] == ["[Sluice] RESOLVED: workers"]
    assert len({each.extra_headers["Message-ID"] for each in mail.outbox}) == 2


@pytest.mark.usefixtures("_mailed_to")
def test_a_route_of_several_lines_makes_no_headers_of_its_own():
    count(timezone.now(), ("/a", 2, 0.1))
    rule_of(Figure.PER_S, -1, for_s=0, route="/a\nBcc: all@example.org")

    alert_news.look_and_tell()

    [sent] = mail.outbox
    assert sent.subject == "[Sluice] FIRED: per_s /a Bcc: all@example.org"
    assert sent.recipients() == ["ops@example.org"]


@pytest.mark.usefixtures("_mailed_to")
def test_a_mail_that_cannot_be_sent_is_tried_again_later(settings: Any):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    rule_of(Figure.WORKERS, 1, for_s=0)

    alert_news.look_and_tell()
    event = AlertEvent.objects.get()
    assert (event.told_at, event.logged_at is not None) == (None, True)
    assert alerting.untold(now=timezone.now()) == []  # not at once
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    [again] = alerting.untold(now=event.telling_until or timezone.now())
    alert_news.tell(again)

    assert len(mail.outbox) == 1
    assert AlertEvent.objects.get().told_at is not None


def test_what_a_killed_process_was_telling_another_tells(place: Place):
    rule_of(for_s=0)
    waiting_job()
    look(place, 0)
    killed_at = BEGAN + timedelta(seconds=1)

    [taken] = alerting.untold(now=killed_at)  # and nothing comes of it
    assert alerting.untold(now=killed_at + timedelta(seconds=100)) == []
    [again] = alerting.untold(now=killed_at + timedelta(seconds=121))

    assert again.pk == taken.pk


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_the_periodic_job_looks_too():
    rule_of(Figure.WORKERS, 1, for_s=0)
    now = timezone.now()
    job = jobs.enqueue(task="monitoring.alerts", kwargs={}, owner=None, now=now)
    [leased] = jobs.lease_due(tasks=["monitoring.alerts"], at_most=1, now=now, lease_s=30)

    tasks.alerts(job_id=job.pk, lease=leased.lease_token)

    job.refresh_from_db()
    assert job.result == {"judged": 1}
    assert is_open()


# --- many at once ----------------------------------------------------------------------------------


@pytest.fixture
def _many() -> Iterator[None]:
    yield
    connections.close_all()


@pytest.mark.django_db(transaction=True, databases="__all__")
@pytest.mark.usefixtures("_mailed_to", "_many")
def test_however_many_look_and_tell_at_once_it_happens_once(place: Place):
    rule_of(for_s=0)
    waiting_job()

    def work(number: int) -> int:
        try:
            look(place, number * 0.001, 20, 40)
            found = alerting.untold(now=BEGAN + timedelta(seconds=41))
            return len(found)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=min(8, 2 + (os.cpu_count() or 2))) as threads:
        told = list(threads.map(work, range(8)))

    assert Alert.objects.count() == AlertEvent.objects.count() == 1
    assert sum(told) == 1
