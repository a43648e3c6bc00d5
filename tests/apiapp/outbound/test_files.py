"""Finished uploads in calls: sent as they are, by whom may read them, anew for each attempt."""

import email
import hashlib
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from apiapp.outbound import configured
from apiapp.outbound.models import CallRecord, Connection
from apiapp.uploads import configured as uploads_configured
from apiapp.uploads import services as uploads
from apiapp.uploads.models import Upload, new_file_id
from apiapp.uploads.services import ArrivedFile
from tests.apiapp.outbound.hostile_server import Heard, HostileServer, Talk
from tests.apiapp.outbound.test_commands import call_api
from tests.apiapp.outbound.test_views import run

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

CALLS = "/api/outbound/calls/"
CONTENT = bytes(range(256)) * 1024
LARGE_BYTES = 32 * 2**20


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.UPLOAD_FOLDER = tmp_path / "uploads"
    settings.UPLOAD_FREE_DISK_BYTES = 0
    yield
    configured.client().connections.close()


def uploaded(owner: User, content: bytes = CONTENT, name: str = "cars.csv") -> Upload:
    store, file_id = uploads_configured.store(), new_file_id()
    store.create(file_id)
    writer = store.writer(file_id)
    writer.write([content])
    writer.close()
    md5, sha256 = hashlib.md5(content).hexdigest(), hashlib.sha256(content).hexdigest()
    return uploads.add_finished(
        owner=owner,
        arrived=ArrivedFile(file_id, name, len(content), md5, sha256),
        limits=uploads_configured.limits(),
        store=store,
        now=timezone.now(),
    )


def path_of(upload: Upload) -> Path:
    return uploads.path_of(upload, uploads_configured.store())


@pytest.fixture
def alice(api: Any, user: User) -> Any:
    return api(user)


@pytest.fixture
def them(user: User, there: HostileServer) -> Connection:
    return Connection.objects.create(
        owner=user, name="them", base_url=there.url, allow_private=True
    )


def parts_of(heard: Heard) -> list[tuple[str | None, str | None, str, Any]]:
    """(field, name of the file, media type, content) of a form, read by another's reader."""
    head = f"Content-Type: {heard.headers['content-type']}\r\n\r\n".encode()
    return [
        (
            part.get_param("name", header="content-disposition"),  # type: ignore[misc]
            part.get_filename(),
            part.get_content_type(),
            part.get_payload(decode=True),
        )
        for part in email.message_from_bytes(head + heard.body).get_payload()
    ]


def test_a_file_is_sent_as_a_part_of_a_form(
    alice: Any, user: User, them: Connection, there: HostileServer
):
    there.on["/"] = lambda talk, _: talk.answer()
    first, second = uploaded(user), uploaded(user, b"", name='a "b".txt')

    answer = alice.post(
        CALLS,
        {
            "connection": them.pk,
            "method": "POST",
            "form": {"kind": "cars"},
            "files": [
                {"file_id": first.pk, "field": "report", "content_type": "text/csv"},
                {"file_id": second.pk, "filename": "b.txt"},
            ],
        },
    )

    (heard,), call = there.heard, answer.json()
    assert (answer.status_code, call["state"]) == (201, "ok")
    assert parts_of(heard) == [
        ("kind", None, "text/plain", b"cars"),
        ("report", "cars.csv", "text/csv", CONTENT),
        ("file", "b.txt", "application/octet-stream", b""),
    ]
    assert int(heard.headers["content-length"]) == len(heard.body) == call["sent_bytes"]
    assert "transfer-encoding" not in heard.headers


