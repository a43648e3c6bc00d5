import dataclasses
import threading
from datetime import timedelta

import pytest
from django.db import connection

from apiapp.jobs.models import Job
from apiapp.keys.callers import Caller
from apiapp.uploads import services
from apiapp.uploads.errors import (
    ChecksumMismatch,
    ChunksMissing,
    DiskFull,
    FileTooLarge,
    QuotaExceeded,
    TooManyChunks,
    TooManyUploads,
    UnknownUpload,
    UploadNotFinished,
    WrongTotalChunks,
)
from apiapp.uploads.models import Upload, new_file_id
from apiapp.uploads.services import AnnouncedFile, ArrivedFile, Limits
from apiapp.uploads.storage import FileStore
from tests.apiapp.uploads.made import NOW, begin, md5_of, send, send_all

pytestmark = pytest.mark.django_db(databases="__all__")

CONTENT = b"0123456789abcdefghijABCDE"


def files_in(store: FileStore) -> list[str]:
    return [path.name for path in store._folder.rglob("*") if path.is_file()]


def arrived(store: FileStore, content: bytes) -> ArrivedFile:
    file_id = new_file_id()
    store.create(file_id)
    writer = store.writer(file_id)
    writer.write([content])
    writer.close()
    return ArrivedFile(file_id, "one.csv", len(content), md5=md5_of(content), sha256="f" * 64)


# --- begin


def test_an_upload_begins_with_its_chunks_counted(caller, store, limits):
    upload = begin(caller, store, limits, size=25)

    assert upload.total_chunks == 3
    assert upload.state == Upload.State.RECEIVING
    assert upload.expires_at == NOW + timedelta(seconds=limits.expires_s)
    assert services.missing_ranges(upload) == [[0, 2]]


def test_an_empty_file_has_no_chunks(caller, store, limits):
    upload = begin(caller, store, limits, size=0)

    assert upload.total_chunks == 0
    assert services.missing_ranges(upload) == []


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(caller, store, limits: Limits):
    with pytest.raises(FileTooLarge) as caught:
        begin(caller, store, limits, size=limits.file_bytes + 1)

    assert caught.value.limit_bytes == limits.file_bytes
    assert files_in(store) == []
    assert not Upload.objects.exists()


def test_files_that_together_exceed_the_quota_are_refused_and_leave_nothing(
    caller, store, limits: Limits
):
    small = dataclasses.replace(limits, user_bytes=60)
    send_all(caller, store, begin(caller, store, small, size=25), CONTENT)

    with pytest.raises(QuotaExceeded) as caught:
        begin(caller, store, small, size=36)

    assert (caught.value.used_bytes, caught.value.quota_bytes) == (25, 60)
    assert len(files_in(store)) == 1


def test_what_is_only_announced_costs_nothing(caller, store, limits: Limits):
    small = dataclasses.replace(limits, user_bytes=60)

    for _ in range(5):
        begin(caller, store, small, size=60)


def test_unfinished_uploads_have_a_bound(caller, other_caller, store, limits: Limits):
    few = dataclasses.replace(limits, open_uploads=2)
    begin(caller, store, few)
    begin(caller, store, few)

    with pytest.raises(TooManyUploads):
        begin(caller, store, few)

    begin(other_caller, store, few)


def test_the_quota_counts_for_each_user_alone(caller, other_caller, store, limits: Limits):
    small = dataclasses.replace(limits, user_bytes=30)
    send_all(caller, store, begin(caller, store, small, size=25), CONTENT)

    begin(other_caller, store, small, size=25)


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_two_files_at_the_same_time_cannot_share_the_last_room(caller, store, limits: Limits):
    small = dataclasses.replace(limits, user_bytes=30)
    refused = []

    def try_one() -> None:
        try:
            services.add_finished(
                owner=caller.user,
                arrived=arrived(store, CONTENT),
                limits=small,
                store=store,
                now=NOW,
            )
        except QuotaExceeded as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=try_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 3
    assert Upload.objects.count() == 1


def test_a_file_that_the_disk_has_no_room_for_is_refused(caller, tmp_path, limits):
    full = FileStore(tmp_path, reserve_bytes=100, free_bytes=lambda folder: 124)

    with pytest.raises(DiskFull):
        begin(caller, full, limits, size=25)


def test_chunks_too_small_for_the_file_are_refused(caller, store, limits: Limits):
    tiny = dataclasses.replace(limits, chunk_bytes=1)

    with pytest.raises(TooManyChunks):
        begin(caller, store, tiny, size=services.MAX_CHUNKS + 1)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("cars.csv", "cars.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\cars.csv", "cars.csv"),
        ("数据 2026.csv", "数据 2026.csv"),
        ("a\r\nb\x00c\x7f.csv", "abc.csv"),
        ("car\u202evsc.exe", "carvsc.exe"),
        ("half \ud800 a pair.csv", "half  a pair.csv"),
        ("  spaces.csv  ", "spaces.csv"),
        ("", "upload"),
        ("..", "upload"),
        ("folder/", "upload"),
        ("x" * 300 + ".csv", "x" * 251 + ".csv"),
        ("x" * 300, "x" * 255),
        ("x." + "y" * 300, "x." + "y" * 253),
    ],
)
def test_a_file_name_is_made_fit_to_be_shown(sent: str, shown: str):
    assert services.clean_filename(sent) == shown


