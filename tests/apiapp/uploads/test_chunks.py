import dataclasses
import itertools
from datetime import timedelta

import pytest

from apiapp.uploads import chunks, services
from apiapp.uploads.chunks import ChunkClaim
from apiapp.uploads.errors import (
    BadChunkIndex,
    DiskFull,
    NotReceiving,
    QuotaExceeded,
    UnknownUpload,
)
from apiapp.uploads.models import Chunk, Upload
from apiapp.uploads.storage import FileStore, new_part_name
from tests.apiapp.uploads.made import (
    EXPIRES_S,
    NOW,
    begin,
    claim,
    count,
    md5_of,
    send,
    send_all,
    write,
)

pytestmark = pytest.mark.django_db(databases="__all__")

OURS, THEIRS = b"0123456789", b"##########"


def stored(upload: Upload, store: FileStore) -> bytes:
    """Chunk 0 as the merge would find it."""
    chunk = upload.chunks.get(index=0)
    folder = store._folder
    if chunk.part_name:
        return (folder / "parts" / chunk.part_name).read_bytes()
    return (folder / "incoming" / upload.file_id).read_bytes()[: chunk.size_bytes]


def parts_in(store: FileStore) -> list[str]:
    return [path.name for path in (store._folder / "parts").iterdir()]


def test_a_chunk_knows_its_place_and_the_last_one_is_shorter(caller, store, limits):
    upload = begin(caller, store, limits, size=25)

    first, last = claim(caller, store, upload, 0), claim(caller, store, upload, 2)

    assert (first.offset_bytes, first.length_bytes, first.part_name) == (0, 10, "")
    assert (last.offset_bytes, last.length_bytes) == (20, 5)


@pytest.mark.parametrize("index", ["3", "-1", "x", "", "1.0", "0x1", " 1", "٣", "9" * 30, "+1"])
def test_an_index_out_of_range_or_no_number_is_refused(caller, store, limits, index: str):
    upload = begin(caller, store, limits, size=25)

    with pytest.raises(BadChunkIndex) as caught:
        chunks.claim_chunk(caller=caller, file_id=upload.file_id, index=index, store=store)

    assert caught.value.total_chunks == 3
    assert not Chunk.objects.exists()


def test_an_empty_file_takes_no_chunk(caller, store, limits):
    upload = begin(caller, store, limits, size=0)

    with pytest.raises(BadChunkIndex):
        claim(caller, store, upload, 0)


def test_a_chunk_of_another_users_upload_is_unknown(caller, other_caller, store, limits):
    upload = begin(caller, store, limits)

    with pytest.raises(UnknownUpload):
        claim(other_caller, store, upload, 0)
    with pytest.raises(UnknownUpload):
        chunks.claim_part(
            caller=other_caller,
            file_id=upload.file_id,
            index="0",
            part_name=new_part_name(upload.file_id),
        )


def test_of_chunks_that_fit_alone_only_as_many_count_as_fit_together(caller, store, limits):
    upload = begin(caller, store, limits)
    small = dataclasses.replace(limits, user_bytes=15)
    claims = [claim(caller, store, upload, index) for index in (0, 1)]
    for each in claims:
        write(each, OURS, store)

    def keep(claimed: ChunkClaim) -> None:
        chunks.store_chunk(claim=claimed, md5=md5_of(OURS), store=store, now=NOW, limits=small)

    keep(claims[0])
    with pytest.raises(QuotaExceeded):
        keep(claims[1])

    upload.refresh_from_db()
    assert upload.received == 10
    assert services.received_ranges(upload) == [[0, 0]]


def test_a_stored_chunk_counts_and_puts_the_end_off(caller, store, limits):
    upload = begin(caller, store, limits)
    later = NOW + timedelta(days=1)
    claimed = claim(caller, store, upload, 0)
    write(claimed, OURS, store)

    chunks.store_chunk(claim=claimed, md5=md5_of(OURS), store=store, now=later, limits=limits)

    upload.refresh_from_db()
    assert upload.received == 10
    assert upload.expires_at == later + timedelta(seconds=EXPIRES_S)
    assert services.received_ranges(upload) == [[0, 0]]


def test_the_same_chunk_again_changes_nothing(caller, store, limits):
    upload = begin(caller, store, limits)

    send(caller, store, upload, 0, OURS)
    send(caller, store, upload, 0, OURS)

    upload.refresh_from_db()
    assert upload.received == 10
    assert parts_in(store) == []
    assert stored(upload, store) == OURS


