"""Final uploads: made of partial ones, complete or not, without copying where that is possible."""

import itertools
import random
from pathlib import Path

import pytest

from apiapp.uploads import concatenating, merging, services
from apiapp.uploads.models import Upload
from tests.apiapp.uploads.appended.checks import files_in, finished, problem_of, row
from tests.apiapp.uploads.appended.tus_requests import TusClient, base64_of, id_in
from tests.apiapp.uploads.requests_over_asgi import GONE

CONTENT = random.Random(3).randbytes(400_003)
QUARTERS = [CONTENT[at : at + 100_000] for at in (0, 100_000, 200_000)] + [CONTENT[300_000:]]


def test_a_final_upload_has_parts():
    with pytest.raises(concatenating.BadParts):
        concatenating.parts_named([], caller=None, now=None)  # type: ignore[arg-type]


def begun(tus: TusClient, parts: list[bytes] = QUARTERS) -> list[str]:
    return [tus.created(len(part), upload_concat="partial") for part in parts]


def sent(tus: TusClient, parts: list[bytes] = QUARTERS) -> list[str]:
    paths = begun(tus, parts)
    for path, part in zip(paths, parts, strict=True):
        tus.sent(path, part)
    return paths


def final_of(tus: TusClient, paths: list[str], **headers: str) -> str:
    return tus.created(upload_concat=f"final;{' '.join(paths)}", **headers)


def only_shared_file(store) -> Path:
    shared = {each.slice_of for each in Upload.objects.exclude(slice_of="")}
    assert len(shared) == 1
    return store._folder / "incoming" / shared.pop()


def test_parts_sent_at_the_same_time_become_the_file_without_a_copy(
    tus: TusClient, store, clock, monkeypatch
):
    paths = sent(tus)
    inode = only_shared_file(store).stat().st_ino
    monkeypatch.setattr("apiapp.uploads.storage.copy_to", None)

    final = final_of(tus, paths, upload_metadata=f"filename {base64_of('all.csv')}")

    assert finished(final, store, clock) == CONTENT
    assert services.path_of(row(final), store).stat().st_ino == inode
    assert files_in(store) == [id_in(final)]
    assert row(final).filename == "all.csv"
    assert [tus.head(path).status for path in paths] == [410] * 4


def test_parts_that_are_begun_at_the_same_time_lie_in_the_order_in_which_they_came(tus: TusClient):
    requests = [
        tus.request("POST", headers={"Upload-Length": str(size), "Upload-Concat": "partial"})
        for size in (100, 100, 100, 103)
    ]

    answers = tus.ask(*requests)

    places = [row(answer.headers["location"]).slice_offset for answer in answers if answer]
    assert places == [0, 100, 200, 300]


@pytest.mark.parametrize("order", [[1, 0, 2, 3], [0, 1, 2], [3], [0, 0, 1, 2, 3]])
def test_parts_in_another_order_are_copied(tus: TusClient, store, clock, order):
    paths = sent(tus)

    final = final_of(tus, [paths[at] for at in order])

    assert finished(final, store, clock) == b"".join(QUARTERS[at] for at in order)
    unused = set(range(4)) - set(order)
    assert [tus.head(path).status for path in paths] == [
        200 if n in unused else 410 for n in range(4)
    ]


def test_parts_of_several_files_do_not_get_into_one_another(tus: TusClient, store, clock):
    other = random.Random(4).randbytes(1000)
    pairs = [(QUARTERS[0], other[:500]), (QUARTERS[1], other[500:])]
    paths = [tus.created(len(part), upload_concat="partial") for part in itertools.chain(*pairs)]
    for path, part in zip(paths, itertools.chain(*pairs), strict=True):
        tus.sent(path, part)

    finals = [final_of(tus, paths[0::2]), final_of(tus, paths[1::2])]

    assert finished(finals[0], store, clock) == QUARTERS[0] + QUARTERS[1]
    assert finished(finals[1], store, clock) == other


def test_a_final_upload_of_unfinished_parts_is_completed_when_they_are(
    tus: TusClient, store, clock
):
    paths = begun(tus)
    tus.sent(paths[0], QUARTERS[0])
    final = final_of(tus, paths)
    assert "upload-offset" not in tus.head(final).headers
    assert tus.head(final).headers["upload-length"] == str(len(CONTENT))

    for path, part in reversed(list(zip(paths, QUARTERS, strict=True))[1:]):
        assert row(final).state == Upload.State.RECEIVING
        tus.patch(path, part[:50_000], 0)
        tus.ask(tus.patching(path, part[50_000:90_000], 50_000, ending=GONE))
        tus.patch(path, part[90_000:], 90_000)

    assert finished(final, store, clock) == CONTENT
    assert tus.head(final).headers["upload-offset"] == str(len(CONTENT))


def test_a_part_of_unknown_length_makes_that_of_the_whole_unknown(tus: TusClient, store, clock):
    known = tus.created(3, upload_concat="partial")
    unknown = tus.created(upload_concat="partial", upload_defer_length=1)
    final = final_of(tus, [known, unknown])
    head = tus.head(final).headers
    assert "upload-length" not in head
    assert "upload-defer-length" not in head

    tus.sent(known, b"abc")
    tus.patch(unknown, b"defg", 0, headers={"Upload-Length": "4"})

    assert finished(final, store, clock) == b"abcdefg"


