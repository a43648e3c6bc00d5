"""/metrics, read by Prometheus's own readers of both formats."""

import dataclasses
from collections.abc import Callable, Iterable
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open_metrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from rest_framework.test import APIClient

from apiapp.jobs import services as jobs
from apiapp.jobs.models import Job
from apiapp.monitoring.gauges import upload_gauges
from apiapp.monitoring.models import RequestFigures
from apiapp.monitoring.recording import Recorder
from apiapp.monitoring.tally import Kind, Tally
from tests.conftest import KeyFor

pytestmark = pytest.mark.django_db(databases="__all__")

TOKEN = "scrape-me-if-you-can"
ACCEPTED_BY_PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
READERS: dict[str, Callable[[str], Iterable[Any]]] = {
    "*/*": read_text,
    ACCEPTED_BY_PROMETHEUS: read_open_metrics,
}


def monitored(settings: Any, **changes: Any) -> None:
    settings.MONITORING = dataclasses.replace(settings.MONITORING, **changes)


@pytest.fixture
def scraper(settings: Any) -> Client:
    monitored(settings, token=TOKEN)
    return Client(headers={"Authorization": f"Bearer {TOKEN}"})


def samples(text: str, reader: Callable[[str], Iterable[Any]] = read_text) -> dict[Any, float]:
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in reader(text)
        for sample in family.samples
    }


def count_in_another_process(*durations_s: float) -> None:
    tally = Tally()
    for each in durations_s:
        kind = Kind('/say/"{what}"', "GET", 2)
        tally.count(kind, duration_us=round(each * 1e6), received_bytes=3, sent_bytes=5)
    Recorder(tally).write()


@pytest.mark.parametrize("accepted", READERS)
def test_what_several_processes_counted_is_one_histogram(scraper: Client, accepted: str):
    count_in_another_process(0.001, 0.0011, 0.4)
    count_in_another_process(0.001, 30.0)

    answer = scraper.get("/metrics", headers={"Accept": accepted})

    assert answer.status_code == 200
    found = samples(answer.content.decode(), READERS[accepted])
    of_route = (("method", "GET"), ("route", '/say/"{what}"'), ("status", "2xx"))
    name = "sluice_http_request_duration_seconds"
    bounds = {
        key[1][1]: n
        for key, n in found.items()
        if key[0] == f"{name}_bucket" and of_route[1] in key
    }
    assert {bound: bounds[bound] for bound in ("0.001", "0.0025", "0.25", "0.5", "10.0", "+Inf")} == {
        "0.001": 2, "0.0025": 3, "0.25": 3, "0.5": 4, "10.0": 4, "+Inf": 5
    }  # fmt: skip
    assert found[f"{name}_count", *of_route] == 5
    assert found[f"{name}_sum", *of_route] == pytest.approx(30.4031)
    assert found["sluice_http_request_body_bytes_total", *of_route] == 15
    assert found["sluice_http_response_body_bytes_total", *of_route] == 25


