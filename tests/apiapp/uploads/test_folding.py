"""Digests of files that are computed while these arrive: the real process, real files."""

import base64
import fcntl
import hashlib
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from apiapp.uploads import merging
from apiapp.uploads.folding import Folded, Folding, folded
from apiapp.uploads.models import Upload
from apiapp.uploads.storage import FileStore
from tests.serving import Server

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="files are read at the end there")

FILE_ID = "0123456789abcdef0123456789abcdef"
CONTENT = random.Random(4).randbytes(5_000_000)
DIGESTS = Folded(
    len(CONTENT),
    hashlib.md5(CONTENT, usedforsecurity=False).hexdigest(),
    hashlib.sha256(CONTENT).hexdigest(),
)

Note = Callable[..., None]


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path)


@pytest.fixture
def follower() -> Iterator[Folding]:
    follower = Folding(least_bytes=1)
    yield follower
    follower.close()


@pytest.fixture
def note(follower: Folding, store: FileStore) -> Note:
    """note(kept_bytes, size=...): so much of the content is there."""
    path, into = store.places(FILE_ID)

    def append(kept_bytes: int, *, size: int | None = len(CONTENT)) -> None:
        path.write_bytes(CONTENT[:kept_bytes])
        follower.note(FILE_ID, path=path, into=into, size=size, kept_bytes=kept_bytes)

    return append


def found(store: FileStore, *, size_bytes: int = len(CONTENT)) -> tuple[Folded | None, list[int]]:
    """What the merge gets, and how far it was told the reading is."""
    told: list[int] = []
    into = store.places(FILE_ID)[1]
    return folded(into, size_bytes=size_bytes, on_progress=told.append), told


def wait_for(store: FileStore, beginning: bytes) -> None:
    """Until that is said of the file."""
    into, until = store.places(FILE_ID)[1], time.monotonic() + 60
    while not into.exists() or not into.read_bytes().startswith(beginning):
        assert time.monotonic() < until
        time.sleep(0.01)


def wait_until_followed(store: FileStore) -> None:
    wait_for(store, b'{"at"')


def test_a_file_that_comes_in_pieces_has_its_digests_when_it_is_there(note: Note, store: FileStore):
    note(1)
    wait_until_followed(store)
    for kept_bytes in (100_000, 3_000_000, 3_000_001, len(CONTENT)):
        note(kept_bytes)

    digests, _ = found(store)

    assert digests == DIGESTS
    assert not store.places(FILE_ID)[1].exists()


def test_a_length_may_be_told_once_all_was_read(note: Note, store: FileStore):
    note(len(CONTENT), size=None)
    wait_until_followed(store)
    note(len(CONTENT))

    assert found(store)[0] == DIGESTS


def test_what_is_beyond_what_is_kept_is_not_read(note: Note, follower: Folding, store: FileStore):
    path, into = store.places(FILE_ID)
    note(1_000_000)
    wait_until_followed(store)
    path.write_bytes(CONTENT[:1_000_000] + b"wrong" * 1000)
    follower.note(FILE_ID, path=path, into=into, size=len(CONTENT), kept_bytes=1_000_000)
    note(len(CONTENT))

    assert found(store)[0] == DIGESTS


def test_news_that_come_late_change_nothing(note: Note, follower: Folding, store: FileStore):
    path, into = store.places(FILE_ID)
    note(1_000_000)
    wait_until_followed(store)
    note(len(CONTENT))
    follower.note(FILE_ID, path=path, into=into, size=None, kept_bytes=500_000)

    assert follower.told_bytes(FILE_ID) == len(CONTENT)
    assert found(store)[0] == DIGESTS


def test_nobody_waits_for_a_process_that_was_killed(
    note: Note, follower: Folding, store: FileStore
):
    note(1_000_000)
    wait_until_followed(store)
    follower.close()

    assert found(store)[0] is None