def test_a_file_is_sent_by_itself(alice: Any, user: User, them: Connection, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer()
    wish = {"file_id": uploaded(user).pk, "content_type": "text/csv"}

    alice.post(CALLS, {"connection": them.pk, "method": "PUT", "file": wish})

    (heard,) = there.heard
    assert (heard.headers["content-type"], heard.body) == ("text/csv", CONTENT)
    assert heard.headers["content-length"] == str(len(CONTENT))


def test_a_large_file_is_never_in_memory(
    alice: Any, user: User, them: Connection, there: HostileServer
):
    got = []

    def count(talk: Talk, _heard: Heard) -> None:
        left = LARGE_BYTES
        while left:
            left -= len(talk.file.read(min(2**20, left)))
        got.append(LARGE_BYTES)
        talk.answer()

    there.takes_bodies, there.on["/"] = False, count
    upload = uploaded(user, b"x")
    with path_of(upload).open("r+b") as file:
        file.truncate(LARGE_BYTES)
    Upload.objects.update(size=LARGE_BYTES)

    tracemalloc.start()
    try:
        wish = {"connection": them.pk, "method": "PUT", "file": {"file_id": upload.pk}}
        state = alice.post(CALLS, wish).json()["state"]
        most_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert (state, got) == ("ok", [LARGE_BYTES])
    assert most_bytes < LARGE_BYTES / 4


def test_each_attempt_reads_the_file_from_its_beginning(
    alice: Any, user: User, them: Connection, there: HostileServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(configured.client(), "sleep", lambda _wait_s: None)
    answers = iter([503, 307, 200])
    there.on["/"] = lambda talk, _: talk.answer(next(answers), Location="/")
    wish = {"connection": them.pk, "method": "PUT", "file": {"file_id": uploaded(user).pk}}

    call = alice.post(CALLS, wish).json()

    assert (call["state"], call["attempts"]) == ("ok", 3)
    assert [heard.body for heard in there.heard] == [CONTENT] * 3


def test_a_replay_and_a_job_read_the_file_again(
    alice: Any, user: User, them: Connection, there: HostileServer
):
    there.on["/"] = lambda talk, _: talk.answer()
    wish = {"connection": them.pk, "method": "PUT", "file": {"file_id": uploaded(user).pk}}
    first = alice.post(CALLS, {**wish, "background": True}).json()
    run(first)

    again = alice.post(f"{CALLS}{first['id']}/replay/").json()

    assert again["state"] == "ok"
    assert [heard.body for heard in there.heard] == [CONTENT] * 2


# --- what is gone, and what is another's ----------------------------------------------------------
def test_a_replay_without_its_file_is_refused(
    alice: Any, user: User, them: Connection, there: HostileServer
):
    there.on["/"] = lambda talk, _: talk.answer()
    upload = uploaded(user)
    wish = {"connection": them.pk, "method": "PUT", "file": {"file_id": upload.pk}}
    first = alice.post(CALLS, wish).json()
    upload.delete()

    refused = alice.post(f"{CALLS}{first['id']}/replay/")

    assert (refused.status_code, refused.json()["type"]) == (409, "urn:sluice:problem:file-gone")
    assert (len(there.heard), CallRecord.objects.count()) == (1, 1)


@pytest.mark.parametrize("gone", ["row", "bytes"])
def test_a_file_that_goes_before_its_job_begins_is_told(
    gone: str, alice: Any, user: User, them: Connection, there: HostileServer
):
    there.on["/"] = lambda talk, _: talk.answer()
    upload = uploaded(user)
    wish = {"connection": them.pk, "method": "PUT", "file": {"file_id": upload.pk}}
    placed = alice.post(CALLS, {**wish, "background": True}).json()
    if gone == "row":
        upload.delete()
    else:
        path_of(upload).unlink()

    run(placed)

    call = alice.get(f"{CALLS}{placed['id']}/").json()
    assert call["state"] == "refused"
    assert "deleted" in call["error"] or "gone" in call["error"]


def test_anothers_file_is_not_there(
    alice: Any, other_user: User, them: Connection, there: HostileServer
):
    wish = {"connection": them.pk, "method": "PUT"}
    theirs = {"file_id": uploaded(other_user).pk}

    answers = [
        alice.post(CALLS, {**wish, "file": theirs}),
        alice.post(CALLS, {**wish, "files": [theirs]}),
        alice.post(CALLS, {**wish, "file": {"file_id": "none such"}}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert (there.heard, CallRecord.objects.count()) == ([], 0)


def test_a_file_that_has_not_arrived_is_not_sent(alice: Any, user: User, them: Connection):
    upload = Upload.objects.create(
        owner=user, filename="a", size=1, chunk_size=1, total_chunks=1, state="receiving"
    )

    answer = alice.post(CALLS, {"connection": them.pk, "file": {"file_id": upload.pk}})

    assert (answer.status_code, answer.json()["state"]) == (409, "receiving")


def test_a_key_that_may_not_read_uploads_sends_none(
    user: User, them: Connection, key_for: Any, there: HostileServer
):
    wish = {"connection": them.pk, "method": "PUT", "file": {"file_id": uploaded(user).pk}}
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key_for(user, 'outbound')}")

    answer = client.post(CALLS, wish)

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:sluice:problem:forbidden")
    assert there.heard == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"json": 1, "files": [{"file_id": "a"}]}, "non_field_errors"),
        ({"file": {"file_id": "a"}, "files": [{"file_id": "a"}]}, "non_field_errors"),
        ({"files": []}, "files"),
        ({"files": [{"file_id": "a"}] * 21}, "files"),
        ({"file": {}}, "file"),
        ({"file": {"file_id": "a", "content_type": "text/csv\r\nX: 1"}}, "file"),
        ({"file": {"file_id": "a", "content_type": "csv"}}, "file"),
    ],
)
def test_what_cannot_be_sent_is_refused(asked: dict[str, Any], field: str, alice: Any):
    answer = alice.post(CALLS, {"url": "https://a.example", "method": "POST", **asked})

    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


# --- on the command line --------------------------------------------------------------------------
def test_the_command_sends_files_too(user: User, them: Connection, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer()
    upload = uploaded(user)
    by = ("", "--user", "alice", "--connection", "them", "--method", "POST")

    call_api(*by, "--file", upload.pk)
    call_api(*by, "--form", "kind=cars", "--part", f"report={upload.pk}")

    alone, form = there.heard
    assert alone.body == CONTENT
    assert [part[0] for part in parts_of(form)] == ["kind", "report"]
