import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apiapp.uploads import client
from apiapp.uploads.client import Note, Server, Source
from apiapp.uploads.client_errors import (
    KeyRefused,
    NotASluiceServer,
    RequestRefused,
    SendingStopped,
    ServerUnreachable,
    SourceChanged,
    VerificationEnded,
)
from tests.apiapp.uploads.fake_server import DROP, FakeUploads, content_md5, running

CONTENT = b"0123456789abcdef--"  # five chunks of four bytes


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(client, "POLL_S", 0.0)


@pytest.fixture
def uploads() -> Iterator[FakeUploads]:
    with running(FakeUploads()) as uploads:
        yield uploads


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cars.csv"
    path.write_bytes(CONTENT)
    return path


def server_of(uploads: FakeUploads, stop: threading.Event | None = None) -> Server:
    return Server(f"{uploads.url}/", "prefix.secret", stop=stop or threading.Event())


def note_of(file: Path, uploads: FakeUploads, **announced: Any) -> Note:
    folder = file.parent / "notes"
    return Note(folder, url=uploads.url, source=Source.of(file), announced=announced)


def send(file: Path, uploads: FakeUploads, **facts: Any) -> str:
    announced = facts.pop("announced", {})
    terms = {"server": server_of(uploads), "parallel": 2, "on_progress": lambda arrived: None}
    return client.send(
        source=facts.pop("source", None) or Source.of(file),
        note=note_of(file, uploads, **announced),
        announced=announced,
        **{**terms, **facts},
    )


@pytest.mark.parametrize("parallel", [1, 4, 9])
def test_a_file_is_sent_in_chunks_with_their_checksums(file, uploads, parallel):
    file_id = send(file, uploads, parallel=parallel)

    assert uploads.content == CONTENT
    assert file_id == uploads.facts["file_id"]
    assert uploads.facts["filename"] == "cars.csv"
    sent = {headers.get("Content-MD5") for headers in uploads.headers}
    assert sent == {content_md5(chunk) for chunk in uploads.chunks.values()} | {None}
    assert {headers["Authorization"] for headers in uploads.headers} == {"Bearer prefix.secret"}


def test_an_empty_file_is_sent(file, uploads):
    file.write_bytes(b"")

    send(file, uploads)

    assert uploads.facts["size"] == 0
    assert uploads.asked["PUT"] == 0


def test_progress_is_told_from_what_had_arrived_to_the_whole(file, uploads):
    told: list[int] = []

    send(file, uploads, parallel=1, on_progress=told.append)

    assert told == [0, 4, 8, 12, 16, 18]


def test_sending_goes_on_where_it_was_broken_off(file, uploads):
    arrived: list[int] = []

    def stop_after_two(arrived_bytes: int) -> None:
        if arrived_bytes >= 8:
            raise RuntimeError("Ctrl-C")

    with pytest.raises(RuntimeError):
        send(file, uploads, parallel=1, on_progress=stop_after_two)
    uploads.asked.clear()
    file_id = send(file, uploads, on_progress=arrived.append)

    assert uploads.content == CONTENT
    assert uploads.asked["PUT"] == 3
    assert arrived[0] == 8
    assert file_id == uploads.facts["file_id"]


def test_what_is_verified_already_is_not_sent_again(file, uploads):
    uploads.verification["state"] = "failed"
    with pytest.raises(VerificationEnded):
        send(file, uploads)
    uploads.facts["state"] = "finished"
    uploads.asked.clear()

    assert send(file, uploads) == uploads.facts["file_id"]
    assert uploads.asked == {"GET": 1}


def test_an_upload_that_the_server_has_forgotten_is_begun_anew(file, uploads):
    note_of(file, uploads).write("f" * 32)

    send(file, uploads)

    assert uploads.content == CONTENT


@pytest.mark.parametrize("change", ["content", "announced"])
def test_another_file_or_another_checksum_is_another_upload(file, uploads, change):
    note_of(file, uploads).write("f" * 32)

    if change == "content":
        file.write_bytes(b"other")
        assert note_of(file, uploads).read() is None
    else:
        assert note_of(file, uploads, md5="0" * 32).read() is None


