"""What programs are spared changes nothing of what they, or people, are told."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db

CHINESE = {"Accept-Language": "zh-CN"}


def test_a_program_is_answered_in_english_whoever_came_before(client: Client):
    body = {"title": None}
    chinese = client.post("/post_example", body, "application/json", headers=CHINESE)
    pages = client.get("/login/", headers=CHINESE).content.decode()

    plain = Client().post("/api/v1/posts/", body, "application/json")

    assert chinese.status_code == 400
    assert 'lang="zh-hans"' in pages
    assert plain.status_code == 401
    assert plain.json()["detail"].isascii()


def test_a_language_that_is_asked_for_is_spoken(client: Client):
    answer = client.get("/api/jobs/", headers=CHINESE)

    assert answer["Content-Language"] == "zh-hans"


def test_a_session_is_believed_as_before(client: Client, user: User):
    client.force_login(user)

    assert client.get("/api/jobs/").status_code == 200


def test_a_program_costs_no_query_of_sessions(user: User):
    with CaptureQueriesContext(connection) as queries:
        Client().get("/api/data")

    assert len(queries) == 0
