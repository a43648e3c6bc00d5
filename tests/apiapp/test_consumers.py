import json
from contextlib import asynccontextmanager
from typing import Any

import pytest
from channels.db import database_sync_to_async as in_thread
from channels.testing import WebsocketCommunicator
from django.utils import timezone

from apiapp.consumers import MAX_MESSAGE_CHARS, NOT_AUTHENTICATED
from apiapp.jobs import services
from apiapp.jobs.feed import MAX_FOLLOWED
from apiapp.jobs.models import Job
from myproject.asgi import application

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


@in_thread
def job_of(owner: Any, **columns: Any) -> Job:
    job = services.enqueue(task="tests.any", kwargs={}, owner=owner, now=timezone.now())
    return change(job, **columns) if columns else job


def change(job: Job, **columns: Any) -> Job:
    Job.objects.filter(pk=job.pk).update(**columns)
    job.refresh_from_db()
    return job


@asynccontextmanager
async def socket(key: str | None, **headers: str) -> Any:
    """An open socket of the caller who has `key`."""
    sent = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
    if key:
        sent.append((b"authorization", f"Bearer {key}".encode()))
    opened = WebsocketCommunicator(application, "/ws/jobs/", headers=sent)
    is_open, _ = await opened.connect()
    assert is_open
    yield opened
    await opened.disconnect()


async def test_a_followed_job_is_told_as_it_is_and_then_at_each_change(user, key_for):
    job = await job_of(user)
    key = await in_thread(key_for)(user)

    async with socket(key) as opened:
        await opened.send_json_to({"type": "follow", "ids": [job.pk]})
        first = await opened.receive_json_from(5)
        await in_thread(change)(job, state="running", done=5, total=10, unit="rows")
        second = await opened.receive_json_from(5)
        await in_thread(change)(job, state="succeeded", done=10, result={"rows": 10})
        third = await opened.receive_json_from(5)

    assert first["type"] == "job"
    assert (first["job"]["id"], first["job"]["state"]) == (job.pk, "queued")
    assert (second["job"]["state"], second["job"]["done"], second["job"]["total"]) == (
        "running",
        5,
        10,
    )
    assert (third["job"]["state"], third["job"]["result"]) == ("succeeded", {"rows": 10})


async def test_what_is_told_has_the_fields_of_the_rest_api(user, key_for, api):
    job = await job_of(user, state="failed", error="no such file")
    client = await in_thread(api)(user)

    async with socket(await in_thread(key_for)(user)) as opened:
        await opened.send_json_to({"type": "follow", "ids": [job.pk]})
        told = await opened.receive_json_from(5)

    assert told["job"] == (await in_thread(client.get)(f"/api/jobs/{job.pk}/")).json()


async def test_the_renewal_of_a_lease_is_no_news(user, key_for):
    job = await job_of(user, state="running")

    async with socket(await in_thread(key_for)(user)) as opened:
        await opened.send_json_to({"type": "follow", "ids": [job.pk]})
        await opened.receive_json_from(5)
        await in_thread(change)(job, lease_until=timezone.now())

        assert await opened.receive_nothing(timeout=0.6)


async def test_who_follows_all_is_told_of_jobs_that_come_later_and_of_their_end(user, key_for):
    await job_of(user, state="succeeded")
    old = await job_of(user)

    async with socket(await in_thread(key_for)(user)) as opened:
        await opened.send_json_to({"type": "follow_all"})
        first = await opened.receive_json_from(5)
        new = await job_of(user)
        second = await opened.receive_json_from(5)
        await in_thread(change)(new, state="failed")
        third = await opened.receive_json_from(5)

    assert first["job"]["id"] == old.pk
    assert second["job"]["id"] == new.pk
    assert (third["job"]["id"], third["job"]["state"]) == (new.pk, "failed")


async def test_another_users_job_is_as_unknown_as_one_that_does_not_exist(
    user, other_user, key_for
):
    foreign = await job_of(other_user)

    async with socket(await in_thread(key_for)(user)) as opened:
        await opened.send_json_to({"type": "follow", "ids": [foreign.pk, 2**62]})
        told = [await opened.receive_json_from(5) for _ in range(2)]
        await opened.send_json_to({"type": "follow_all"})
        await in_thread(change)(foreign, state="running")

        assert await opened.receive_nothing(timeout=0.6)
    assert {message["type"] for message in told} == {"unknown"}
    assert {message["id"] for message in told} == {foreign.pk, 2**62}


async def test_staff_may_follow_the_jobs_of_others(staff, user, key_for):
    job = await job_of(user)

    async with socket(await in_thread(key_for)(staff)) as opened:
        await opened.send_json_to({"type": "follow", "ids": [job.pk]})

        assert (await opened.receive_json_from(5))["job"]["id"] == job.pk


async def test_a_job_that_is_deleted_is_told_as_unknown(user, key_for):
    job = await job_of(user)

    async with socket(await in_thread(key_for)(user)) as opened:
        await opened.send_json_to({"type": "follow", "ids": [job.pk]})
        await opened.receive_json_from(5)
        await in_thread(Job.objects.filter(pk=job.pk).delete)()

        assert await opened.receive_json_from(5) == {"type": "unknown", "id": job.pk}


async def test_a_socket_that_nobody_signed_for_is_closed():
    async with socket(None) as opened:
        closed = await opened.receive_output(5)

    assert closed["type"] == "websocket.close"
    assert closed["code"] == NOT_AUTHENTICATED


@pytest.mark.parametrize(
    "message",
    [
        " ",
        "{",
        "[]",
        "7",
        "[" * 5000,
        "x" * (MAX_MESSAGE_CHARS + 1),
        json.dumps({"type": "shout"}),
        json.dumps({"type": ["follow"]}),
        json.dumps({"type": "follow"}),
        json.dumps({"type": "follow", "ids": 7}),
        json.dumps({"type": "follow", "ids": ["7"]}),
        json.dumps({"type": "follow", "ids": [True]}),
        json.dumps({"type": "follow", "ids": [1.5]}),
        json.dumps({"type": "follow", "ids": [2**63]}),
        json.dumps({"type": "follow", "ids": [-1]}),
        json.dumps({"type": "follow", "ids": [*range(1, MAX_FOLLOWED + 2)]}),
        b"\x00\xff",
    ],
    ids=lambda message: str(message[:30]),
)
async def test_a_bad_message_is_answered_and_the_socket_stays_open(user, key_for, message):
    job = await job_of(user)

    async with socket(await in_thread(key_for)(user)) as opened:
        as_bytes = isinstance(message, bytes)
        await opened.send_to(**{"bytes_data" if as_bytes else "text_data": message})
        answer = await opened.receive_json_from(5)
        await opened.send_json_to({"type": "follow", "ids": [job.pk]})
        after = await opened.receive_json_from(5)

    assert answer["type"] == "error"
    assert answer["detail"]
    assert after["job"]["id"] == job.pk
