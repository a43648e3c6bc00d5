import os
from datetime import timedelta
from pathlib import Path

import pytest

from apiapp.jobs.models import Job
from apiapp.uploads import expiry, services
from apiapp.uploads.models import Upload
from apiapp.uploads.storage import FileStore, new_part_name
from tests.apiapp.uploads.made import NOW, begin, send, send_all

pytestmark = pytest.mark.django_db(databases="__all__")

LATER = NOW + timedelta(days=30)


def files_in(store: FileStore) -> set[str]:
    return {path.name for path in store._folder.rglob("*") if path.is_file()}


def make_old(store: FileStore) -> None:
    for path in store._folder.rglob("*"):
        os.utime(path, ((NOW - timedelta(days=2)).timestamp(),) * 2)


def test_unfinished_uploads_go_with_their_bytes_and_finished_ones_stay(
    caller, store, limits, monkeypatch
):
    monkeypatch.setattr(expiry, "BATCH", 2)
    for _ in range(5):
        send(caller, store, begin(caller, store, limits), 0, b"0123456789")
    kept = begin(caller, store, limits)
    Upload.objects.filter(pk=kept.pk).update(state=Upload.State.FINISHED, expires_at=None)

    removed = expiry.expire(store=store, now=LATER)

    assert removed == 5
    assert list(Upload.objects.all()) == [kept]
    assert files_in(store) == {kept.file_id}


def test_an_upload_lives_as_long_as_chunks_arrive(caller, store, limits):
    begin(caller, store, limits)

    assert expiry.expire(store=store, now=NOW + timedelta(seconds=limits.expires_s - 1)) == 0
    assert Upload.objects.exists()


@pytest.mark.parametrize(
    ("job_state", "stays"),
    [("queued", True), ("running", True), ("failed", False), ("cancelled", False)],
)
def test_an_upload_being_verified_stays_as_long_as_its_job_is_under_way(
    caller, store, limits, job_state, stays
):
    upload = begin(caller, store, limits, size=10)
    send_all(caller, store, upload, b"0123456789")
    services.complete(caller=caller, file_id=upload.file_id, now=NOW)
    Job.objects.update(state=job_state)

    expiry.expire(store=store, now=LATER)

    assert Upload.objects.exists() is stays


def test_an_upload_whose_job_was_forgotten_goes_too(caller, store, limits):
    begin(caller, store, limits)
    Upload.objects.update(state=Upload.State.VERIFYING)

    assert expiry.expire(store=store, now=LATER) == 1


def test_old_files_that_no_row_knows_go(caller, store, limits, monkeypatch):
    monkeypatch.setattr(expiry, "BATCH", 2)
    known = begin(caller, store, limits)
    for _ in range(2):
        send(caller, store, known, 0, os.urandom(10))
    part = known.chunks.get().part_name
    stray_part = new_part_name(known.file_id)
    for name in (stray_part, new_part_name("e" * 32), new_part_name("d" * 32)):
        store.part_writer(name).close()
    for digit in "abc":
        store.create(digit * 32)
    make_old(store)
    store.create("f" * 32)

    expiry.remove_strays(store=store, now=NOW)

    assert files_in(store) == {known.file_id, part, "f" * 32}


def test_files_of_others_in_the_folder_are_left_alone(store: FileStore):
    foreign = Path(store._folder, "incoming", "README")
    foreign.touch()
    make_old(store)

    expiry.remove_strays(store=store, now=NOW)

    assert foreign.exists()
