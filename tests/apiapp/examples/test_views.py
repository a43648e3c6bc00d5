"""What the example endpoints do behind their answers; the answers are in tests/contracts."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client

from apiapp.examples.models import ExampleUser, Item, Post, Resource

pytestmark = pytest.mark.django_db
JSON = "application/json"


def test_what_was_sent_is_stored_without_what_opens_doors(client: Client) -> None:
    client.post(
        "/post_example", {"title": "t"}, content_type=JSON, headers={"Authorization": "Bearer x.y"}
    )
    client.post("/api/form", {"username": "alice", "password": "secret"})
    client.put("/put_example/7", {"name": "n"}, content_type=JSON)
    client.put("/put_example/7", {"description": "d"}, content_type=JSON)
    client.post("/api/resource/abc", {"key": "v", "more": 1}, content_type=JSON)

    assert list(Post.objects.values_list("title", "content")) == [("t", "默认内容")]
    assert list(Item.objects.values_list("pk", "name", "description")) == [(7, "默认名称", "d")]
    assert list(Resource.objects.values_list("pk", "data")) == [("abc", {"key": "v"})]


def test_a_confirmed_delete_deletes_and_an_unconfirmed_one_does_not(client: Client) -> None:
    client.post("/post_example")
    client.post("/api/resource/abc", {"key": "v"})

    client.delete("/delete_example?confirm=yes")
    client.delete("/api/resource/abc?confirm=1")
    assert (Post.objects.count(), Resource.objects.count()) == (1, 1)
    client.delete("/delete_example?confirm=true")
    client.delete("/api/resource/abc?confirm=true")

    assert (Post.objects.count(), Resource.objects.count()) == (0, 0)


def test_a_signed_in_browser_is_a_stranger_here_as_everybody_is(user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    assert client.post("/post_example").status_code == 200
    assert Post.objects.get().owner is None


def test_a_user_whom_staff_add_without_an_owner_is_open(
    client: Client, alice_and_bob: list[ExampleUser]
) -> None:
    carol = ExampleUser.objects.create(name="Carol", age=41)

    assert client.get("/api/users").json()[2] == {"id": carol.pk, "name": "Carol", "age": 41}
    assert client.get(f"/get_example/{carol.pk}").json()["name"] == "Carol"


def test_a_post_that_is_sent_again_with_its_key_is_stored_once(client: Client) -> None:
    headers = {"Idempotency-Key": "one"}

    first = client.post("/post_example", {"title": "t"}, content_type=JSON, headers=headers)
    second = client.post("/post_example", {"title": "t"}, content_type=JSON, headers=headers)
    other = client.post("/post_example", {"title": "u"}, content_type=JSON, headers=headers)

    assert (first.status_code, second.status_code, other.status_code) == (200, 200, 422)
    assert first.content == second.content
    assert Post.objects.count() == 1


@pytest.mark.parametrize("debug", [False, True])
def test_an_unplanned_error_is_told_in_two_words_and_logged_with_its_request(
    client: Client, caplog: pytest.LogCaptureFixture, settings: Any, debug: bool
) -> None:
    settings.DEBUG = debug

    def no_database(*_args: Any) -> Any:
        raise OperationalError("the disk of secrets is on fire")

    with connection.execute_wrapper(no_database):
        answer = client.get("/api/users", headers={"X-Request-Id": "learner-7"})

    assert (answer.status_code, answer.json()) == (500, {"error": "Internal Server Error"})
    assert answer["X-Request-Id"] == "learner-7"
    (record,) = [record for record in caplog.records if "learner-7" in record.getMessage()]
    assert record.exc_info
    assert "the disk of secrets" in str(record.exc_info[1])


def test_too_many_requests_are_told_so(client: Client, settings: Any) -> None:
    settings.RATE_LIMIT_ENABLED = True
    quota = settings.RATE_LIMITS["open"][0]
    settings.RATE_LIMITS = {"open": (type(quota)("test-examples", 1, 3600),)}

    answers = [client.get("/api/data") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert int(answers[1]["Retry-After"]) > 0
