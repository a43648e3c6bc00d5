"""Uploads whose finished files stay on S3, by every protocol."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from apiapp.imports import loads
from apiapp.imports.models import Dataset, Import
from apiapp.jobs.errors import JobCancelled
from apiapp.jobs.models import Job
from apiapp.uploads import expiry, merging, moving, services, tasks
from apiapp.uploads.arriving import ArrivingFile, Terms
from apiapp.uploads.errors import StoredFileMissing, StoreUnavailable
from apiapp.uploads.models import Tombstone, Upload
from apiapp.uploads.storage import FileStore
from tests.apiapp.imports.loading import planned
from tests.apiapp.uploads.made import NOW, begin, md5_of, send_all
from tests.apiapp.uploads.s3.test_s3 import refused_by

pytestmark = pytest.mark.django_db(databases="__all__")

MIB = 2**20
CONTENT = b"0123456789abcdefghijABCDE"


def silent(done: int, total: int | None = None, unit: str = "", message: str = "") -> None:
    pass


def merge(upload: Upload, store: FileStore, on_progress: Any = silent) -> None:
    merging.merge(file_id=upload.file_id, store=store, clock=lambda: NOW, on_progress=on_progress)


def content_of(upload: Upload, store: FileStore) -> bytes:
    upload.refresh_from_db()
    assert upload.state == Upload.State.FINISHED
    with services.open_content(upload, store) as file:
        content = file.read()
    assert (upload.md5, upload.sha256) == (md5_of(content), hashlib.sha256(content).hexdigest())
    return content


def files_in(store: FileStore) -> list[str]:
    return sorted(path.name for path in store._folder.rglob("*") if path.is_file())


@pytest.fixture
def upload(caller, store, limits) -> Upload:
    """All chunks are there, and it is to be verified."""
    upload = begin(caller, store, limits, size=len(CONTENT), filename="表格 – ñ.csv")
    send_all(caller, store, upload, CONTENT)
    return services.complete(caller=caller, file_id=upload.file_id, now=NOW)


def test_chunks_become_an_object_and_nothing_stays_on_this_disk(upload, store, keys):
    merge(upload, store)

    assert content_of(upload, store) == CONTENT
    assert keys() == [f"sluice/finished/{upload.file_id}"]
    assert files_in(store) == []
    assert upload.filename == "表格 – ñ.csv"


def test_a_file_of_no_bytes_becomes_an_object(caller, store, limits, keys):
    upload = begin(caller, store, limits, size=0)
    services.complete(caller=caller, file_id=upload.file_id, now=NOW)

    merge(upload, store)

    assert content_of(upload, store) == b""
    assert keys() == [f"sluice/finished/{upload.file_id}"]


def test_a_form_is_answered_once_its_file_is_an_object(caller, store, limits, keys):
    terms = Terms(store=store, limits=limits, clock=lambda: NOW)
    file = ArrivingFile(caller.user, "cars.csv", terms)
    file.complete([CONTENT])

    upload = file.keep()

    assert content_of(upload, store) == CONTENT
    assert keys() == [f"sluice/finished/{upload.file_id}"]
    assert files_in(store) == []


def test_a_form_that_cannot_become_an_object_leaves_nothing(caller, store, limits, client):
    client.meta.events.register("before-send.s3.PutObject", refused_by(403, "AccessDenied"))
    terms = Terms(store=store, limits=limits, clock=lambda: NOW)
    file = ArrivingFile(caller.user, "cars.csv", terms)
    file.complete([CONTENT])

    with pytest.raises(StoreUnavailable):
        file.keep()
    file.release()

    assert not Upload.objects.exists()
    assert files_in(store) == []


def test_a_form_that_breaks_off_asks_s3_for_nothing(caller, store, limits, client):
    terms = Terms(store=store, limits=limits, clock=lambda: NOW)
    client.calls.clear()
    file = ArrivingFile(caller.user, "cars.csv", terms)

    file.release()

    assert client.calls == []
    assert files_in(store) == []


class Killed(BaseException):
    pass


@pytest.mark.parametrize("when", ["before the move", "after the move", "after the source went"])
def test_a_merge_killed_around_the_move_is_finished_by_the_next(
    upload, store, bucket, monkeypatch, when
):
    keep = bucket.keep

    def die(file_id: str, source: Path, **told: Any) -> None:
        if when != "before the move":
            keep(file_id, source, **told)
        if when == "after the move":
            source.write_bytes(CONTENT)  # as it was just before it was deleted
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(bucket, "keep", die)
        with pytest.raises(Killed):
            merge(upload, store)

    merge(upload, store)

    assert content_of(upload, store) == CONTENT
    assert files_in(store) == []


@pytest.mark.django_db(databases="__all__", transaction=True)  # the lease has its own connection
def test_a_store_that_is_away_puts_the_job_off_and_nothing_is_lost(
    upload, store, client, monkeypatch
):
    monkeypatch.setattr("apiapp.uploads.configured.store", lambda: store)
    refuse = refused_by(403, "InvalidAccessKeyId")
    client.meta.events.register("before-send.s3", refuse, unique_id="away")
    job = upload.job
    lease(job)

    tasks.merge(job_id=job.pk, lease="token", file_id=upload.file_id)

    job.refresh_from_db()
    upload.refresh_from_db()
    assert (job.state, job.attempts, job.error) == (Job.State.QUEUED, 0, str(StoreUnavailable()))
    assert job.run_at > NOW
    assert upload.state == Upload.State.VERIFYING
    client.meta.events.unregister("before-send.s3", unique_id="away")
    lease(job)

    tasks.merge(job_id=job.pk, lease="token", file_id=upload.file_id)

    job.refresh_from_db()
    assert (job.state, job.error) == (Job.State.SUCCEEDED, "")
    assert content_of(upload, store) == CONTENT


def lease(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_token="token")


def test_a_move_that_is_cancelled_can_be_asked_for_again(caller, store, limits, upload, keys):
    def cancel(done: int, *args: Any, message: str = "", **kwargs: Any) -> None:
        if message.startswith("moving"):
            raise JobCancelled

    with pytest.raises(JobCancelled):
        merge(upload, store, cancel)
    assert keys() == []

    services.complete(caller=caller, file_id=upload.file_id, now=NOW)
    merge(upload, store)

    assert content_of(upload, store) == CONTENT


# --- files of the time before -----------------------------------------------------------------


@pytest.fixture
def before(caller, limits, tmp_path) -> Upload:
    """Finished, and on this disk, where all files stayed then."""
    without = FileStore(tmp_path / "uploads")
    upload = begin(caller, without, limits, size=len(CONTENT))
    send_all(caller, without, upload, CONTENT)
    services.complete(caller=caller, file_id=upload.file_id, now=NOW)
    merge(upload, without)
    return upload


def test_a_file_of_the_time_before_is_read_where_it_is_and_moves_on(before, store, keys):
    assert content_of(before, store) == CONTENT
    assert keys() == []

    assert moving.move_what_is_left(store=store, on_progress=silent) == 1

    assert content_of(before, store) == CONTENT
    assert keys() == [f"sluice/finished/{before.file_id}"]
    assert files_in(store) == []
    assert moving.move_what_is_left(store=store, on_progress=silent) == 0


def test_what_is_left_is_moved_every_hour(before, store, keys):
    assert tasks.move.name in settings.PERIODIC_JOBS
    assert list(store.left_here()) == [before.file_id]


def test_a_file_that_is_being_read_stays_until_it_is_not(before, store, keys):
    with services.local_file(before, store) as path:
        moving.move_what_is_left(store=store, on_progress=silent)
        assert path.read_bytes() == CONTENT

    moving.move_what_is_left(store=store, on_progress=silent)

    assert not path.exists()
    assert len(keys()) == 1


def test_a_deleted_file_of_the_time_before_is_gone(caller, before, store, keys):
    services.delete(caller=caller, file_id=before.file_id, store=store, now=NOW)

    moving.move_what_is_left(store=store, on_progress=silent)

    assert keys() == []
    assert files_in(store) == []


def test_a_merge_that_was_killed_in_the_time_before_is_finished_where_it_was(before, store, keys):
    Upload.objects.update(state=Upload.State.VERIFYING)

    merge(before, store)

    assert content_of(before, store) == CONTENT


# --- deleting ------------------------------------------------------------------------------------


def test_a_deleted_upload_takes_its_object_along(caller, upload, store, keys):
    merge(upload, store)

    services.delete(caller=caller, file_id=upload.file_id, store=store, now=NOW)

    assert keys() == []


def test_an_object_that_could_not_be_deleted_goes_later_and_a_strangers_stays(
    caller, upload, store, client, location, keys
):
    merge(upload, store)
    client.put_object(Bucket=location.bucket, Key=f"sluice/finished/{'f' * 32}", Body=b"")
    refuse = refused_by(403, "AccessDenied")
    client.meta.events.register("before-send.s3", refuse, unique_id="away")
    services.delete(caller=caller, file_id=upload.file_id, store=store, now=NOW)
    client.meta.events.unregister("before-send.s3", unique_id="away")
    assert Tombstone.objects.filter(pk=upload.file_id).exists()
    assert len(keys()) == 2

    expiry.remove_strays(store=store, now=NOW + timedelta(days=4000))

    assert keys() == [f"sluice/finished/{'f' * 32}"]


def test_parts_are_deleted_once_their_upload_is_not_being_verified(upload, store, client, location):
    key = f"sluice/finished/{upload.file_id}"
    client.create_multipart_upload(Bucket=location.bucket, Key=key)

    expiry.remove_strays(store=store, now=NOW)
    assert begun(client, location) == [key]

    Upload.objects.update(state=Upload.State.FAILED)
    expiry.remove_strays(store=store, now=NOW)
    assert begun(client, location) == []


def begun(client: Any, location: Any) -> list[str]:
    found = client.list_multipart_uploads(Bucket=location.bucket).get("Uploads", ())
    return [each["Key"] for each in found]


# --- reading -------------------------------------------------------------------------------------


def test_who_needs_a_path_gets_a_copy_that_stays_for_a_while(upload, store, client):
    merge(upload, store)
    client.calls.clear()

    copied: list[int] = []
    with services.local_file(upload, store, on_copied=copied.append) as path:
        store.remove_copies(before=NOW + timedelta(days=4000))
        assert path.read_bytes() == CONTENT
    with services.local_file(upload, store) as path:
        assert path.read_bytes() == CONTENT

    assert client.calls.count("GetObject") == 1
    assert copied == [len(CONTENT)]
    store.remove_copies(before=NOW - timedelta(days=4000))
    assert path.exists()
    store.remove_copies(before=NOW + timedelta(days=4000))
    assert not path.exists()


def test_the_copy_of_a_file_that_is_gone_is_told_as_such(upload, store, bucket):
    merge(upload, store)
    bucket.delete(upload.file_id)

    with pytest.raises(StoredFileMissing), services.local_file(upload, store):
        pass
    assert files_in(store) == []


def test_an_import_of_a_file_that_is_gone_says_so_and_leaves_nothing(
    upload, store, bucket, tmp_path
):
    merge(upload, store)
    table = tmp_path / "table.csv"
    table.write_bytes(b"a,b\n1,2\n")
    row = planned(upload.owner, table)
    Import.objects.update(upload=upload)
    told: list[tuple[int, str]] = []

    def load() -> None:
        loads.run_upload(
            import_id=row.pk,
            store=store,
            on_progress=lambda done, total, unit, message: told.append((done, message)),
            clock=lambda: NOW,
        )

    refuse = refused_by(403, "AccessDenied")
    bucket._client.meta.events.register("before-send.s3", refuse, unique_id="away")
    with pytest.raises(StoreUnavailable):
        load()
    assert Dataset.objects.exists()  # to be tried again
    bucket._client.meta.events.unregister("before-send.s3", unique_id="away")
    bucket.delete(upload.file_id)
    with pytest.raises(StoredFileMissing):
        load()

    assert not Dataset.objects.exists()
    assert told == []
