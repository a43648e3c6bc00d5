import pytest
from django.test import Client, RequestFactory

from apiapp import failures
from apiapp.http import request_ids

pytestmark = pytest.mark.django_db

PAGE = {"Accept": "text/html,*/*;q=0.8"}


@pytest.mark.parametrize(
    "path", ["/api/no-such-thing", "/api/v1/", "/no-such-page", "/api/jobs/x/"]
)
def test_an_unknown_address_is_a_problem_for_programs(client: Client, path: str):
    answer = client.get(path)

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:sluice:problem:not-found"
    assert answer.json()["instance"] == answer["X-Request-Id"]


def test_an_unknown_address_is_a_page_for_people_but_not_under_the_api(client: Client):
    assert "Nothing here" in client.get("/no-such-page", headers=PAGE).content.decode()
    assert client.get("/api/none", headers=PAGE)["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("host", ["evil.example", "localhost:80@evil.example", "a b"])
def test_another_name_for_this_host_is_refused(client: Client, host: str):
    answer = client.get("/api/jobs/", headers={"Host": host})

    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:sluice:problem:bad-request"
    assert "evil" not in answer.content.decode()


def test_a_form_of_too_many_fields_is_refused_with_the_limit(client: Client):
    body = "&".join(f"f{number}=1" for number in range(2001))

    answer = client.post("/login/", body, content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 400


@pytest.mark.urls("tests.apiapp.broken_urls")
@pytest.mark.parametrize("accept", ["application/json", "application/xml", "text/html"])
@pytest.mark.parametrize(
    "path", ["/broken-page", "/api/broken", "/api/broken-example", "/api/unwritable"]
)
def test_what_breaks_is_in_the_log_under_the_request_id_and_tells_nothing_else(
    client: Client, caplog: pytest.LogCaptureFixture, path: str, accept: str
):
    client.raise_request_exception = False
    caplog.handler.addFilter(request_ids.RequestIdFilter())

    answer = client.get(path, headers={"X-Request-Id": "find-me", "Accept": accept})

    assert answer.status_code == 500
    assert answer["X-Request-Id"] == "find-me"
    assert "secret" not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()
    told = [record for record in caplog.records if record.exc_info]
    assert {record.request_id for record in told} == {"find-me"}  # type: ignore[attr-defined]


@pytest.mark.urls("tests.apiapp.broken_urls")
def test_an_example_that_breaks_says_so_as_the_documents_print_it(client: Client):
    client.raise_request_exception = False

    answer = client.get("/api/broken-example")

    assert answer.json() == {"error": "Internal Server Error"}


@pytest.mark.urls("tests.apiapp.broken_urls")
def test_anything_else_that_breaks_is_a_problem_with_the_request_id(client: Client):
    client.raise_request_exception = False

    answer = client.get("/api/broken")

    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:sluice:problem:internal-error"
    assert answer.json()["instance"] == answer["X-Request-Id"]


def test_a_broken_page_and_a_broken_answer_both_name_the_request():
    factory = RequestFactory()
    with request_ids.named("find-me"):
        page = failures.broken(factory.get("/", headers=PAGE))
        answer = failures.broken(factory.get("/api/x", headers=PAGE))

    assert page.status_code == answer.status_code == 500
    assert "find-me" in page.content.decode()
    assert b'"instance":"find-me"' in answer.content