def test_head_tells_what_was_said_at_the_creation(tus: TusClient):
    paths = begun(tus)
    final = final_of(tus, [f"https://elsewhere.example{path}" for path in paths[:2]] + paths[2:])

    assert tus.head(paths[0]).headers["upload-concat"] == "partial"
    told = tus.head(final).headers["upload-concat"]
    assert told.startswith("final;https://elsewhere.example/api/tus/")
    assert told.endswith(paths[3])
    assert tus.head(paths[0]).headers["upload-offset"] == "0"


def test_a_final_upload_takes_no_bytes(tus: TusClient, store, clock):
    paths = sent(tus)
    final = final_of(tus, paths)

    assert problem_of(tus.patch(final, b"x", 0)) == (403, "not-appendable")
    finished(final, store, clock)
    assert problem_of(tus.patch(final, b"x", len(CONTENT))) == (403, "not-appendable")


def test_a_final_upload_is_terminated_without_its_parts(tus: TusClient):
    paths = begun(tus)
    final = final_of(tus, paths)

    assert tus.delete(final).status == 204

    assert tus.head(final).status == 410
    assert tus.head(paths[0]).status == 200


@pytest.mark.parametrize("is_sent", [True, False])
def test_without_one_of_its_parts_a_final_upload_fails(tus: TusClient, is_sent: bool):
    paths = sent(tus) if is_sent else begun(tus)
    final = final_of(tus, paths)

    for path in paths[::-1] if is_sent else paths[2:]:
        tus.delete(path)

    assert tus.head(final).status == 410
    assert (row(final).state, row(final).error) == ("failed", services.PART_GONE)


def test_parts_may_be_used_for_several_files(tus: TusClient, store, clock):
    paths = sent(tus)
    one, two = final_of(tus, paths), final_of(tus, paths[::-1])

    assert finished(one, store, clock) == CONTENT
    assert finished(two, store, clock) == b"".join(QUARTERS[::-1])
    assert problem_of(tus.post(upload_concat=f"final;{paths[0]}")) == (410, "gone")
    assert files_in(store) == sorted([id_in(one), id_in(two)])


def test_a_merge_that_was_killed_goes_on(tus: TusClient, store, clock):
    final = final_of(tus, sent(tus))
    concatenating.gather(row(final), store=store)
    assert (
        problem_of(tus.post(upload_concat=f"final;{row(final).parts.first().partial_id}"))[0] == 400
    )

    concatenating.gather(row(final), store=store)

    assert finished(final, store, clock) == CONTENT


def test_the_digest_of_the_whole_is_verified(tus: TusClient, store, clock):
    final = final_of(tus, sent(tus), upload_metadata=f"md5 {base64_of('0' * 32)}")

    with pytest.raises(merging.VerificationFailed):
        finished(final, store, clock)


@pytest.mark.parametrize(
    ("concat", "problem"),
    [
        ("final", (400, "bad-header")),
        ("final;", (400, "bad-header")),
        ("final; ", (400, "bad-header")),
        ("Partial", (400, "bad-header")),
        ("final;/somewhere/else", (400, "bad-header")),
        ("final;http://[", (400, "bad-header")),
        (f"final;/api/tus/{'a' * 32}", (404, "not-found")),
        ("final;/api/tus/%00", (404, "not-found")),
    ],
)
def test_what_cannot_be_a_part_is_refused(tus: TusClient, concat, problem):
    assert problem_of(tus.post(upload_concat=concat)) == problem
    assert Upload.objects.count() == 0


def test_only_partial_uploads_are_parts(tus: TusClient):
    path = tus.created(5)

    assert problem_of(tus.post(upload_concat=f"final;{path}")) == (400, "bad-parts")
    final = final_of(tus, begun(tus))
    assert problem_of(tus.post(upload_concat=f"final;{final}")) == (400, "bad-parts")


def test_a_final_upload_is_told_no_length_and_has_no_body(tus: TusClient):
    (path,) = begun(tus, [b"abc"])

    told = tus.post(upload_concat=f"final;{path}", upload_length=3)
    assert problem_of(told) == (400, "bad-header")
    got = tus.post(
        upload_concat=f"final;{path}",
        content_type="application/offset+octet-stream",
        content_length=3,
    )
    assert problem_of(got) == (403, "not-appendable")


def test_parts_without_bytes_are_parts(tus: TusClient, store, clock):
    parts = [b"", b"a", b""]

    assert finished(final_of(tus, sent(tus, parts)), store, clock) == b"a"
    assert finished(final_of(tus, sent(tus, [b""])), store, clock) == b""


def test_parts_together_may_be_no_larger_than_a_file(tus: TusClient):
    paths = begun(tus, [b"x" * (5 * 2**20)] * 2)

    assert problem_of(tus.post(upload_concat=f"final;{' '.join(paths)}")) == (413, "file-too-large")


def test_the_last_slice_that_goes_takes_the_file_of_all_with_it(tus: TusClient, store):
    paths = begun(tus)
    for path in paths[:3]:
        tus.delete(path)
    assert only_shared_file(store).exists()

    tus.delete(paths[3])

    assert files_in(store) == []
