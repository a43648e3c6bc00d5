from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from apiapp.jobs import services as jobs
from tests.conftest import KeyFor

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.mark.parametrize("path", ["/api/status/", "/api/status"])
def test_a_known_caller_is_told_the_state_of_every_part(
    api: Callable[[User], APIClient], user: User, path: str
):
    jobs.worker_seen(name="one", now=timezone.now())

    answer = api(user).get(path)

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    told = answer.json()
    assert told["is_ready"] is True
    assert told["worker"]["is_there"] is True
    assert [each["alias"] for each in told["databases"]] == ["default", "datasets"]
    assert set(told["disk"]) == {"has_room", "free_bytes", "total_bytes", "reserved_bytes"}


def test_any_key_will_do_whatever_its_scopes(key_for: KeyFor, user: User):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key_for(user, 'uploads')}")

    assert client.get("/api/status/").status_code == 200


def test_a_server_that_is_not_ready_says_so_with_an_answer_all_the_same(
    api: Callable[[User], APIClient], user: User
):
    answer = api(user).get("/api/status/")

    assert answer.status_code == 200
    assert answer.json()["is_ready"] is False
    assert answer.json()["worker"] == {"is_there": False, "seen_at": None}


def test_a_stranger_is_told_nothing():
    assert APIClient().get("/api/status/").status_code == 401


def test_healthz_asks_for_nothing():
    assert Client().get("/healthz").json() == {"status": "alive"}
