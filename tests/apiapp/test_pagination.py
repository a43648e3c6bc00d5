import base64
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from apiapp.uploads.models import Upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(api: Callable[[User], APIClient], user: User) -> APIClient:
    return api(user)


def add(user: User, count: int) -> None:
    for number in range(count):
        Upload.objects.create(
            owner=user, filename=f"{number}.csv", size=1, chunk_size=1, total_chunks=1
        )


def test_every_row_is_on_one_page_while_rows_come_and_go(client: APIClient, user: User):
    add(user, 7)
    wanted = set(Upload.objects.values_list("file_id", flat=True))
    seen: list[str] = []
    page = client.get("/api/uploads/?limit=3")

    while True:
        seen += [row["file_id"] for row in page.json()["results"]]
        if page.json()["next"] is None:
            break
        add(user, 2)  # newer ones, on pages that were turned already
        gone = Upload.objects.filter(file_id=seen[0])
        gone.delete()
        page = client.get(page.json()["next"])

    assert len(seen) == len(set(seen)) == 7
    assert set(seen) == wanted


def test_the_link_header_says_the_same_as_the_body(client: APIClient, user: User):
    add(user, 3)

    first = client.get("/api/uploads/?limit=2")
    last = client.get(first.json()["next"])

    assert first["Link"] == f'<{first.json()["next"]}>; rel="next"'
    assert last["Link"] == f'<{last.json()["previous"]}>; rel="prev"'
    assert last.json()["next"] is None


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "ten", "", "1.5", "９", "99999999999"])
def test_another_limit_is_refused_with_what_is_possible(client: APIClient, limit: str):
    refusal = client.get("/api/uploads/", {"limit": limit})

    assert refusal.status_code == 400
    assert refusal.json()["type"] == "urn:sluice:problem:bad-parameter"
    assert "1 to 1000" in refusal.json()["detail"]


@given(cursor=st.text(min_size=1, max_size=40))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cursor_that_nobody_gave_is_refused_or_harmless(client: APIClient, cursor: str):
    answer = client.get("/api/uploads/", {"cursor": cursor})

    assert answer.status_code in (200, 400)


@pytest.mark.parametrize("path", ["/api/uploads/", "/api/jobs/", "/api/imports/"])
@pytest.mark.parametrize(
    "made_up", ["p=abc", "p=%00", "p=9" + "9" * 40, "o=99999999", "o=-1", "p=2026-13-45", "r=2&p="]
)
def test_a_cursor_that_was_made_up_never_breaks_the_database(
    client: APIClient, path: str, made_up: str
):
    cursor = base64.b64encode(made_up.encode()).decode()

    assert client.get(path, {"cursor": cursor}).status_code in (200, 400)
