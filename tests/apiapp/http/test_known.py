import asyncio
import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import close_old_connections
from django.test import Client

from apiapp.http.known import Known, known_of
from apiapp.http.request_ids import RequestIdFilter
from myproject.asgi import application
from tests.conftest import KeyFor

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


async def known_after(method: str, target: str, headers: dict[str, str] | None = None) -> Known:
    """What is known of a request once the application has answered it."""
    path, _, query = target.partition("?")
    sent = {"host": "localhost", **(headers or {})}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "scheme": "http",
        "client": ("192.0.2.7", 4711),
        "server": ("localhost", 80),
    }
    came = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return came.pop() if came else await asyncio.Event().wait()  # type: ignore[return-value]

    async def send(message: dict[str, Any]) -> None:
        pass

    await application(scope, receive, send)
    await asyncio.to_thread(close_old_connections)
    return known_of(scope)


@pytest.mark.parametrize(
    "target",
    [
        "/get_example/12?name=a",  # answered on the loop
        "/get_example/x?name=a",
        "/healthz",
        "/",
        "/api/jobs/",
        "/api/uploads/17/content",  # beside Django
        "/no/such/thing",
    ],
)
async def test_the_request_id_is_known_whoever_answers(target: str):
    known = await known_after("GET", target, {"x-request-id": "mine-7"})

    assert known.request_id == "mine-7"
    assert known.request is None
    assert (known.caller, known.user_name) == ("", "")


@pytest.mark.parametrize("path", ["/api/jobs/", "/api/uploads/17/content"])
async def test_the_caller_is_known(user: User, key_for: KeyFor, path: str):
    key = await asyncio.to_thread(key_for, user)

    known = await known_after("GET", path, {"authorization": f"Bearer {key}"})

    assert known.caller == f"key:{key.partition('.')[0]}"
    assert known.user_name == "alice"


async def test_who_is_signed_in_is_known_on_pages(user: User):
    client = Client()
    await asyncio.to_thread(client.force_login, user)
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())

    known = await known_after("GET", "/jobs/", {"cookie": cookie})

    assert (known.caller, known.user_name) == (f"user:{user.pk}", "alice")
    assert known.route == "/jobs"


async def test_who_shows_a_wrong_key_has_no_name():
    known = await known_after("GET", "/api/jobs/", {"authorization": "Bearer 0123456789ab.wrong"})

    assert (known.caller, known.user_name) == ("", "")
    assert known.route == "/api/jobs"


def test_a_line_of_the_log_within_a_request_tells_what_is_known_by_then(
    user: User, key_for: KeyFor, client: Client, caplog: pytest.LogCaptureFixture
):
    caplog.handler.addFilter(RequestIdFilter())
    known = Known()

    with caplog.at_level(logging.WARNING, "django.request"):
        client.get(
            "/api/jobs/999999/",
            headers={"authorization": f"Bearer {key_for(user)}", "x-request-id": "mine-7"},
            **{"sluice.known": known},
        )

    (record,) = [each for each in caplog.records if each.name == "django.request"]
    assert record.known is known  # type: ignore[attr-defined]
    assert record.request_id == "mine-7"  # type: ignore[attr-defined]
    assert (known.user_name, known.route) == ("alice", "/api/jobs/{job_id}")
