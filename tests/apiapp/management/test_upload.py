"""`manage.py upload` as the person at the terminal meets it."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apiapp.uploads import client
from tests.apiapp.uploads.fake_server import FakeUploads, running

CONTENT = b"name,price\nvolvo,12\n"


@pytest.fixture(autouse=True)
def own_notes(settings, tmp_path: Path, monkeypatch) -> None:
    settings.CLIENT_CACHE = tmp_path / "cache"
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


def upload(file: Path, url: str, *more: str) -> str:
    said = StringIO()
    call_command("upload", str(file), "--to", url, "--key", "a.b", *more, stdout=said)
    return said.getvalue()


def test_the_file_id_alone_is_printed(file, uploads):
    assert upload(file, uploads.url) == uploads.facts["file_id"] + "\n"
    assert uploads.content == CONTENT


def test_what_is_said_of_the_file_is_passed_on(file, uploads):
    upload(file, uploads.url, "--md5", "0" * 32, "--chunk-size", "7", "--parallel", "0")

    assert (uploads.facts["md5"], uploads.facts["chunk_size"]) == ("0" * 32, 7)


def test_a_wrong_key_is_told_in_a_sentence(file, uploads):
    uploads.failures = [401]

    with pytest.raises(CommandError, match="does not accept this key"):
        upload(file, uploads.url)


def test_a_refusal_is_told_in_the_servers_words(file, uploads):
    uploads.failures = [507]

    with pytest.raises(CommandError, match=r"cars.csv was not sent: no: 507\."):
        upload(file, uploads.url)


def test_where_no_server_is_is_told_in_a_sentence(file):
    with pytest.raises(CommandError, match=r"nothing answers at http://127.0.0.1:9 "):
        upload(file, "http://127.0.0.1:9")


def test_a_file_that_cannot_be_read_is_told_in_a_sentence(tmp_path, uploads):
    with pytest.raises(CommandError, match="Cannot read .*missing.csv: No such file"):
        upload(tmp_path / "missing.csv", uploads.url)
    with pytest.raises(CommandError, match="Cannot read .*: Is a directory"):
        upload(tmp_path, uploads.url)


def test_ctrl_c_says_how_to_go_on(file, uploads, monkeypatch):
    def interrupt(**terms: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "send", interrupt)

    with pytest.raises(CommandError, match="the same command goes on from there") as caught:
        upload(file, uploads.url)

    assert caught.value.returncode == 130