def test_a_file_that_arrived_at_once_is_finished(caller, store, limits):
    upload = services.add_finished(
        owner=caller.user, arrived=arrived(store, CONTENT), limits=limits, store=store, now=NOW
    )

    found = services.finished_upload(caller, upload.file_id)
    assert services.path_of(found, store).read_bytes() == CONTENT
    assert found.expires_at is None
    assert services.missing_ranges(found) == []


def test_a_file_that_arrived_at_once_but_breaks_the_quota_is_deleted(caller, store, limits):
    small = dataclasses.replace(limits, user_bytes=24)

    with pytest.raises(QuotaExceeded):
        services.add_finished(
            owner=caller.user, arrived=arrived(store, CONTENT), limits=small, store=store, now=NOW
        )

    assert files_in(store) == []


# --- find


def test_an_upload_of_another_user_is_unknown(caller, other_caller, store, limits):
    upload = begin(caller, store, limits)

    for ask in (services.get_upload, services.finished_upload):
        with pytest.raises(UnknownUpload):
            ask(other_caller, upload.file_id)
    with pytest.raises(UnknownUpload):
        services.complete(caller=other_caller, file_id=upload.file_id, now=NOW)
    with pytest.raises(UnknownUpload):
        services.delete(caller=other_caller, file_id=upload.file_id, store=store, now=NOW)
    assert list(services.uploads_of(other_caller)) == []


def test_an_upload_that_is_not_finished_cannot_be_read(caller, store, limits):
    upload = begin(caller, store, limits)

    with pytest.raises(UploadNotFinished) as caught:
        services.finished_upload(caller, upload.file_id)

    assert caught.value.state == "receiving"


# --- complete


def test_completing_names_what_is_missing(caller, store, limits):
    upload = begin(caller, store, limits, size=45)
    send(caller, store, upload, 1, CONTENT[:10])

    with pytest.raises(ChunksMissing) as caught:
        services.complete(caller=caller, file_id=upload.file_id, now=NOW)

    assert caught.value.missing == [0, 2, 3, 4]
    assert caught.value.missing_count == 4
    assert not Job.objects.exists()


def test_the_list_of_what_is_missing_is_bounded(caller, store, limits):
    upload = begin(caller, store, limits, size=50_000)

    with pytest.raises(ChunksMissing) as caught:
        services.complete(caller=caller, file_id=upload.file_id, now=NOW)

    assert caught.value.missing == list(range(services.MISSING_TOLD))
    assert caught.value.missing_count == 5000


def test_completing_twice_is_one_job(caller, store, limits):
    upload = begin(caller, store, limits)
    send_all(caller, store, upload, CONTENT)

    first = services.complete(caller=caller, file_id=upload.file_id, now=NOW, total_chunks=3)
    second = services.complete(caller=caller, file_id=upload.file_id, now=NOW)

    assert first.state == second.state == Upload.State.VERIFYING
    assert first.job == second.job == Job.objects.get()
    assert first.job.task == services.MERGE_TASK
    assert (first.job.owner, first.job.total) == (caller.user, 25)


def test_completing_again_after_the_job_ended_without_a_result_is_a_new_job(caller, store, limits):
    upload = begin(caller, store, limits)
    send_all(caller, store, upload, CONTENT)
    first = services.complete(caller=caller, file_id=upload.file_id, now=NOW)
    Job.objects.update(state=Job.State.CANCELLED)

    second = services.complete(caller=caller, file_id=upload.file_id, now=NOW)

    assert first.job != second.job


def test_another_number_of_chunks_than_announced_is_refused(caller, store, limits):
    upload = begin(caller, store, limits)
    send_all(caller, store, upload, CONTENT)

    with pytest.raises(WrongTotalChunks):
        services.complete(caller=caller, file_id=upload.file_id, now=NOW, total_chunks=4)
    with pytest.raises(WrongTotalChunks):
        services.complete(caller=caller, file_id=upload.file_id, now=NOW, total_chunks=0)


def test_completing_a_finished_upload_only_compares_the_checksums(caller, store, limits):
    upload = services.add_finished(
        owner=caller.user, arrived=arrived(store, CONTENT), limits=limits, store=store, now=NOW
    )

    again = services.complete(caller=caller, file_id=upload.file_id, now=NOW, md5=md5_of(CONTENT))

    assert again.state == Upload.State.FINISHED
    assert again.job is None
    with pytest.raises(ChecksumMismatch):
        services.complete(caller=caller, file_id=upload.file_id, now=NOW, sha256="0" * 64)


# --- delete


def test_deleting_removes_row_bytes_and_the_waiting_job(caller, store, limits):
    upload = begin(caller, store, limits)
    send_all(caller, store, upload, CONTENT)
    completed = services.complete(caller=caller, file_id=upload.file_id, now=NOW)

    services.delete(caller=caller, file_id=upload.file_id, store=store, now=NOW)

    assert not Upload.objects.exists()
    assert files_in(store) == []
    assert completed.job
    completed.job.refresh_from_db()
    assert completed.job.state == Job.State.CANCELLED


def test_an_announced_checksum_is_kept(caller: Caller, store, limits):
    upload = services.create(
        owner=caller.user,
        announced=AnnouncedFile(filename="x", size=1, md5="a" * 32, sha256="b" * 64),
        limits=limits,
        store=store,
        now=NOW,
    )

    upload.refresh_from_db()
    assert (upload.expected_md5, upload.expected_sha256) == ("a" * 32, "b" * 64)
