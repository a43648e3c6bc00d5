import errno
import os
from typing import Any

import pytest

from apiapp.jobs.errors import JobCancelled
from apiapp.jobs.models import Job
from apiapp.keys.callers import Caller
from apiapp.uploads import disk, merging, services
from apiapp.uploads.errors import (
    DiskFull,
    StoredFileMissing,
    UnknownUpload,
    UploadNotFinished,
    VerificationFailed,
    WriterStopped,
)
from apiapp.uploads.models import Chunk, Upload
from apiapp.uploads.storage import FileStore
from tests.apiapp.uploads.made import NOW, begin, claim, count, md5_of, send, send_all, write

pytestmark = pytest.mark.django_db(databases="__all__")

CONTENT = b"0123456789abcdefghijABCDE"
WRONG_MD5 = "0" * 32


def silent(done: int, total: int | None = None, unit: str = "", message: str = "") -> None:
    pass


def merge(upload: Upload, store: FileStore, on_progress: Any = silent) -> dict[str, Any]:
    return merging.merge(
        file_id=upload.file_id, store=store, clock=lambda: NOW, on_progress=on_progress
    )


def complete(caller: Caller, upload: Upload, **digests: str) -> Upload:
    return services.complete(caller=caller, file_id=upload.file_id, now=NOW, **digests)


@pytest.fixture
def upload(caller, store, limits) -> Upload:
    """All chunks are there."""
    upload = begin(caller, store, limits, size=len(CONTENT))
    send_all(caller, store, upload, CONTENT, order=[2, 0, 1])
    return upload


def content_of(upload: Upload, store: FileStore) -> bytes:
    return services.path_of(upload, store).read_bytes()


def files_in(store: FileStore) -> list[str]:
    return [str(path.relative_to(store._folder)) for path in store._folder.rglob("*.*")] + [
        str(path.relative_to(store._folder)) for path in store._folder.glob("*/" + "?" * 32)
    ]


def test_chunks_in_any_order_become_the_file(caller, store, upload):
    complete(caller, upload, md5=md5_of(CONTENT))

    result = merge(upload, store)

    upload.refresh_from_db()
    assert content_of(upload, store) == CONTENT
    assert upload.state == Upload.State.FINISHED
    assert upload.md5 == result["md5"] == md5_of(CONTENT)
    assert result["size"] == upload.received == len(CONTENT)
    assert (upload.finished_at, upload.expires_at) == (NOW, None)
    assert not Chunk.objects.exists()
    assert files_in(store) == [f"finished/{upload.file_id}"]


def test_an_empty_file_is_merged(caller, store, limits):
    upload = begin(caller, store, limits, size=0)
    complete(caller, upload)

    merge(upload, store)

    assert content_of(upload, store) == b""


def test_a_chunk_that_was_sent_again_is_put_in_its_place(caller, store, upload):
    send(caller, store, upload, 1, b"JIHGFEDCBA")
    complete(caller, upload)

    merge(upload, store)

    assert content_of(upload, store) == b"0123456789JIHGFEDCBAABCDE"
    assert files_in(store) == [f"finished/{upload.file_id}"]


def test_progress_is_told_in_bytes(caller, store, upload):
    told = []
    complete(caller, upload)

    merge(upload, store, on_progress=lambda *args, **kwargs: told.append((args, kwargs)))

    assert told[-1] == ((25, 25), {"message": "verifying"})


def test_a_request_still_writing_cannot_change_what_was_verified(caller, store, limits):
    upload = begin(caller, store, limits, size=len(CONTENT))
    hanging = claim(caller, store, upload, 0)
    writer = store.writer(upload.file_id, offset_bytes=hanging.offset_bytes)
    send_all(caller, store, upload, CONTENT)
    complete(caller, upload)

    merge(upload, store)

    with pytest.raises(WriterStopped):
        writer.write([b"XXXXXXXXXX"])
    writer.close()
    assert content_of(upload, store) == CONTENT


@pytest.mark.parametrize(
    ("digests", "reason"),
    [({"md5": WRONG_MD5}, "the MD5"), ({"sha256": "0" * 64}, "the SHA-256")],
)
def test_a_wrong_digest_fails_with_the_reason_and_keeps_the_right_chunks(
    caller, store, upload, digests, reason
):
    complete(caller, upload, **digests)

    with pytest.raises(VerificationFailed, match=reason):
        merge(upload, store)

    upload.refresh_from_db()
    assert upload.state == Upload.State.FAILED
    assert reason in upload.error
    assert upload.received == len(CONTENT)
    assert services.missing_ranges(upload) == []
    assert not store.is_finished(upload.file_id)


def test_a_chunk_that_was_damaged_on_disk_is_dropped_and_can_be_sent_again(caller, store, upload):
    incoming = store._folder / "incoming" / upload.file_id
    with incoming.open("r+b") as file:
        file.seek(12)
        file.write(b"?")
    complete(caller, upload, md5=md5_of(CONTENT))
    with pytest.raises(VerificationFailed):
        merge(upload, store)

    upload.refresh_from_db()
    assert services.missing_ranges(upload) == [[1, 1]]
    assert upload.received == 15
    send(caller, store, upload, 1, CONTENT[10:20])
    complete(caller, upload)
    merge(upload, store)

    assert content_of(upload, store) == CONTENT
    assert files_in(store) == [f"finished/{upload.file_id}"]


