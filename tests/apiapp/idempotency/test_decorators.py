"""Through the API: what a client that sends a request twice is promised."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.db.models import F
from django.utils import timezone
from rest_framework.test import APIClient

from apiapp.idempotency.models import KeptAnswer
from apiapp.imports.models import Dataset, Import, LoadLedger
from apiapp.jobs.models import Job
from apiapp.uploads.models import Upload

pytestmark = [
    pytest.mark.django_db(transaction=True, databases="__all__"),
    pytest.mark.usefixtures("tables_gone_after"),
]

Api = Callable[[User], APIClient]
NEW = {"filename": "a.csv", "size": 10}


@pytest.fixture
def client(api: Api, user: User) -> APIClient:
    return api(user)


def send(client: APIClient, path: str, body: Any, key: str) -> Any:
    return client.post(path, body, headers={"Idempotency-Key": key})


@pytest.mark.parametrize(
    ("path", "body", "counted"),
    [
        ("/api/uploads/", NEW, Upload),
        ("/api/import", {"rows": [{"a": 1}], "dataset": "numbers"}, Import),
    ],
)
def test_a_request_sent_again_is_answered_as_before_and_does_nothing(
    client: APIClient, path: str, body: Any, counted: Any
):
    first = send(client, path, body, "k1")
    again = send(client, path, body, "k1")

    assert first.status_code in (200, 201)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("Location") == first.headers.get("Location")
    assert again["Content-Type"] == first["Content-Type"]
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert counted.objects.count() == 1


def test_a_row_is_added_once(client: APIClient):
    client.post("/api/import", {"rows": [{"a": 1}], "dataset": "numbers"})
    path = "/api/datasets/numbers/rows/"

    first, again = (send(client, path, {"a": 2}, "k1") for _ in range(2))

    assert again.content == first.content
    assert client.get("/api/datasets/numbers/").json()["row_count"] == 2


def test_without_a_key_each_request_is_one_of_its_own(client: APIClient):
    client.post("/api/uploads/", NEW)
    client.post("/api/uploads/", NEW)

    assert Upload.objects.count() == 2


def test_another_body_under_the_same_key_is_refused(client: APIClient):
    send(client, "/api/uploads/", NEW, "k1")

    refusal = send(client, "/api/uploads/", {**NEW, "size": 11}, "k1")

    assert refusal.status_code == 422
    assert refusal.json()["type"] == "urn:sluice:problem:idempotency-key-reused"
    assert Upload.objects.count() == 1


def test_keys_of_two_callers_are_not_the_same(client: APIClient, api: Api, other_user: User):
    send(client, "/api/uploads/", NEW, "k1")

    other = send(api(other_user), "/api/uploads/", NEW, "k1")

    assert other.status_code == 201
    assert "Idempotent-Replayed" not in other


def test_what_was_refused_may_be_asked_again(client: APIClient):
    assert send(client, "/api/uploads/", {**NEW, "size": -1}, "k1").status_code == 422

    assert send(client, "/api/uploads/", NEW, "k1").status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a" * 256, "ключ", "two words", '"half'])
def test_a_key_that_is_none_is_refused(client: APIClient, key: str):
    refusal = send(client, "/api/uploads/", NEW, key)

    assert refusal.status_code == 400
    assert refusal.json()["type"] == "urn:sluice:problem:bad-idempotency-key"


def test_a_key_may_be_quoted(client: APIClient):
    send(client, "/api/uploads/", NEW, '"k1"')

    assert send(client, "/api/uploads/", NEW, "k1")["Idempotent-Replayed"] == "true"


def claimed(user_client: APIClient, *, until: timedelta) -> None:
    """As if another process had begun, and not ended, what `k1` asks."""
    send(user_client, "/api/uploads/", NEW, "k1")
    Upload.objects.all().delete()
    KeptAnswer.objects.update(status=None, body=b"", claimed_until=timezone.now() + until)


def test_a_request_that_is_still_being_answered_is_not_begun_again(client: APIClient):
    claimed(client, until=timedelta(seconds=20))

    refusal = send(client, "/api/uploads/", NEW, "k1")

    assert refusal.status_code == 409
    assert refusal.json()["type"] == "urn:sluice:problem:still-in-progress"
    assert 1 <= int(refusal["Retry-After"]) <= 20
    assert not Upload.objects.exists()


def test_what_a_dead_server_left_is_begun_again(client: APIClient):
    claimed(client, until=timedelta(seconds=-1))

    assert send(client, "/api/uploads/", NEW, "k1").status_code == 201
    assert Upload.objects.count() == 1


def test_after_a_day_a_key_is_new_again(client: APIClient):
    send(client, "/api/uploads/", NEW, "k1")
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))

    assert "Idempotent-Replayed" not in send(client, "/api/uploads/", {**NEW, "size": 3}, "k1")


def test_of_many_at_once_one_is_done(api: Api, user: User):
    clients = [api(user) for _ in range(8)]
    shown = clients[0]._credentials["HTTP_AUTHORIZATION"]
    start, statuses = threading.Barrier(8), []

    def ask(each: APIClient) -> None:
        each.credentials(HTTP_AUTHORIZATION=shown)
        start.wait()
        statuses.append(send(each, "/api/uploads/", NEW, "k1").status_code)
        connections.close_all()

    threads = [threading.Thread(target=ask, args=(each,)) for each in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert Upload.objects.count() == 1


def test_inline_rows_whose_answer_was_lost_are_not_imported_again(client: APIClient):
    body = {"rows": [{"a": 1}], "dataset": "numbers"}
    first = send(client, "/api/import", body, "k1")
    KeptAnswer.objects.update(
        status=None, body=b"", claimed_until=timezone.now() - timedelta(seconds=1)
    )  # killed after the rows were visible, before the answer was kept

    again = send(client, "/api/import", body, "k1")

    assert again.json() == first.json()
    assert Dataset.objects.get().row_count == 1


def test_inline_rows_that_outlast_their_claim_are_not_imported_twice(client: APIClient):
    body = {"rows": [{"a": 1}], "dataset": "numbers"}
    first = send(client, "/api/import", body, "k1")
    # As it was before the rows were visible, when the client gave up waiting and asks again.
    over = timezone.now() - timedelta(seconds=1)
    KeptAnswer.objects.update(status=None, body=b"", claimed_until=over)
    LoadLedger.objects.update(import_id=F("import_id") + 1000)
    later = timezone.now() + timedelta(minutes=1)
    Job.objects.update(state=Job.State.RUNNING, finished_at=None, lease_until=later)
    assert [send(client, "/api/import", body, "k1").status_code for _ in range(2)] == [409, 409]
    LoadLedger.objects.update(import_id=F("import_id") - 1000)  # and now they are

    again = send(client, "/api/import", body, "k1")

    assert again.json() == first.json()
    assert Dataset.objects.get().row_count == 1
