from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from apiapp.http.conditional import described, etag_of, require_match
from apiapp.http.errors import BadCondition, PreconditionFailed

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TAG = etag_of({"a": 1})


def asking(**headers: str) -> Request:
    return Request(APIRequestFactory().put("/", headers=headers))


@given(st.dictionaries(st.text(), st.integers() | st.text(), max_size=5))
def test_the_same_data_has_the_same_tag_in_any_order(data: dict[str, Any]):
    other_order = dict(reversed(data.items()))

    assert etag_of(data) == etag_of(other_order)
    assert etag_of(data) != etag_of({**data, "one more": 1})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"If-Match": TAG},
        {"If-Match": f'"other", {TAG}'},
        {"If-Match": f"W/{TAG}"},
        {"If-Match": "*"},
        {"If-None-Match": '"other"'},
        {"If-Unmodified-Since": described(TAG, NOW)["Last-Modified"]},
        {"If-Unmodified-Since": "no date"},
    ],
)
def test_a_change_to_what_the_caller_has_seen_is_made(headers: dict[str, str]):
    require_match(asking(**headers), etag=TAG, modified_at=NOW)


@pytest.mark.parametrize(
    "headers",
    [
        {"If-Match": '"other"'},
        {"If-None-Match": "*"},
        {"If-None-Match": TAG},
        {"If-Unmodified-Since": described(TAG, NOW - timedelta(seconds=1))["Last-Modified"]},
    ],
)
def test_a_change_to_what_has_changed_meanwhile_is_refused(headers: dict[str, str]):
    with pytest.raises(PreconditionFailed) as refusal:
        require_match(asking(**headers), etag=TAG, modified_at=NOW)

    assert refusal.value.etag == TAG


def test_what_is_not_there_matches_nothing_and_can_be_made():
    with pytest.raises(PreconditionFailed):
        require_match(asking(**{"If-Match": "*"}), etag="")
    require_match(asking(**{"If-None-Match": "*"}), etag="")


def test_a_condition_that_cannot_be_read_is_refused():
    with pytest.raises(BadCondition):
        require_match(asking(**{"If-Match": "abc"}), etag=TAG)
