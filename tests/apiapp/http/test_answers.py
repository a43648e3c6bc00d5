"""Through the API: what may be kept, what is sent again, what is packed."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from apiapp.uploads.models import Upload

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def client(api: Callable[[User], APIClient], user: User) -> APIClient:
    return api(user)


def test_what_has_not_changed_is_not_sent_again(client: APIClient):
    first = client.get("/api/jobs/")
    again = client.get("/api/jobs/", headers={"If-None-Match": first["ETag"]})

    assert first["Cache-Control"] == "private, no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]


def test_what_has_changed_is_sent(client: APIClient):
    first = client.get("/api/uploads/")
    client.post("/api/uploads/", {"filename": "a.csv", "size": 1})

    again = client.get("/api/uploads/", headers={"If-None-Match": first["ETag"]})

    assert again.status_code == 200


def test_what_was_done_or_refused_is_kept_nowhere(client: APIClient):
    made = client.post("/api/uploads/", {"filename": "a.csv", "size": 1})

    assert made["Cache-Control"] == "no-store"
    assert client.get("/api/uploads/none/")["Cache-Control"] == "no-store"
    assert Client().get("/api/uploads/")["Cache-Control"] == "no-store"


def test_long_answers_are_packed_and_short_ones_are_not(client: APIClient, user: User):
    packed = {"Accept-Encoding": "gzip"}
    short = client.get("/api/uploads/", headers=packed)
    Upload.objects.bulk_create(
        Upload(owner=user, filename=f"{n}.csv", size=1, chunk_size=1, total_chunks=1)
        for n in range(30)
    )

    long = client.get("/api/uploads/", headers=packed)
    plain = client.get("/api/uploads/")

    assert "Content-Encoding" not in short
    assert long["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in long["Vary"]
    assert len(long.content) < len(plain.content) / 4
    assert "Content-Encoding" not in plain


def test_a_packed_answers_tag_is_good_for_a_change(client: APIClient, user: User):
    tag = client.get("/api/uploads/")["ETag"]

    again = client.get("/api/uploads/", headers={"If-None-Match": f"W/{tag}"})

    assert again.status_code == 304