def test_a_file_that_arrived_leaves_no_note(file, uploads):
    send(file, uploads)

    assert list((file.parent / "notes").iterdir()) == []


@pytest.mark.parametrize("failure", [DROP, 500, 502, 503, 504, 408, 429])
def test_what_may_pass_is_tried_again(file, uploads, failure):
    server = server_of(uploads)
    server.begin({"filename": "x", "size": 4})
    uploads.failures = [failure] * (client.ATTEMPTS - 1)

    server.put_chunk(uploads.facts["file_id"], 0, b"0123")

    assert uploads.content == b"0123"


@pytest.mark.parametrize(("failure", "error"), [(DROP, ServerUnreachable), (503, RequestRefused)])
def test_what_does_not_pass_is_given_up(file, uploads, failure, error):
    server = server_of(uploads)
    server.begin({"filename": "x", "size": 4})
    uploads.failures = [failure] * 99

    with pytest.raises(error):
        server.upload(uploads.facts["file_id"])

    assert len(uploads.failures) == 99 - client.ATTEMPTS


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422, 507])
def test_what_will_not_pass_is_not_tried_again(file, uploads, status):
    uploads.failures = [status]

    with pytest.raises(RequestRefused, match=f"no: {status}") as caught:
        send(file, uploads)

    assert caught.value.status == status
    assert uploads.asked.total() == 1


def test_the_first_chunk_that_fails_ends_the_sending_and_is_told(file, uploads):
    server = server_of(uploads)
    upload = server.begin({"filename": "x", "size": len(CONTENT)})
    uploads.failures = [507]

    with pytest.raises(RequestRefused, match="no: 507"):
        client.send_chunks(
            Source.of(file), server, upload, parallel=1, on_progress=lambda arrived: None
        )

    assert uploads.asked["PUT"] == 1


def test_a_key_that_is_not_accepted_is_told(file, uploads):
    uploads.failures = [401]

    with pytest.raises(KeyRefused):
        send(file, uploads)


@pytest.mark.parametrize("key", ["ключ", "a\nb"])
def test_a_key_that_no_header_can_carry_is_told(uploads, key):
    with pytest.raises(KeyRefused):
        Server(uploads.url, key, stop=threading.Event())


def test_a_netrc_file_does_not_change_the_key(file, uploads, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    send(file, uploads)

    assert {headers["Authorization"] for headers in uploads.headers} == {"Bearer prefix.secret"}


def test_what_is_no_sluice_server_is_told(file, uploads, monkeypatch):
    monkeypatch.setattr(uploads, "answer", lambda *request: (200, ["something", "else"]))

    with pytest.raises(NotASluiceServer):
        send(file, uploads)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense", "http://", "ftp://x"])
def test_where_nothing_answers_is_told_at_once(file, url):
    uploads = FakeUploads()
    uploads.url = url

    with pytest.raises(ServerUnreachable, match="nothing answers at"):
        send(file, uploads)


def test_a_file_that_changes_while_it_is_sent_is_told(file, uploads):
    source = Source.of(file)

    def change(arrived: int) -> None:
        file.write_bytes(CONTENT.upper())

    with pytest.raises(SourceChanged):
        send(file, uploads, source=source, on_progress=change)
    file.write_bytes(b"short")
    with pytest.raises(SourceChanged):
        source.chunk(2, 4)
    file.unlink()
    with pytest.raises(SourceChanged):
        source.chunk(0, 4)


@pytest.mark.parametrize(
    ("state", "error", "told"),
    [
        ("failed", "the file that arrived has the MD5 a, not b", "has the MD5 a"),
        ("cancelled", "", "it was cancelled"),
    ],
)
def test_a_verification_that_does_not_succeed_is_told(file, uploads, state, error, told):
    uploads.verification = {"id": 1, "state": state, "error": error}

    with pytest.raises(VerificationEnded, match=told):
        send(file, uploads)


def test_nothing_more_is_sent_once_stopped(file, uploads):
    stop = threading.Event()
    server = server_of(uploads, stop)
    stop.set()

    with pytest.raises(SendingStopped):
        send(file, uploads, server=server)

    assert uploads.asked.total() == 0
