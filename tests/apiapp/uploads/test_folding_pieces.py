"""Digests of files that come in chunks or slices: folded meanwhile, so that the merge reads nothing."""

import hashlib
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apiapp.keys.callers import Caller
from apiapp.uploads import arriving, beginning, chunks, concatenating, identified, merging, services
from apiapp.uploads.arriving import Terms
from apiapp.uploads.beginning import AnnouncedAppend
from apiapp.uploads.engine import Engine
from apiapp.uploads.folding import Folding
from apiapp.uploads.models import Chunk, Upload
from apiapp.uploads.resumablejs import parse_chunk
from apiapp.uploads.storage import FileStore
from tests.apiapp.uploads.made import GENEROUS, NOW, begin
from tests.apiapp.uploads.resumablejs.told import chunks_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="files are read at the end there")

CONTENT = random.Random(5).randbytes(95)
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


class Unread(FileStore):
    """Its merges may not read what came."""

    def read(self, *args: object, **kwargs: object) -> Iterator[bytes]:
        raise AssertionError("the merge reads the file")


@pytest.fixture
def folding() -> Iterator[Folding]:
    folding = Folding(least_bytes=1)
    yield folding
    folding.close()


@pytest.fixture
def unread(tmp_path: Path, folding: Folding) -> Terms:
    return Terms(Unread(tmp_path), GENEROUS, lambda: NOW, folding)


@pytest.fixture
def readable(tmp_path: Path, folding: Folding) -> Terms:
    return Terms(FileStore(tmp_path), GENEROUS, lambda: NOW, folding)


@pytest.fixture
def upload(caller: Caller, unread: Terms) -> Upload:
    return begin(caller, unread.store, GENEROUS, size=len(CONTENT))


def send(caller: Caller, upload: Upload, index: int, terms: Terms, content: bytes = b"") -> None:
    chunk = arriving.open_chunk(
        caller=caller, file_id=upload.file_id, index=str(index), declared_bytes=None, terms=terms
    )
    chunk.keep([content or CONTENT[index * 10 :][:10]], md5="")


def digested(file_id: str, terms: Terms) -> None:
    """Wait until the process that reads has come to the end."""
    into, until = terms.store.places(file_id)[1], time.monotonic() + 60
    while not into.exists() or not into.read_bytes().startswith(b'{"size"'):
        assert time.monotonic() < until
        time.sleep(0.01)


def merged(upload: Upload, terms: Terms) -> str:
    """The MD5 of the upload once its merge has run."""
    merging.merge(
        file_id=upload.file_id, store=terms.store, clock=terms.clock, on_progress=lambda *a, **k: 0
    )
    upload.refresh_from_db()
    assert upload.state == Upload.State.FINISHED
    return upload.md5


# --- chunks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [range(10), range(9, -1, -1), [3, 0, 1, 9, 2, 8, 4, 7, 5, 6]])
def test_chunks_in_any_order_are_digested_as_they_come(caller, upload, unread, order):
    for index in order:
        send(caller, upload, index, unread)
    digested(upload.file_id, unread)
    services.complete(caller=caller, file_id=upload.file_id, now=NOW)

    assert merged(upload, unread) == MD5


def test_a_chunk_that_comes_twice_is_no_reason_to_read_again(caller, upload, unread):
    for index in [*range(10), 4]:
        send(caller, upload, index, unread)
    digested(upload.file_id, unread)
    services.complete(caller=caller, file_id=upload.file_id, now=NOW)

    assert merged(upload, unread) == MD5


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_chunk_that_is_replaced_after_it_was_digested_counts_as_it_is(
    caller, upload, readable, monkeypatch, is_killed
):
    for index in range(10):
        send(caller, upload, index, readable)
    digested(upload.file_id, readable)
    send(caller, upload, 4, readable, b"JIHGFEDCBA")
    services.complete(caller=caller, file_id=upload.file_id, now=NOW)
    if is_killed:
        die_behind(monkeypatch, upload, readable)

    assert merged(upload, readable) == hashlib.md5(
        CONTENT[:40] + b"JIHGFEDCBA" + CONTENT[50:], usedforsecurity=False
    ).hexdigest()  # fmt: skip


