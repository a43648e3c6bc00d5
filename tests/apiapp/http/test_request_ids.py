import logging

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from apiapp.http import request_ids

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/api/jobs/", "/healthz", "/api/no-such-thing", "/login/"])
def test_every_answer_has_an_id_of_its_own(client: Client, path: str):
    first, second = client.get(path)["X-Request-Id"], client.get(path)["X-Request-Id"]

    assert len(first) >= 16
    assert first != second


def test_a_sane_id_is_kept_and_named_in_the_problem(client: Client):
    answer = client.get("/api/jobs/", headers={"X-Request-Id": "order-7.retry_2"})

    assert answer["X-Request-Id"] == "order-7.retry_2"
    assert answer.json()["instance"] == "order-7.retry_2"


@given(st.text(max_size=200))
def test_nothing_that_could_break_a_log_line_is_kept(sent: str):
    kept = request_ids.request_id_for(sent)

    assert request_ids.SANE.fullmatch(kept)


def test_log_lines_name_the_request_they_belong_to():
    record = logging.LogRecord("a", logging.INFO, "", 1, "hello", (), None)

    with request_ids.named("abc"):
        request_ids.RequestIdFilter().filter(record)

    assert record.request_id == "abc"  # type: ignore[attr-defined]
    assert request_ids.current() == "-"
