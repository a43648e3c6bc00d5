import logging

import pytest
from django.http import Http404
from django.test import Client
from rest_framework.exceptions import MethodNotAllowed, ValidationError

from apiapp import problems
from apiapp.http import request_ids
from apiapp.jobs.errors import JobHasEnded


def test_a_listed_error_is_told_with_its_facts():
    with request_ids.named("the-request"):
        problem = problems.problem_for(JobHasEnded(state="failed"))

    assert problem.as_json() == {
        "type": "urn:sluice:problem:job-has-ended",
        "title": "Conflict",
        "status": 409,
        "detail": "the job has ended already: failed",
        "instance": "the-request",
        "state": "failed",
    }


def test_the_nearest_class_counts():
    class OfOurs(JobHasEnded):
        pass

    assert problems.problem_for(OfOurs(state="failed")).status == 409


def test_an_unplanned_error_is_told_by_the_request_id_that_the_log_has(
    caplog: pytest.LogCaptureFixture,
):
    with caplog.at_level(logging.ERROR), request_ids.named("the-request"):
        problem = problems.problem_for(KeyError("a secret"))

    assert problem.status == 500
    assert "secret" not in str(problem.as_json())
    assert problem.instance == "the-request"
    assert "the-request" in caplog.text
    assert "a secret" in caplog.text


def test_what_is_not_there_does_not_say_whose_it_is():
    assert problems.problem_for(Http404("row 7 of bob")).detail == (
        "There is nothing here, or it is not yours."
    )


def test_fields_are_named():
    problem = problems.problem_for(ValidationError({"size": ["A valid integer is required."]}))

    assert problem.facts == {"errors": {"size": ["A valid integer is required."]}}


def test_the_wrong_method_is_405():
    assert problems.problem_for(MethodNotAllowed("PUT")).status == 405


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/json", problems.CONTENT_TYPE),
        ("*/*", problems.CONTENT_TYPE),
        ("text/html", "text/html; charset=utf-8"),
        ("image/png", problems.CONTENT_TYPE),
    ],
)
def test_a_problem_is_json_for_programs_and_a_page_in_the_browsable_api(
    client: Client, accept: str, content_type: str
):
    answer = client.get("/api/jobs/", headers={"Accept": accept})

    assert answer.status_code in (401, 406)
    assert answer["Content-Type"] == content_type