def die_behind(monkeypatch: pytest.MonkeyPatch, upload: Upload, terms: Terms) -> None:
    """A run of the merge that is killed when the chunks are in place."""

    def die(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(merging, "digest", die)
        merged(upload, terms)
    assert not Chunk.objects.exclude(part_name="").exists()


def test_after_a_restart_what_was_there_is_digested_with_what_comes(caller, upload, unread):
    for index in range(9):
        send(caller, upload, index, unread)
    unread.folding.close()  # as it ends with its server
    send(caller, upload, 9, unread)
    digested(upload.file_id, unread)
    services.complete(caller=caller, file_id=upload.file_id, now=NOW)

    assert merged(upload, unread) == MD5


def test_the_end_of_what_lies_in_place_is_found_however_many_chunks_there_are(
    caller, unread, monkeypatch
):
    many = begin(caller, unread.store, GENEROUS, size=10 * 250)
    Chunk.objects.bulk_create(
        Chunk(upload=many, index=index, received_at=NOW) for index in range(250) if index != 230
    )

    assert chunks.end_of_placed(many, first=0) == 230
    assert chunks.end_of_placed(many, first=231) == 250


def test_the_longer_last_chunk_of_resumablejs_is_digested_too(caller, unread):
    for fields, piece in chunks_of(CONTENT, chunk_size=10):
        chunk = identified.open_chunk(
            caller=caller, told=parse_chunk(fields), declared_bytes=None, terms=unread
        )
        identified.keep_chunk(chunk, [piece])

    digested(Upload.objects.get().file_id, unread)
    assert merged(Upload.objects.get(), unread) == MD5


# --- slices -------------------------------------------------------------------------------------

Parts = Callable[..., list[Upload]]


@pytest.fixture
def parts(caller: Caller, unread: Terms) -> Parts:
    """parts(sizes): partial uploads that were begun at the same time."""

    def make(*sizes: int) -> list[Upload]:
        return [made(caller, unread, size=size, concat="partial") for size in sizes]

    return make


def made(caller: Caller, terms: Terms, **facts: object) -> Upload:
    announced = {"filename": "", "size": None, "protocol": Upload.Protocol.TUS, **facts}
    return beginning.create(caller=caller, announced=AnnouncedAppend(**announced), terms=terms)  # type: ignore[arg-type]


def append(part: Upload, content: bytes, terms: Terms) -> None:
    """What a request that brings so much does."""
    with terms.store.open_slices(part.slice_of) as file:
        file.seek(part.slice_offset + part.received)
        file.write(content)
    part.received += len(content)
    part.save(update_fields=["received"])
    Engine(terms).tell_kept(part)
    if part.has_all_bytes:
        concatenating.start_what_waits_for(part, now=NOW)


def final_of(caller: Caller, terms: Terms, parts: list[Upload]) -> Upload:
    ids = tuple(part.file_id for part in parts)
    return made(caller, terms, concat="final;", part_ids=ids)


def test_slices_that_come_at_the_same_time_are_digested_as_they_come(caller, unread, parts):
    first, second, third = parts(30, 30, 35)
    append(second, CONTENT[30:50], unread)
    append(first, CONTENT[:30], unread)
    append(third, CONTENT[60:], unread)
    append(second, CONTENT[50:60], unread)

    final = final_of(caller, unread, [first, second, third])

    digested(first.slice_of, unread)
    assert merged(final, unread) == MD5


def test_slices_that_come_after_their_final_upload_was_told_are_too(caller, unread, parts):
    first, second = parts(45, 50)
    append(second, CONTENT[45:90], unread)
    final = final_of(caller, unread, [first, second])
    append(first, CONTENT[:45], unread)
    append(second, CONTENT[90:], unread)

    digested(first.slice_of, unread)
    assert merged(final, unread) == MD5


def test_slices_in_another_order_have_the_digests_of_that_order(caller, unread, readable, parts):
    first, second = parts(45, 45)
    append(first, CONTENT[:45], unread)
    append(second, CONTENT[45:90], unread)

    assert merged(final_of(caller, unread, [second, first]), readable) == hashlib.md5(
        CONTENT[45:90] + CONTENT[:45], usedforsecurity=False
    ).hexdigest()  # fmt: skip


def test_behind_a_slice_that_was_deleted_nothing_is_known_to_be_kept(caller, unread, parts):
    first, second, third = parts(30, 30, 30)
    for part in (first, second, third):
        append(part, CONTENT[:30], unread)
    assert concatenating.slices_kept_bytes(first.slice_of) == 90

    services.delete(caller=caller, file_id=second.file_id, store=unread.store, now=NOW)

    assert concatenating.slices_kept_bytes(first.slice_of) == 30