def test_another_process_begins_anew_after_one_that_was_killed(
    note: Note, follower: Folding, store: FileStore
):
    note(1_000_000)
    wait_until_followed(store)
    follower.close()
    note(2_000_000)
    note(len(CONTENT))
    wait_for(store, b'{"size"')

    assert found(store)[0] == DIGESTS


def test_nobody_waits_for_a_reader_that_is_stuck(store: FileStore):
    with store.places(FILE_ID)[1].open("wb", buffering=0) as into:
        fcntl.flock(into, fcntl.LOCK_EX)
        into.write(b'{"at": 700}')

        digests, told = found(store)

    assert (digests, told) == (None, [700])


def test_what_lies_elsewhere_now_is_read_no_more(note: Note, follower: Folding, store: FileStore):
    note(1_000_000)
    wait_until_followed(store)
    follower.forget(FILE_ID)
    follower.forget(FILE_ID)

    assert found(store)[0] is None


@pytest.mark.parametrize("left", [b"", b"{", b'{"at": 5}', b'{"size": 4, "md5": "", "sha256": ""}'])
def test_digests_that_are_not_of_this_file_count_for_nothing(left: bytes, store: FileStore):
    store.places(FILE_ID)[1].write_bytes(left)

    assert found(store)[0] is None
    assert not store.places(FILE_ID)[1].exists()


def test_small_files_are_left_to_the_merge(store: FileStore):
    path, into = store.places(FILE_ID)
    path.write_bytes(b"1")
    quiet = Folding()

    quiet.note(FILE_ID, path=path, into=into, size=1, kept_bytes=1)
    quiet.close()

    assert found(store, size_bytes=1) == (None, [])


def test_the_merge_takes_them(note: Note, store: FileStore):
    note(10)
    wait_until_followed(store)
    note(len(CONTENT))
    upload = Upload(file_id=FILE_ID, size=len(CONTENT), protocol=Upload.Protocol.TUS)

    assert merging.digest(upload, store=store, on_progress=lambda *_a, **_k: None) == DIGESTS


def test_an_upload_that_is_deleted_leaves_nothing(note: Note, store: FileStore):
    note(10)
    wait_until_followed(store)

    store.delete(FILE_ID)

    assert not any(path.exists() for path in store.places(FILE_ID))


def test_a_large_file_is_verified_against_them(server: Server):
    """The bytes are all one, the client's SHA-256 is not: it fails, and nothing is left over."""
    content, part_bytes = bytes(40 * 2**20), 16 * 2**20
    for announced, state in (
        (hashlib.sha256(content).hexdigest(), "finished"),
        ("0" * 64, "failed"),
    ):
        url = upload_by_tus(server, content, part_bytes=part_bytes, sha256=announced)
        file_id = url.rstrip("/").rpartition("/")[2]
        until = time.monotonic() + 60
        while (got := server_says(server, file_id))["state"] == "verifying":
            assert time.monotonic() < until
            time.sleep(0.05)

        assert got["state"] == state
        assert not (server.home / "uploads" / "digests" / file_id).exists()


def server_says(server: Server, file_id: str) -> dict[str, Any]:
    answer = requests.get(
        f"{server.url}/api/uploads/{file_id}/", headers=server.headers, timeout=60
    )
    return dict(answer.json())


def upload_by_tus(server: Server, content: bytes, *, part_bytes: int, sha256: str) -> str:
    headers = {**server.headers, "Tus-Resumable": "1.0.0"}
    metadata = f"sha256 {base64.b64encode(sha256.encode()).decode()}"
    begun = requests.post(
        f"{server.url}/api/tus/",
        headers={**headers, "Upload-Length": str(len(content)), "Upload-Metadata": metadata},
        timeout=60,
    )
    url = begun.headers["Location"]
    headers["Content-Type"] = "application/offset+octet-stream"
    for at in range(0, len(content), part_bytes):
        sent = requests.patch(
            url,
            headers={**headers, "Upload-Offset": str(at)},
            data=content[at : at + part_bytes],
            timeout=60,
        )
        assert sent.status_code == 204
    return url
