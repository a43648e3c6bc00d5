"""The browsable API: every endpoint as a page, signed in or not, and its forms."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apiapp.documentation.views import document
from apiapp.examples.models import Post

pytestmark = pytest.mark.django_db(databases=["default", "datasets"])

IN_PATHS = {
    "slug": "none-such",
    "row_id": "1",
    "file_id": "none",
    "index": "0",
    "resource_id": "abc",
}
CHROMIUM_ACCEPTS = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
ONE_FORM = {  # answered as what they are, whatever is accepted
    "/stream/",
    "/api/imports/{import_id}/errors.csv/",
    "/api/imports/{import_id}/rejected.csv/",
    "/api/datasets/{slug}/export.csv/",
    "/api/datasets/{slug}/export.jsonl/",
    "/api/datasets/{slug}/export.parquet/",
    "/api/datasets/{slug}/export.xlsx/",
    "/api/datasets/{slug}/openapi.json/",
    "/api/uploads/{file_id}/content/",
    "/api/uploads/resumablejs/",  # whose clients read statuses alone
    "/api/resumable/{file_id}/",  # an offset, without a body
}
FORM = re.compile(r'<form action="([^"]*)" method="POST"')
INLINE = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\son\w+=|\sstyle=")


def paths() -> Iterator[str]:
    for path in document()["paths"]:
        if path not in ONE_FORM:
            yield path


def filled(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda found: IN_PATHS.get(found[1], "1"), path)


def as_page(client: Client, path: str) -> Any:
    return client.get(path, headers={"Accept": CHROMIUM_ACCEPTS})


@pytest.mark.parametrize("path", list(paths()))
def test_a_stranger_sees_a_page_that_says_how_it_is(client: Client, path: str):
    page = as_page(client, filled(path))

    assert page.status_code in (200, 401, 404, 405)
    assert page["Content-Type"].startswith("text/html")
    assert not INLINE.search(page.content.decode()), "refused by the content security policy"


@pytest.mark.parametrize("path", list(paths()))
def test_who_is_signed_in_sees_a_page_with_its_forms(client: Client, staff: User, path: str):
    client.force_login(staff)

    page = as_page(client, filled(path))

    assert page.status_code in (200, 404, 405)
    assert page["Content-Type"].startswith("text/html")
    assert not INLINE.search(page.content.decode()), "refused by the content security policy"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/api/v1/posts/", {"title": "By a form", "content": "and a browser"}),
        ("/api/uploads/", {"filename": "a.csv", "size": "5"}),
    ],
)
def test_a_form_makes_something(staff: User, path: str, fields: dict[str, str]):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)
    page = as_page(client, path)
    action = FORM.search(page.content.decode())
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
    assert action
    assert token

    made = client.post(
        action[1],
        {**fields, "csrfmiddlewaretoken": token[1]},
        headers={"Accept": "text/html"},
    )

    assert made.status_code == 201
    assert made["Content-Type"].startswith("text/html")


def test_a_form_without_its_token_makes_nothing(staff: User):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)

    refused = client.post("/api/v1/posts/", {"title": "x"}, headers={"Accept": "text/html"})

    assert refused.status_code == 403
    assert not Post.objects.filter(owner=staff).exists()


def test_the_page_of_a_missing_thing_is_a_page(client: Client, staff: User):
    client.force_login(staff)

    page = as_page(client, "/api/jobs/123456/")

    assert page.status_code == 404
    assert "not-found" in page.content.decode()