def test_of_different_contents_the_last_one_counts(caller, store, limits):
    upload = begin(caller, store, limits)

    for content in (OURS, THEIRS, OURS, THEIRS):
        send(caller, store, upload, 0, content)

    upload.refresh_from_db()
    assert upload.received == 10
    assert stored(upload, store) == THEIRS
    assert len(parts_in(store)) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize(
    "contents", [(OURS, OURS, OURS), (OURS, THEIRS, OURS), (OURS, OURS, THEIRS)]
)
def test_of_requests_at_the_same_time_the_one_that_ends_last_counts(
    caller, store, limits, order, contents
):
    upload = begin(caller, store, limits)
    claims = [claim(caller, store, upload, 0) for _ in contents]

    for number in order:
        write(claims[number], contents[number], store)
    for number in order:
        count(claims[number], contents[number], store)

    upload.refresh_from_db()
    assert upload.received == 10
    assert stored(upload, store) == contents[order[-1]]
    assert len(parts_in(store)) <= 1


def test_a_request_that_breaks_off_gives_its_place_back(caller, store, limits):
    upload = begin(caller, store, limits)
    broken = claim(caller, store, upload, 0)
    write(broken, b"012", store)

    chunks.release_chunk(claim=broken, store=store)

    assert not Chunk.objects.exists()
    assert claim(caller, store, upload, 0).part_name == ""


def test_a_repeat_that_breaks_off_leaves_the_stored_chunk_as_it_is(caller, store, limits):
    upload = begin(caller, store, limits)
    send(caller, store, upload, 0, OURS)
    broken = claim(caller, store, upload, 0)
    write(broken, b"###", store)

    chunks.release_chunk(claim=broken, store=store)

    assert stored(upload, store) == OURS
    assert parts_in(store) == []


def test_the_first_request_that_breaks_off_late_leaves_the_repeat_as_it_is(caller, store, limits):
    upload = begin(caller, store, limits)
    first = claim(caller, store, upload, 0)
    send(caller, store, upload, 0, THEIRS)
    write(first, b"012", store)

    chunks.release_chunk(claim=first, store=store)

    assert stored(upload, store) == THEIRS


def test_a_claim_that_a_killed_server_left_does_not_stand_in_the_way(caller, store, limits):
    upload = begin(caller, store, limits)
    claim(caller, store, upload, 0)

    send(caller, store, upload, 0, OURS)

    assert services.received_ranges(upload) == [[0, 0]]
    assert stored(upload, store) == OURS


def test_a_part_whose_index_came_after_it_is_counted(caller, store, limits):
    upload = begin(caller, store, limits)
    name = new_part_name(upload.file_id)
    claimed = chunks.claim_part(caller=caller, file_id=upload.file_id, index="0", part_name=name)
    write(claimed, OURS, store)

    count(claimed, OURS, store)

    assert stored(upload, store) == OURS
    assert services.received_ranges(upload) == [[0, 0]]


@pytest.mark.parametrize("state", [Upload.State.VERIFYING, Upload.State.FINISHED])
def test_an_upload_that_was_completed_takes_no_chunks(caller, store, limits, state):
    upload = begin(caller, store, limits)
    Upload.objects.update(state=state)

    with pytest.raises(NotReceiving) as caught:
        claim(caller, store, upload, 0)

    assert caught.value.state == state


def test_a_chunk_that_ends_after_the_upload_was_completed_is_refused(caller, store, limits):
    upload = begin(caller, store, limits)
    send_all(caller, store, upload, OURS * 2 + b"01234")
    late = claim(caller, store, upload, 0)
    write(late, THEIRS, store)
    services.complete(caller=caller, file_id=upload.file_id, now=NOW)

    with pytest.raises(NotReceiving):
        count(late, THEIRS, store)


def test_after_a_failed_verification_chunks_go_beside_the_file_and_none_into_it(
    caller, store, limits
):
    upload = begin(caller, store, limits)
    in_place = claim(caller, store, upload, 1)
    Upload.objects.update(state=Upload.State.FAILED)

    beside = claim(caller, store, upload, 0)

    assert beside.part_name
    write(beside, OURS, store)
    count(beside, OURS, store)
    with pytest.raises(NotReceiving):
        count(in_place, OURS, store)


def test_a_chunk_of_an_upload_that_was_deleted_is_unknown(caller, store, limits):
    upload = begin(caller, store, limits)
    claimed = claim(caller, store, upload, 0)
    write(claimed, OURS, store)
    services.delete(caller=caller, file_id=upload.file_id, store=store, now=NOW)

    with pytest.raises(UnknownUpload):
        count(claimed, OURS, store)


def test_a_chunk_is_refused_before_the_disk_is_full(caller, store, tmp_path, limits):
    upload = begin(caller, store, limits)
    full = FileStore(tmp_path / "uploads", reserve_bytes=5, free_bytes=lambda folder: 14)

    with pytest.raises(DiskFull):
        claim(caller, full, upload, 0)

    assert not Chunk.objects.exists()


def test_the_default_chunk_size_may_be_replaced(caller, store, limits):
    bigger = dataclasses.replace(limits, chunk_bytes=20)

    upload = begin(caller, store, bigger)

    assert claim(caller, store, upload, 1).length_bytes == 5
