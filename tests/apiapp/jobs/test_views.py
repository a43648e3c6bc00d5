from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from apiapp.jobs import services
from apiapp.jobs.models import Job

pytestmark = pytest.mark.django_db(databases="__all__")

Api = Callable[[User], APIClient]


def job_of(owner: User | None, **columns: Any) -> Job:
    job = services.enqueue(task="tests.any", kwargs={}, owner=owner, now=timezone.now())
    Job.objects.filter(pk=job.pk).update(**columns)
    job.refresh_from_db()
    return job


def test_a_job_is_shown_with_the_promised_fields(api: Api, user: User) -> None:
    job = job_of(user, state="running", done=3, total=9, unit="rows", message="reading")

    shown = api(user).get(f"/api/jobs/{job.pk}/").json()

    assert shown["id"] == job.pk
    assert shown["task"] == "tests.any"
    assert (shown["state"], shown["done"], shown["total"]) == ("running", 3, 9)
    assert (shown["unit"], shown["message"]) == ("rows", "reading")
    assert (shown["result"], shown["error"]) == (None, "")


def test_jobs_are_listed_newest_first_in_pages(api: Api, user: User) -> None:
    jobs = [job_of(user).pk for _ in range(5)]
    client = api(user)

    first = client.get("/api/jobs?limit=3").json()
    second = client.get(first["next"]).json()

    assert [job["id"] for job in first["results"] + second["results"]] == jobs[::-1]
    assert second["next"] is None


def test_the_list_can_be_limited_to_states(api: Api, user: User) -> None:
    queued, running = job_of(user), job_of(user, state="running")
    job_of(user, state="failed")

    shown = api(user).get("/api/jobs/?state=queued&state=running").json()["results"]

    assert [job["id"] for job in shown] == [running.pk, queued.pk]


def test_periodic_work_is_not_listed_but_there(api: Api, staff: User) -> None:
    job = services.ensure_periodic(name="sweep", task="any", period_s=60, now=timezone.now())
    client = api(staff)

    assert client.get("/api/jobs/").json()["results"] == []
    assert client.get(f"/api/jobs/{job.pk}/").status_code == 200


def test_a_state_that_does_not_exist_is_refused(api: Api, user: User) -> None:
    answer = api(user).get("/api/jobs/?state=lost")

    assert answer.status_code == 422
    assert "state" in answer.json()["errors"]


@pytest.mark.parametrize("action", ["", "cancel/", "retry/"])
def test_the_job_of_another_user_is_not_there(
    api: Api, user: User, other_user: User, action: str
) -> None:
    job = job_of(other_user)
    client = api(user)

    path = f"/api/jobs/{job.pk}/{action}"
    answer = client.post(path) if action else client.get(path)

    assert answer.status_code == 404
    assert client.get("/api/jobs/").json()["results"] == []


def test_staff_see_the_jobs_of_all_and_of_the_server(api: Api, staff: User, user: User) -> None:
    jobs = [job_of(user).pk, job_of(None).pk]

    shown = api(staff).get("/api/jobs/").json()["results"]

    assert [job["id"] for job in shown] == jobs[::-1]


def test_a_queued_job_is_cancelled_at_once(api: Api, user: User) -> None:
    job = job_of(user)

    answer = api(user).post(f"/api/jobs/{job.pk}/cancel/")

    assert answer.status_code == 200
    assert answer.json()["state"] == "cancelled"


def test_a_job_that_has_ended_cannot_be_cancelled(api: Api, user: User) -> None:
    job = job_of(user, state="succeeded")

    answer = api(user).post(f"/api/jobs/{job.pk}/cancel/")

    assert answer.status_code == 409
    assert answer.json()["state"] == "succeeded"


def test_a_failed_job_is_queued_again(api: Api, user: User) -> None:
    job = job_of(user, state="failed", attempts=5, error="no luck")

    answer = api(user).post(f"/api/jobs/{job.pk}/retry")

    assert (answer.json()["state"], answer.json()["error"]) == ("queued", "")


def test_a_job_that_has_not_failed_cannot_be_retried(api: Api, user: User) -> None:
    answer = api(user).post(f"/api/jobs/{job_of(user).pk}/retry/")

    assert answer.status_code == 409


def test_nobody_sees_jobs_without_a_key() -> None:
    assert APIClient().get("/api/jobs/").status_code == 401