def test_the_form_is_the_one_that_is_accepted(scraper: Client):
    plain = scraper.get("/metrics/")
    opened = scraper.get("/metrics", headers={"Accept": ACCEPTED_BY_PROMETHEUS})

    assert plain["Content-Type"].startswith("text/plain; version=0.0.4")
    assert opened["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert opened.content.endswith(b"# EOF\n")
    assert "no-store" in plain["Cache-Control"]


def test_it_tells_how_things_are_now(scraper: Client):
    now = timezone.now()
    jobs.worker_seen(name="one", now=now)
    jobs.worker_seen(name="two", now=now)
    for minutes in (5, -5):  # due for a while, and not yet
        jobs.enqueue(
            task="t", kwargs={}, owner=None, now=now, run_at=now - timedelta(minutes=minutes)
        )
    Job.objects.create(task="t", run_at=now, state=Job.State.FAILED)

    found = samples(scraper.get("/metrics").content.decode())

    assert found["sluice_jobs", ("state", "waiting")] == 1
    assert found["sluice_jobs", ("state", "failed")] == 1
    assert found["sluice_jobs_oldest_waiting_seconds",] >= 300
    assert found["sluice_workers",] == 2
    assert found["sluice_database_up", ("database", "datasets")] == 1
    assert found["sluice_disk_free_bytes",] > 0
    assert found["sluice_screen_viewers",] == 0
    assert found["sluice_uploads_open",] == 0


@pytest.mark.parametrize("accepted", READERS)
def test_it_tells_of_log_lines_that_any_process_lost_or_shipped(scraper: Client, accepted: str):
    empty = samples(scraper.get("/metrics").content.decode())
    counted = {("log_lines_dropped", "access"): 3, ("log_lines_shipped", ""): 40}
    for _ in range(2):
        Recorder(Tally(), lambda: counted).write()

    answer = scraper.get("/metrics", headers={"Accept": accepted})

    found = samples(answer.content.decode(), READERS[accepted])
    assert empty["sluice_log_lines_dropped_total", ("place", "file")] == 0
    assert found["sluice_log_lines_dropped_total", ("place", "access")] == 6
    assert found["sluice_log_lines_dropped_total", ("place", "file")] == 0
    assert found["sluice_log_lines_shipped_total",] == 80


def test_it_tells_how_fast_uploads_come_in_whatever_else_is_sent(scraper: Client):
    now = timezone.now()
    begun = now.replace(second=0, microsecond=0)
    for minutes, route in [(0, "/api/uploads/{file_id}/chunks/{index}"), (1, "/api/tus/{file_id}"),
                           (2, "/api/resumable/{file_id}"), (0, "/api/data")]:  # fmt: skip
        tally = Tally(clock=(begun - timedelta(minutes=minutes)).timestamp)
        tally.count(Kind(route, "PUT", 2), duration_us=1, received_bytes=1_200_000)
        Recorder(tally).write()

    told = {each.name: each.value for each in upload_gauges(now)}

    elapsed_s = 60 + (now - begun).total_seconds()
    assert told["uploads_bytes_per_second"] == pytest.approx(2_400_000 / elapsed_s)
    shown = samples(scraper.get("/metrics").content.decode())
    assert shown["sluice_uploads_bytes_per_second",] > 0


def test_by_default_it_is_for_staff_alone(
    api: Callable[[User], APIClient], user: User, staff: User, key_for: KeyFor
):
    narrow = APIClient()
    narrow.credentials(HTTP_AUTHORIZATION=f"Bearer {key_for(staff, 'uploads')}")
    signed_in = Client()
    signed_in.force_login(staff)

    assert Client().get("/metrics").status_code == 401
    assert Client(headers={"Authorization": "Bearer "}).get("/metrics").status_code == 401
    assert api(user).get("/metrics").status_code == 403
    assert narrow.get("/metrics").status_code == 403
    assert api(staff).get("/metrics").status_code == 200
    assert signed_in.get("/metrics").status_code == 200


def test_a_wrong_token_opens_nothing(scraper: Client):
    for wrong in ("Bearer nearly", f"bearer {TOKEN}x", TOKEN, f"Basic {TOKEN}"):
        answer = Client().get("/metrics", headers={"Authorization": wrong})
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("10.1.2.3", 200),
        ("::ffff:10.1.2.3", 200),
        ("fd00::1", 200),
        ("10.2.0.1", 401),
        ("127.0.0.1", 401),
        ("", 401),
        ("unix:", 401),
    ],
)
def test_addresses_that_were_allowed_need_no_token(settings: Any, address: str, status: int):
    monitored(settings, networks=(ip_network("10.1.0.0/16"), ip_network("fd00::1")))

    forged = {"X-Forwarded-For": "10.1.2.3"}
    assert Client(REMOTE_ADDR=address).get("/metrics", headers=forged).status_code == status


def test_to_read_changes_nothing_of_what_was_counted(scraper: Client):
    count_in_another_process(0.001)
    scraper.get("/metrics")
    before = list(RequestFigures.objects.filter(route__startswith="/say").values())

    scraper.get("/metrics")

    assert list(RequestFigures.objects.filter(route__startswith="/say").values()) == before


def test_what_several_processes_asked_their_caches_is_added_up(scraper: Client):
    for hits in (3, 4):
        counted = {("cache_lookups", "keys process hit"): hits}
        counted |= {("cache_lookups", f"keys {tier} miss"): 1 for tier in ("process", "redis")}
        Recorder(Tally(), lambda counted=counted: counted).write()

    found = samples(scraper.get("/metrics").content.decode())

    def told(tier: str, outcome: str) -> float | None:
        labels = (("cache", "keys"), ("outcome", outcome), ("tier", tier))
        return found.get(("sluice_cache_lookups_total", *labels))

    assert (told("process", "hit"), told("process", "miss"), told("redis", "miss")) == (7, 2, 2)
    assert found["sluice_cache_hit_ratio", ("cache", "keys")] == pytest.approx(7 / 9)