def test_after_a_wrong_digest_the_right_one_is_enough(caller, store, upload):
    complete(caller, upload, md5=WRONG_MD5)
    with pytest.raises(VerificationFailed):
        merge(upload, store)

    complete(caller, upload, md5=md5_of(CONTENT))
    merge(upload, store)

    upload.refresh_from_db()
    assert upload.state == Upload.State.FINISHED
    assert upload.error == ""


def test_after_a_wrong_digest_another_content_can_be_sent(caller, store, upload):
    corrected = b"0123456789abcdefghijABCDF"
    complete(caller, upload, md5=md5_of(corrected))
    with pytest.raises(VerificationFailed):
        merge(upload, store)

    send(caller, store, upload, 2, corrected[20:])
    complete(caller, upload)
    merge(upload, store)

    assert content_of(upload, store) == corrected


def test_a_file_of_another_size_fails(caller, store, upload):
    with (store._folder / "incoming" / upload.file_id).open("ab") as file:
        file.write(b"more")
    complete(caller, upload)

    with pytest.raises(VerificationFailed, match="29 bytes, not 25"):
        merge(upload, store)


def test_bytes_that_are_gone_fail_and_have_to_be_sent_again(caller, store, upload):
    (store._folder / "incoming" / upload.file_id).unlink()
    complete(caller, upload)

    with pytest.raises(StoredFileMissing):
        merge(upload, store)

    upload.refresh_from_db()
    assert upload.state == Upload.State.FAILED
    assert services.missing_ranges(upload) == [[0, 2]]


def test_a_cancelled_verification_keeps_all_chunks(caller, store, upload):
    def cancel(*args: Any, **kwargs: Any) -> None:
        raise JobCancelled

    complete(caller, upload)
    with pytest.raises(JobCancelled):
        merge(upload, store, on_progress=cancel)

    upload.refresh_from_db()
    assert (upload.state, upload.error) == (Upload.State.FAILED, merging.CANCELLED)
    assert services.missing_ranges(upload) == []
    complete(caller, upload)
    merge(upload, store)
    assert content_of(upload, store) == CONTENT


def test_a_disk_without_room_for_a_part_fails_and_keeps_all_chunks(
    caller, store, upload, monkeypatch
):
    def no_room(*args: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    send(caller, store, upload, 1, b"JIHGFEDCBA")
    complete(caller, upload)
    monkeypatch.setattr(os, "copy_file_range", no_room)
    monkeypatch.setattr(disk, "write_all", no_room)

    with pytest.raises(DiskFull):
        merge(upload, store)

    upload.refresh_from_db()
    assert "disk is full" in upload.error
    assert services.missing_ranges(upload) == []


def test_merging_again_gives_the_same_result(caller, store, upload):
    complete(caller, upload)

    assert merge(upload, store) == merge(upload, store)


def test_an_upload_that_is_not_complete_is_not_merged(store, upload):
    with pytest.raises(UploadNotFinished):
        merge(upload, store)
    upload.delete()
    with pytest.raises(UnknownUpload):
        merge(upload, store)


class Killed(BaseException):
    """The process ended here."""


STEPS = [
    (FileStore, "seal"),
    (FileStore, "apply_part"),
    (FileStore, "delete_part"),
    (FileStore, "finish"),
    (FileStore, "delete_parts"),
    (merging, "digest"),
    (merging, "verify"),
    (merging, "finish"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("owner", "step"), STEPS, ids=lambda value: getattr(value, "__name__", value)
)
def test_a_merge_killed_at_any_step_is_finished_by_the_next(
    caller, store, upload, monkeypatch, owner, step, when
):
    send(caller, store, upload, 1, b"JIHGFEDCBA")
    send(caller, store, upload, 2, b"EDCBA")
    complete(caller, upload)
    original = getattr(owner, step)

    def die(*args: Any, **kwargs: Any) -> None:
        if when == "after":
            original(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, die)
        with pytest.raises(Killed):
            merge(upload, store)

    merge(upload, store)

    upload.refresh_from_db()
    assert upload.state == Upload.State.FINISHED
    assert content_of(upload, store) == b"0123456789JIHGFEDCBAEDCBA"
    assert upload.md5 == md5_of(content_of(upload, store))
    assert files_in(store) == [f"finished/{upload.file_id}"]


def test_an_upload_deleted_during_its_merge_leaves_nothing(caller, store, upload):
    def delete(done: int, *args: Any, **kwargs: Any) -> None:
        if Upload.objects.exists():
            services.delete(caller=caller, file_id=upload.file_id, store=store, now=NOW)

    complete(caller, upload)
    with pytest.raises(StoredFileMissing):
        merge(upload, store, on_progress=delete)

    assert files_in(store) == []


def test_the_job_of_an_upload_carries_what_the_merge_needs(caller, upload):
    complete(caller, upload)

    assert Job.objects.get().kwargs == {"file_id": upload.file_id}


def test_the_part_of_a_chunk_that_is_gone_is_to_be_sent_again(caller, store, upload):
    part = claim(caller, store, upload, 1)
    write(part, b"JIHGFEDCBA", store)
    count(part, b"JIHGFEDCBA", store)
    store.delete_part(part.part_name)
    complete(caller, upload)

    with pytest.raises(StoredFileMissing):
        merge(upload, store)

    upload.refresh_from_db()
    assert services.missing_ranges(upload) == [[1, 1]]
    assert (store._folder / "sealed" / upload.file_id).exists()
