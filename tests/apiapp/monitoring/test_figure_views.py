from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from apiapp.monitoring.recording import Recorder
from apiapp.monitoring.tally import Kind, Tally
from tests.conftest import KeyFor

pytestmark = pytest.mark.django_db(databases="__all__")

NOW = timezone.now()
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
A_DAY_AGO = TODAY - timedelta(days=1)
PATHS = ("/api/monitoring/requests/", "/api/monitoring/course/", "/api/monitoring/gauges/")


def count(at: datetime, *requests: tuple[str, int, float], method: str = "GET") -> None:
    """As a process counts that answers these at that time: (route, first digit, seconds)."""
    tally = Tally(clock=at.timestamp)
    for route, status, took_s in requests:
        tally.count(Kind(route, method, status), duration_us=round(took_s * 1e6), sent_bytes=10)
    Recorder(tally).write()


@pytest.fixture
def client(api: Callable[[User], APIClient], staff: User) -> APIClient:
    return api(staff)


def told(client: APIClient, path: str, since: datetime, until: datetime, **more: str) -> Any:
    asked = {"since": since.isoformat(), "until": until.isoformat(), **more}
    answer = client.get(f"/api/monitoring/{path}/", asked)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def test_a_summary_tells_each_route_of_all_processes(client: APIClient):
    at = A_DAY_AGO + timedelta(hours=10, seconds=30)
    count(at, *[("/api/data", 2, 0.002)] * 97, ("/api/data", 4, 0.001), ("/api/data", 5, 2.0))
    count(at, ("/api/data", 5, 2.0), ("/api/jobs", 2, 0.1))
    count(at + timedelta(hours=1), ("/api/data", 2, 0.001))  # later than asked for

    got = told(client, "requests", at, at + timedelta(minutes=1))

    assert [(each["route"], each["count"]) for each in got["routes"]] == [
        ("/api/data", 100),
        ("/api/jobs", 1),
    ]
    data = got["routes"][0]
    assert (data["rate_4xx"], data["rate_5xx"]) == (0.01, 0.02)
    assert data["p50_s"] == pytest.approx(0.002, rel=0.1)
    assert data["p99_s"] == pytest.approx(2.0, rel=0.1)
    assert (got["all"]["count"], got["all"]["sent_bytes"]) == (101, 1010)
    assert got["all"]["per_s"] == pytest.approx(101 / 120)  # two minutes have it


def test_a_route_can_be_asked_for_alone(client: APIClient):
    at = A_DAY_AGO + timedelta(hours=10)
    count(at, ("/api/data", 2, 0.002), ("/api/jobs", 2, 0.1))

    asked = (at, at + timedelta(minutes=5))
    got = told(client, "requests", *asked, route="/api/jobs")
    course = told(client, "course", *asked, route="/api/jobs")

    assert [each["route"] for each in got["routes"]] == ["/api/jobs"]
    assert got["all"]["count"] == sum(each["count"] for each in course["points"]) == 1


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("count", ["/many", "/failing", "/slow"]),
        ("slowest", ["/slow", "/failing", "/many"]),
        ("rate_5xx", ["/failing", "/many", "/slow"]),
        ("rate_4xx", ["/many", "/failing", "/slow"]),
    ],
)
def test_routes_come_in_the_order_that_is_asked_for(
    client: APIClient, order: str, expected: list[str]
):
    at = A_DAY_AGO + timedelta(hours=10)
    count(at, *[("/many", 2, 0.001)] * 3, ("/many", 4, 0.001), ("/slow", 2, 2.0))
    count(at, ("/failing", 5, 0.1), ("/failing", 2, 0.1))

    got = told(client, "requests", at, at + timedelta(minutes=1), order=order)

    assert [each["route"] for each in got["routes"]] == expected


def test_an_order_that_there_is_not_is_refused(client: APIClient):
    answer = client.get("/api/monitoring/requests/", {"order": "colour"})

    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["order"])


@pytest.mark.parametrize(("hours", "step_s"), [(5, 60), (24, 3600), (29 * 24, 7200)])
def test_a_course_has_a_point_for_every_step_and_every_request_in_one(
    client: APIClient, hours: int, step_s: int
):
    since = TODAY - timedelta(hours=hours)
    for each in range(0, hours, 5):
        count(since + timedelta(hours=each, minutes=17), ("/api/data", 2, 0.001))

    got = told(client, "course", since, TODAY)

    points = got["points"]
    assert got["step_s"] == step_s
    assert len(points) == hours * 3600 / step_s <= 400
    assert sum(each["count"] for each in points) == len(range(0, hours, 5))
    at = [datetime.fromisoformat(each["at"]) for each in points]
    assert at == [since + timedelta(seconds=number * step_s) for number in range(len(points))]
    assert points[1]["p99_s"] is None


def test_the_last_hour_is_told_where_nothing_is_asked(client: APIClient):
    count(timezone.now(), ("/api/data", 2, 0.001))

    got = client.get("/api/monitoring/requests/").json()

    length = datetime.fromisoformat(got["until"]) - datetime.fromisoformat(got["since"])
    assert timedelta(hours=1) <= length <= timedelta(minutes=61)
    assert "/api/data" in [each["route"] for each in got["routes"]]


@pytest.mark.parametrize(
    "asked",
    [
        {"since": "yesterday"},
        {"until": "2026-13-01T00:00:00Z"},
        {"since": "2020-01-01T00:00:00Z"},
        {"since": "2026-11-21T12:00:00Z", "until": "2026-11-21T12:00:00Z"},
        {"since": "9999-12-31T23:59:59Z"},
        {"until": "0001-01-01T00:00:00Z"},
        {"since": "0001-01-01T00:00:00+23:00"},
        {"route": "x" * 201},
        {"route": ""},
    ],
)
@pytest.mark.parametrize("path", PATHS[:2])
def test_what_cannot_be_told_is_refused(client: APIClient, path: str, asked: dict[str, str]):
    answer = client.get(path, asked)

    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert set(answer.json()["errors"]) <= {"since", "until", "route"}


def test_gauges_are_those_of_metrics(client: APIClient):
    got = client.get("/api/monitoring/gauges/").json()

    names = {each["name"] for each in got["gauges"]}
    assert names >= {"jobs", "jobs_oldest_waiting_seconds", "uploads_open", "screen_viewers"}
    assert datetime.fromisoformat(got["checked_at"]) <= datetime.now(UTC)


@pytest.mark.parametrize("path", PATHS)
def test_it_is_for_staff_alone(
    api: Callable[[User], APIClient], user: User, staff: User, key_for: KeyFor, path: str
):
    narrow = APIClient()
    narrow.credentials(HTTP_AUTHORIZATION=f"Bearer {key_for(staff, 'uploads')}")

    assert APIClient().get(path).status_code == 401
    assert api(user).get(path).status_code == 403
    assert narrow.get(path).status_code == 403
    assert api(staff).get(path).status_code == 200
