"""What one caller does at the same time, or again at once: nothing gets into anything else."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from apiapp.keys.callers import Caller
from apiapp.problems import problem_for
from apiapp.uploads import services
from apiapp.uploads.arriving import Terms
from apiapp.uploads.receive import UploadReceiver
from tests.apiapp.uploads.appended.checks import files_in, finished, problem_of, row
from tests.apiapp.uploads.appended.tus_requests import TusClient, base64_of, id_in, path_of
from tests.apiapp.uploads.made import NOW
from tests.apiapp.uploads.requests_over_asgi import STALLED, Answer, Request

CONTENT = random.Random(9).randbytes(90_000)
PARTS = [CONTENT[start : start + 30_000] for start in range(0, len(CONTENT), 30_000)]
PARTIAL = {"Upload-Length": "30000", "Upload-Concat": "partial"}


def test_chunks_at_the_same_time_do_not_exceed_the_quota(
    terms: Terms, caller: Caller, key_for: Callable[..., str]
):
    chunk_bytes = services.MIN_CHUNK_BYTES
    announced = services.AnnouncedFile("a.bin", size=8 * chunk_bytes, chunk_size=chunk_bytes)
    upload = services.create(
        owner=caller.user, announced=announced, limits=terms.limits, store=terms.store, now=NOW
    )
    small = replace(terms.limits, user_bytes=3 * chunk_bytes)
    receiver = UploadReceiver(
        terms=replace(terms, limits=small), problem_for=problem_for, idle_s=20.0, threads=8
    )
    headers = {
        "Authorization": f"Bearer {key_for(caller.user)}",
        "Content-Length": str(chunk_bytes),
    }
    requests = [
        Request("PUT", f"/api/uploads/{upload.pk}/chunks/{index}", headers, [bytes(chunk_bytes)])
        for index in range(8)
    ]

    async def all_of_them() -> list[Answer | None]:
        return await asyncio.gather(*(each.send_to(receiver) for each in requests))

    answers = asyncio.run(all_of_them())
    receiver.close()

    refused = [problem_of(got) for got in answers if got and got.status != 200]
    upload.refresh_from_db()
    assert refused == [(413, "quota-exceeded")] * 5
    assert upload.received == 3 * chunk_bytes


def created(answers: list[Answer | None]) -> list[str]:
    return [path_of(got) for got in answers if got and got.status == 201]


@pytest.mark.parametrize("is_terminated", [True, False])
def test_a_parallel_upload_that_is_aborted_and_begun_again_at_once_is_whole(
    tus: TusClient, store, clock, is_terminated: bool
):
    first = created(tus.ask(*(tus.request("POST", headers=PARTIAL) for _ in PARTS)))
    for path in first:
        tus.patch(path, b"?" * 20_000, 0)
    aborted = [tus.request("DELETE", path) for path in first] if is_terminated else []

    answers = tus.ask(*aborted, *(tus.request("POST", headers=PARTIAL) for _ in PARTS))
    second = created(answers)
    for path, part in zip(second, PARTS, strict=True):
        assert tus.patch(path, part, 0).status == 204
    final = tus.created(upload_concat=f"final;{' '.join(second)}")

    assert finished(final, store, clock) == CONTENT


def test_a_part_that_was_sent_by_the_first_attempt_may_be_kept_by_the_second(
    tus: TusClient, store, clock
):
    first = created(tus.ask(*(tus.request("POST", headers=PARTIAL) for _ in PARTS)))
    tus.sent(first[0], PARTS[0])
    tus.delete(first[1])
    second = created(tus.ask(*(tus.request("POST", headers=PARTIAL) for _ in PARTS[1:])))
    for path, part in zip(second, PARTS[1:], strict=True):
        tus.sent(path, part)

    final = tus.created(upload_concat=f"final;{' '.join([first[0], *second])}")

    assert finished(final, store, clock) == CONTENT


def test_who_still_sends_what_is_purged_in_the_admin_is_ended(
    tus: TusClient, terms: Terms, other_caller: Caller, settings, tmp_path
):
    settings.UPLOAD_FOLDER = tmp_path / "uploads"
    User.objects.filter(pk=other_caller.user.pk).update(is_staff=True, is_superuser=True)
    admin = Client()
    admin.force_login(User.objects.get(pk=other_caller.user.pk))
    path = tus.created(len(CONTENT))
    hung = tus.patching(path, CONTENT[:1000], 0, ending=STALLED)
    chosen = {"action": "purge", "_selected_action": [id_in(path)], "post": "yes"}

    def purge() -> None:
        try:
            admin.post("/admin/uploads/upload/", chosen)
        finally:
            connection.close()  # this thread's

    async def scenario() -> Answer | None:
        sending = asyncio.create_task(hung.send_to(tus.receiver))
        await hung.has_stalled.wait()
        await asyncio.to_thread(purge)
        return await sending

    ended = asyncio.run(scenario())

    assert ended and ended.status == 409
    assert tus.head(path).status == 410
    assert files_in(terms.store) == []


def test_a_file_that_is_not_the_announced_one_says_how_to_go_on(tus: TusClient, store, clock):
    path = tus.created(3, upload_metadata=f"md5 {base64_of('0' * 32)}")
    tus.sent(path, b"abc")
    with pytest.raises(Exception, match="MD5"):
        finished(path, store, clock)

    got = tus.patch(path, b"", 3)

    assert row(path).state == "failed"
    assert problem_of(got) == (410, "gone")
    assert "MD5" in got.json["detail"]
    assert "begin a new one" in got.json["detail"]
    assert tus.head(path).status == 410  # which clients take for a reason to begin anew
    assert tus.delete(path).status == 204
