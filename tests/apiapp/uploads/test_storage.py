import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apiapp.uploads import sharing
from apiapp.uploads.disk import BLOCK_BYTES
from apiapp.uploads.errors import DiskFull, StoredFileMissing, WriterStopped
from apiapp.uploads.storage import FileStore, new_part_name

FILE_ID = "0123456789abcdef" * 2


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path)


def put(store: FileStore, content: bytes, *, offset_bytes: int = 0) -> None:
    writer = store.writer(FILE_ID, offset_bytes=offset_bytes)
    writer.write([content])
    writer.sync()
    writer.close()


def put_part(store: FileStore, content: bytes) -> str:
    name = new_part_name(FILE_ID)
    writer = store.part_writer(name)
    writer.write([content])
    writer.close()
    return name


def sealed_content(store: FileStore) -> bytes:
    return b"".join(store.read(FILE_ID))


@contextmanager
def files_no_larger_than(limit_bytes: int) -> Iterator[None]:
    """The kernel refuses to write further, as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_writers_at_their_offsets_make_one_file_in_any_order(store: FileStore):
    store.create(FILE_ID)

    put(store, b"world", offset_bytes=6)
    put(store, b"hello ")
    store.seal(FILE_ID)

    assert sealed_content(store) == b"hello world"


def test_many_pieces_and_blocks_keep_their_order(store: FileStore):
    content = os.urandom(3 * BLOCK_BYTES + 17)
    pieces = [memoryview(content)[at : at + 70_001] for at in range(0, len(content), 70_001)]
    store.create(FILE_ID)

    writer = store.writer(FILE_ID)
    writer.write(pieces)
    writer.close()
    store.seal(FILE_ID)

    assert sealed_content(store) == content
    assert store.size_bytes(FILE_ID) == len(content)
    assert b"".join(store.read(FILE_ID, offset_bytes=5, length_bytes=9)) == content[5:14]


def test_a_writer_left_over_cannot_change_a_sealed_file(store: FileStore):
    store.create(FILE_ID)
    put(store, b"acknowledged")
    left_over = store.writer(FILE_ID)

    store.seal(FILE_ID)

    with pytest.raises(WriterStopped):
        left_over.write([b"XXXX"])
    left_over.close()
    assert sealed_content(store) == b"acknowledged"
    with pytest.raises(WriterStopped):
        store.writer(FILE_ID)


def test_sealing_waits_for_the_write_that_has_begun(store: FileStore, monkeypatch):
    store.create(FILE_ID)
    has_begun, may_go_on = threading.Event(), threading.Event()
    write_all = sharing.write_all

    def slow_write(file, piece) -> None:
        has_begun.set()
        assert may_go_on.wait(5)
        write_all(file, piece)

    monkeypatch.setattr(sharing, "write_all", slow_write)
    writing = threading.Thread(target=put, args=(store, b"all of it"))
    writing.start()
    assert has_begun.wait(5)
    sealing = threading.Thread(target=store.seal, args=(FILE_ID,))
    sealing.start()
    sealing.join(0.05)
    sealed_too_early = not sealing.is_alive()
    may_go_on.set()
    sealing.join(5)
    writing.join(5)

    assert not sealed_too_early
    assert sealed_content(store) == b"all of it"


def test_sealing_again_changes_nothing_and_a_missing_file_is_told(store: FileStore):
    store.create(FILE_ID)
    put(store, b"once")

    store.seal(FILE_ID)
    store.seal(FILE_ID)

    assert sealed_content(store) == b"once"
    with pytest.raises(StoredFileMissing):
        store.seal("f" * 32)


@pytest.mark.parametrize("copies_in_kernel", [True, False])
def test_a_part_is_put_in_place(store: FileStore, monkeypatch, copies_in_kernel: bool):
    if not copies_in_kernel:
        monkeypatch.delattr(os, "copy_file_range")
    content = os.urandom(BLOCK_BYTES + 5)
    store.create(FILE_ID)
    put(store, b"?" * (len(content) + 8))
    part = put_part(store, content)
    store.seal(FILE_ID)

    for _ in range(2):  # a merge that was killed does it again
        store.apply_part(FILE_ID, part, offset_bytes=4)

    assert sealed_content(store) == b"????" + content + b"????"


def test_a_part_that_is_gone_is_told(store: FileStore):
    store.create(FILE_ID)
    store.seal(FILE_ID)

    with pytest.raises(StoredFileMissing):
        store.apply_part(FILE_ID, new_part_name(FILE_ID), offset_bytes=0)


def test_a_finished_file_has_its_content_and_finishing_again_is_harmless(store: FileStore):
    store.create(FILE_ID)
    put(store, b"content")
    store.seal(FILE_ID)

    store.finish(FILE_ID)
    store.finish(FILE_ID)

    assert store.is_finished(FILE_ID)
    assert store.finished_path(FILE_ID).read_bytes() == b"content"
    with pytest.raises(StoredFileMissing):
        store.finish("e" * 32)


def test_deleting_leaves_nothing_and_stops_the_writers(store: FileStore, tmp_path: Path):
    store.create(FILE_ID)
    put_part(store, b"part")
    writer = store.writer(FILE_ID)

    store.delete(FILE_ID)

    with pytest.raises(WriterStopped):
        writer.write([b"late"])
    writer.close()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_does_not_fit_beside_the_reserve_is_refused(tmp_path: Path):
    store = FileStore(tmp_path, reserve_bytes=100, free_bytes=lambda folder: 150)

    store.require_free(50)

    with pytest.raises(DiskFull):
        store.require_free(51)


def test_a_disk_that_is_full_while_writing_is_told(store: FileStore):
    store.create(FILE_ID)
    writer = store.writer(FILE_ID, offset_bytes=4000)

    with files_no_larger_than(4096), pytest.raises(DiskFull):
        writer.write([b"x" * 200])

    writer.close()


@pytest.mark.parametrize("name", ["", "..", "../secret", "a/b", "0" * 31, FILE_ID + "\n", "G" * 32])
def test_names_that_were_not_generated_are_refused(store: FileStore, name: str):
    with pytest.raises(ValueError, match="not a name of ours"):
        store.create(name)
    with pytest.raises(ValueError, match="not a name of ours"):
        store.delete(name)
    with pytest.raises(ValueError, match="not a name of ours"):
        store.part_writer(name)


def test_old_files_and_parts_are_found(store: FileStore, tmp_path: Path):
    now = datetime.now(UTC)
    store.create(FILE_ID)
    store.create("f" * 32)
    part = put_part(store, b"part")
    two_days_ago = (now - timedelta(days=2)).timestamp()
    for path in (tmp_path / "incoming" / FILE_ID, tmp_path / "parts" / part):
        os.utime(path, (two_days_ago, two_days_ago))

    before = now - timedelta(days=1)

    assert list(store.old_files(before=before)) == [FILE_ID]
    assert list(store.old_parts(before=before)) == [part]
