"""/api/webhooks/incoming/: what is signed is taken, once, whoever else sends it and how often."""

import base64
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from standardwebhooks.webhooks import Webhook

from apiapp import signing
from apiapp.outbound import configured as outbound
from apiapp.webhooks import receiving
from apiapp.webhooks.models import Received

SECRET = f"whsec_{base64.b64encode(b'k' * 32).decode()}"
BODY = b'{"type": "order.paid", "data": {"id": 1}}'
AT = "/api/webhooks/incoming/shop/"

Post = Callable[..., Any]


def headers(
    content: bytes = BODY, *, message_id: str = "msg_1", age_s: int = 0, secret: str = SECRET
) -> dict[str, str]:
    at = datetime.now(UTC) - timedelta(seconds=age_s)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, at, content.decode("latin-1")),
    }


@pytest.fixture
def post(client: Client, user: User) -> Post:
    receiving.create_source(owner=user, name="shop", sealer=outbound.sealer(), secret=SECRET)

    def send(content: bytes = BODY, **more: str) -> Any:
        return client.post(
            AT, content, content_type="application/json", headers={**headers(content), **more}
        )

    return send


@pytest.mark.django_db
def test_a_message_is_taken_once(post: Post):
    first, again = post(), post()

    assert (first.status_code, first.json()) == (201, {"status": "accepted"})
    assert (again.status_code, again.json()) == (200, {"status": "duplicate"})
    assert Received.objects.get().content == BODY.decode()


SIGNED = headers()["webhook-signature"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,%%%"},
        {"webhook-signature": "v2," + "A" * 44},
        {"webhook-signature": "v1," + "A" * 43 + "="},
        {"webhook-id": ""},
        {"webhook-id": "msg_2"},
        {"webhook-id": "m" * 256},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "1e400"},
        {"webhook-timestamp": "-1"},
        headers(age_s=400),
        headers(age_s=-40_000),  # as of the import of this module, however long ago
        headers(secret="whsec_" + base64.b64encode(b"x" * 32).decode()),
        headers(b"{}"),
    ],
)
def test_what_is_not_signed_as_it_has_to_be_is_refused(wrong: dict[str, str], post: Post):
    answer = post(**wrong)

    assert answer.status_code == 400, answer.content
    assert answer.json()["type"] == "urn:sluice:problem:not-verified"
    assert not Received.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"\xff\xfe", b"[" * 5000])
def test_what_is_no_json_is_refused_though_it_is_signed(body: bytes, post: Post):
    assert post(body).status_code == 400
    assert not Received.objects.exists()


@pytest.mark.django_db
def test_json_that_a_database_would_not_take_is_kept_to_the_letter(post: Post):
    body = rb'{"a": "\u0000 \ud800", "a": 1e999}'

    assert post(body).status_code == 201
    assert Received.objects.get().content == body.decode()


@pytest.mark.django_db
def test_a_source_nobody_made_is_not_there(client: Client):
    for name in ("nobody", "a%00b", "x" * 300):
        answer = client.post(f"/api/webhooks/incoming/{name}/", BODY, "application/json")

        assert answer.status_code == 404


@pytest.mark.django_db
def test_a_body_that_is_too_long_is_refused(post: Post):
    assert post(json.dumps("x" * 300_000).encode()).status_code == 413


@pytest.mark.django_db
def test_two_sources_may_use_the_same_id(post: Post, client: Client, user: User):
    receiving.create_source(owner=user, name="b", sealer=outbound.sealer(), secret=SECRET)

    other = client.post(
        "/api/webhooks/incoming/b/", BODY, content_type="application/json", headers=headers()
    )

    assert (post().status_code, other.status_code) == (201, 201)


@pytest.mark.parametrize("secret", ["x", "whsec_x", "whsec_" + "A" * 8, "whsec_" + "A" * 400])
def test_a_secret_that_is_none_is_refused(secret: str):
    with pytest.raises(signing.BadSecret):
        signing.checked_secret(secret)


@pytest.mark.django_db(transaction=True)
def test_it_is_taken_once_also_when_many_send_it_at_the_same_moment(post: Post):
    shown, go = headers(), threading.Barrier(8)

    def send(_number: int) -> int:
        client = Client()
        go.wait()
        try:
            answer = client.post(AT, BODY, content_type="application/json", headers=shown)
            return answer.status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=8) as threads:
        statuses = list(threads.map(send, range(8)))

    assert sorted(statuses) == [200] * 7 + [201]
    assert Received.objects.count() == 1
