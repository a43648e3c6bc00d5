from datetime import UTC, datetime

import pytest
from django.test import Client

from apiapp.http.lifecycle import Deprecation

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def test_an_endpoint_that_will_go_says_since_when_until_when_and_where_to_go_on():
    leaving = Deprecation(
        since=SINCE,
        sunset=datetime(2027, 1, 1, tzinfo=UTC),
        successor="/api/v2/things/{name}/",
        explained_at="/docs/",
    )

    assert leaving.headers({"name": "a b/资"}) == {
        "Deprecation": "@1767225600",
        "Sunset": "Fri, 01 Jan 2027 00:00:00 GMT",
        "Link": '</api/v2/things/a%20b%2F%E8%B5%84/>; rel="successor-version", '
        '</docs/>; rel="deprecation"',
    }


def test_what_has_no_successor_names_none():
    assert Deprecation(since=SINCE).headers({}) == {"Deprecation": "@1767225600"}


@pytest.mark.django_db
def test_the_path_that_says_api_twice_answers_and_names_the_better_one(client: Client):
    twice = client.get("/api/api/resource/a%20b?detail=full")
    once = client.get("/api/resource/a%20b?detail=full")

    assert twice.json() == once.json()
    assert twice["Deprecation"].startswith("@")
    assert twice["Link"] == '</api/resource/a%20b>; rel="successor-version"'
    assert "Deprecation" not in once
