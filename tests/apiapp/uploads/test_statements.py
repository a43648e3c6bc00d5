from datetime import timedelta

import pytest

from apiapp.keys.callers import Caller
from apiapp.uploads.models import Upload
from apiapp.uploads.statements import set_offset, upload_with_id
from tests.apiapp.uploads.made import NOW


@pytest.fixture
def upload(caller: Caller) -> Upload:
    """One with a value in every column that may have none."""
    return Upload.objects.create(
        owner=caller.user,
        protocol=Upload.Protocol.TUS,
        filename="größe.csv",
        size=2**40,
        chunk_size=0,
        total_chunks=0,
        received=2**39,
        expires_at=NOW,
        finished_at=NOW,
        writer_token=3,
        writer_seen_at=NOW,
    )


def columns(upload: Upload | None) -> dict[str, object]:
    assert upload
    return {field.attname: getattr(upload, field.attname) for field in Upload._meta.concrete_fields}


def test_a_row_is_read_as_the_orm_reads_it(upload: Upload):
    assert columns(upload_with_id(upload.pk)) == columns(Upload.objects.get(pk=upload.pk))


def test_a_row_that_was_read_can_be_saved(upload: Upload):
    found = upload_with_id(upload.pk)
    assert found
    found.filename = "other.csv"
    found.save(update_fields=["filename"])

    assert Upload.objects.get().filename == "other.csv"


def test_of_an_id_that_nothing_has_there_is_no_row(upload: Upload):
    assert upload_with_id("0" * 32) is None


def test_its_writer_sets_the_offset_and_nothing_else(upload: Upload):
    later = NOW + timedelta(hours=1)

    is_set = set_offset(upload, received=2**40, expires_at=later)

    assert is_set
    changed = {"received": 2**40, "expires_at": later}
    assert columns(Upload.objects.get()) == columns(upload) | changed


@pytest.mark.parametrize("changed", [{"writer_token": 4}, {"state": Upload.State.VERIFYING}])
def test_nobody_else_sets_the_offset(upload: Upload, changed: dict[str, object]):
    Upload.objects.update(**changed)

    assert not set_offset(upload, received=0, expires_at=NOW)
    assert Upload.objects.get().received == upload.received
