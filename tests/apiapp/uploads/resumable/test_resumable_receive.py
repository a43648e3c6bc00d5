"""Resumable uploads by draft-ietf-httpbis-resumable-upload-12, spoken to the receiver."""

import asyncio
import dataclasses
import random
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from apiapp.keys.callers import Caller
from apiapp.problems import problem_for
from apiapp.uploads import appending, expiry, merging
from apiapp.uploads.arriving import Terms
from apiapp.uploads.engine import Engine
from apiapp.uploads.models import Upload
from apiapp.uploads.resumable_receive import ResumableReceiver
from apiapp.uploads.tus_receive import TusReceiver
from tests.apiapp.uploads.appended.checks import files_in, finished, problem_of, row
from tests.apiapp.uploads.appended.tus_requests import TusClient, id_in
from tests.apiapp.uploads.made import begin
from tests.apiapp.uploads.requests_over_asgi import (
    COMPLETE,
    GONE,
    STALLED,
    Answer,
    session_cookie,
)
from tests.apiapp.uploads.resumable.resumable_requests import (
    CHUNKED,
    ResumableClient,
    digest_of,
    path_of,
)

MIB = 2**20
CONTENT = random.Random(12).randbytes(3 * MIB + 12_345)
SMALL = CONTENT[:1000]
REGISTRY = "https://iana.org/assignments/http-problem-types#"
IN_AN_HOUR = "max-size=8388608, min-size=0, max-age=3600"


def registered(got: Answer) -> tuple[int, str]:
    """Status and type of a problem that is in IANA's registry."""
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json["type"].startswith(REGISTRY)
    return got.status, got.json["type"].removeprefix(REGISTRY)


def test_pages_of_other_origins_may_send_and_see_every_header():
    sent = {"upload-complete", "upload-length", "upload-offset", "upload-draft-interop-version"}

    assert {*sent, "content-disposition", "content-digest", "repr-digest"} <= set(
        settings.CORS_ALLOW_HEADERS
    )
    assert {*sent, "upload-limit", "location", "repr-digest"} <= set(settings.CORS_EXPOSE_HEADERS)


# --- creation, append, completion


def test_a_whole_file_comes_in_one_request(client: ResumableClient, store, clock):
    got = client.post(
        CONTENT,
        content_type="text/csv",
        content_disposition="inline; filename*=UTF-8''%E6%95%B0%E6%8D%AE.csv",
    )
    path = path_of(got)

    assert (got.status, got.json["state"], got.json["job"]["task"]) == (
        *(202, "verifying"),
        "uploads.merge",
    )
    assert got.json["file_id"] == id_in(path)
    assert got.headers["upload-complete"] == "?1"
    assert got.headers["upload-offset"] == str(len(CONTENT))
    assert finished(path, store, clock) == CONTENT
    assert (row(path).filename, row(path).protocol) == ("数据.csv", "resumable")
    assert client.state(path) == (str(len(CONTENT)), "?1", str(len(CONTENT)))


def test_a_careful_client_learns_first_where_its_bytes_go(client: ResumableClient, store, clock):
    got = client.post(b"", "?0", upload_length=len(CONTENT))
    path = path_of(got)

    assert (got.status, got.headers["upload-complete"]) == (201, "?0")
    assert (got.headers["upload-offset"], got.headers["upload-limit"]) == ("0", IN_AN_HOUR)
    at = 0
    for end in (1, 2, 100, 70_000, MIB, MIB + 1, 3 * MIB):
        appended = client.patch(path, CONTENT[at:end], at)
        assert (appended.status, appended.headers["upload-complete"]) == (204, "?0")
        assert appended.headers["upload-offset"] == str(end)
        at = end
    last = client.patch(path, CONTENT[at:], at, "?1")
    assert (last.status, last.headers["upload-complete"]) == (202, "?1")
    assert last.json["file_id"] == id_in(path)
    assert finished(path, store, clock) == CONTENT


@pytest.mark.parametrize("length", [None, 1000])
def test_a_file_ends_where_its_client_says_and_not_where_it_is_long_enough(
    client: ResumableClient, store, clock, length
):
    path = client.created(SMALL, **({"upload_length": length} if length else {}))

    assert client.state(path) == ("1000", "?0", length and str(length))
    assert row(path).state == Upload.State.RECEIVING
    assert client.patch(path, b"", 1000).status == 204
    assert client.patch(path, b"", 1000, "?1").status == 202
    assert client.state(path) == ("1000", "?1", "1000")
    assert finished(path, store, clock) == SMALL


@pytest.mark.parametrize("complete", ["?1", "?0"])
def test_a_file_without_bytes_ends_like_any_other(client: ResumableClient, store, clock, complete):
    path = path_of(client.post(b"", complete, upload_length=0))

    if complete == "?0":
        assert client.state(path) == ("0", "?0", "0")
        assert client.patch(path, b"", 0, "?1").status == 202
    assert finished(path, store, clock) == b""


def test_bodies_of_unknown_length_are_taken_to_their_end(client: ResumableClient, store, clock):
    first = client.answer(client.posting(CONTENT[:MIB], "?0", headers=CHUNKED))
    path = path_of(first)
    assert client.state(path) == (str(MIB), "?0", None)

    last = client.answer(client.patching(path, CONTENT[MIB:], MIB, "?1", headers=CHUNKED))

    assert (last.status, last.headers["upload-length"]) == (202, str(len(CONTENT)))
    assert finished(path, store, clock) == CONTENT


def test_a_location_is_absolute_as_django_would_say_it(client: ResumableClient, settings):
    settings.ALLOWED_HOSTS = ["files.example.org"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    got = client.post(host="files.example.org", x_forwarded_proto="https")

    assert got.headers["location"].startswith("https://files.example.org/api/resumable/")
    assert problem_of(client.post(host="evil.example"))[0] == 400
    assert Upload.objects.count() == 1


def test_the_offset_is_told_by_head_and_get_and_never_stored(client: ResumableClient):
    path = client.created(SMALL, upload_length=2000)

    told = [client.answer(client.request(method, path)) for method in ("HEAD", "GET")]

    for got in told:
        assert got.status == 204
        assert got.headers["upload-offset"] == "1000"
        assert got.headers["upload-complete"] == "?0"
        assert got.headers["upload-length"] == "2000"
        assert got.headers["upload-limit"] == IN_AN_HOUR
        assert got.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("complete", [None, "", "1", "true", "?2", "?1, ?0", "?1x", "(?1)"])
def test_it_has_to_be_said_whether_the_file_ends(client: ResumableClient, complete):
    path = client.created()

    for got in (client.post(SMALL, complete), client.patch(path, SMALL, 0, complete)):
        assert problem_of(got) == (400, "bad-header")
        assert got.headers["upload-complete"] == "?0"
    assert Upload.objects.count() == 1
    assert client.state(path)[0] == "0"


@pytest.mark.parametrize("offset", ["", "-1", "+5", "1_0", "1.0", "x", '"5"', "٣", "9" * 16, "?1"])
def test_an_offset_that_is_no_number_counts_as_none(client: ResumableClient, offset):
    path = client.created()

    assert problem_of(client.patch(path, SMALL, offset)) == (400, "bad-header")
    assert client.state(path)[0] == "0"


@pytest.mark.parametrize("length", ["-1", "1.5", "x", "9" * 16, "?1", "5, 6"])
def test_a_length_that_is_no_number_counts_as_none(client: ResumableClient, length):
    assert client.state(client.created(SMALL, upload_length=length)) == ("1000", "?0", None)


def test_parameters_of_values_are_passed_over(client: ResumableClient):
    path = client.created(upload_length="1000;unit=bytes")

    assert client.patch(path, SMALL, "0;a", "?1;b=2").status == 202


@pytest.mark.parametrize("offset", [0, 99, 101, 1000])
def test_an_offset_that_is_not_the_end_is_refused(client: ResumableClient, offset):
    path = client.created(SMALL[:100])

    got = client.patch(path, SMALL[100:], offset, "?1")

    assert registered(got) == (409, "mismatching-upload-offset")
    assert got.json["title"] == "Mismatching Upload Offset"
    assert (got.json["expected-offset"], got.json["provided-offset"]) == (100, offset)
    assert (got.headers["upload-offset"], got.headers["upload-complete"]) == ("100", "?0")
    assert client.state(path) == ("100", "?0", None)


@pytest.mark.parametrize("content_type", [None, "application/octet-stream", "text/plain", "a"])
def test_a_patch_of_another_type_is_refused(client: ResumableClient, content_type):
    got = client.patch(client.created(), SMALL, 0, content_type=content_type)

    assert problem_of(got) == (415, "unsupported-media-type")
    assert got.headers["accept-patch"] == "application/partial-upload"


def test_packed_bodies_are_refused(client: ResumableClient):
    assert problem_of(client.post(SMALL, content_encoding="gzip")) == (415, "encoded-body")
    assert Upload.objects.count() == 0


@pytest.mark.parametrize("method", ["PUT", "POST", "TRACE"])
def test_a_method_that_does_not_fit_says_what_does(client: ResumableClient, method):
    got = client.answer(client.request(method, client.created()))

    assert problem_of(got) == (405, "method-not-allowed")
    assert got.headers["allow"] == "OPTIONS, HEAD, GET, PATCH, DELETE"


# --- lengths


@pytest.mark.parametrize(("length", "complete"), [(999, "?1"), (1001, "?1"), (999, "?0")])
def test_a_creation_that_contradicts_its_length_creates_nothing(client, store, length, complete):
    got = client.post(SMALL, complete, upload_length=length)

    assert registered(got) == (400, "inconsistent-upload-length")
    assert got.headers["upload-complete"] == "?0"
    assert Upload.objects.count() == 0
    assert files_in(store) == []


@pytest.mark.parametrize(
    ("sent_bytes", "complete", "length"),
    [(899, "?1", None), (901, "?1", None), (901, "?0", None), (1, "?0", 999), (900, "?1", 999)],
)
def test_an_append_that_contradicts_the_length_changes_nothing(
    client: ResumableClient, sent_bytes, complete, length
):
    path = client.created(SMALL[:100], upload_length=1000)

    got = client.patch(path, CONTENT[:sent_bytes], 100, complete, upload_length=length)

    assert registered(got) == (400, "inconsistent-upload-length")
    assert client.state(path) == ("100", "?0", "1000")


def test_a_file_that_ends_too_early_is_kept_and_goes_on(client: ResumableClient, store, clock):
    path = client.created(upload_length=1000)

    early = client.answer(client.patching(path, SMALL[:400], 0, "?1", headers=CHUNKED))

    assert registered(early) == (400, "inconsistent-upload-length")
    assert client.state(path) == ("400", "?0", "1000")
    assert client.patch(path, SMALL[400:], 400, "?1").status == 202
    assert finished(path, store, clock) == SMALL


@pytest.mark.parametrize("begins", ["POST", "PATCH"])
def test_an_upload_that_grows_beyond_its_length_is_gone(client: ResumableClient, store, begins):
    length = {"Upload-Length": "1000", **CHUNKED}
    if begins == "POST":
        got = client.answer(client.posting(CONTENT[:2000], "?0", headers=length, piece_bytes=600))
    else:
        path = client.created(upload_length=1000)
        long = client.patching(path, CONTENT[:2000], 0, headers=CHUNKED, piece_bytes=600)
        got = client.answer(long)
        assert client.head(path).status == 410
        assert problem_of(client.patch(path, b"", 0)) == (410, "gone")

    assert registered(got) == (400, "inconsistent-upload-length")
    assert Upload.objects.count() == 0
    assert files_in(store) == []


def test_limits_are_told_to_anybody_and_with_what_is_too_much(receiver, client: ResumableClient):
    stranger = ResumableClient(receiver, {})
    for path in ("/api/resumable", "/api/resumable/", "/api/resumable/" + "a" * 32):
        got = stranger.answer(stranger.request("OPTIONS", path))
        assert (got.status, got.headers["upload-limit"]) == (204, IN_AN_HOUR)
        assert got.headers["accept-patch"] == "application/partial-upload"
        assert got.headers["want-repr-digest"] == "sha-256=10, md5=1"

    got = client.post(b"", "?0", upload_length=8 * MIB + 1)

    assert problem_of(got) == (413, "file-too-large")
    assert got.headers["upload-limit"] == "max-size=8388608, min-size=0"
    assert Upload.objects.count() == 0


def test_a_preflight_is_not_answered_here(receiver: ResumableReceiver, client: ResumableClient):
    asked = client.request("OPTIONS", headers={"Access-Control-Request-Method": "PATCH"})

    assert not receiver.matches(asked.scope)
    assert receiver.matches(client.request("OPTIONS").scope)


# --- what has ended


def test_the_last_answer_is_given_again_to_who_has_lost_it(client: ResumableClient, store, clock):
    path = path_of(client.post(SMALL))

    assert client.patch(path, b"", 1000, "?1").status == 202
    finished(path, store, clock)
    again = client.patch(path, b"", 1000, "?1")

    assert (again.status, again.json["state"]) == (200, "finished")
    assert again.headers["repr-digest"] == digest_of(SMALL)
    assert "max-age" not in again.headers["upload-limit"]


def test_nothing_is_added_to_what_has_ended(client: ResumableClient):
    path = path_of(client.post(SMALL))

    assert problem_of(client.patch(path, b"", 1000)) == (409, "not-receiving")
    assert registered(client.patch(path, b"x", 0)) == (409, "mismatching-upload-offset")
    assert registered(client.patch(path, b"x", 1000, "?1")) == (400, "inconsistent-upload-length")
    assert client.state(path) == ("1000", "?1", "1000")


# --- digests


def test_the_digest_of_a_whole_file_is_verified_before_it_is_used(
    client: ResumableClient, store, clock
):
    right = path_of(
        client.post(SMALL, repr_digest=f"{digest_of(SMALL)}, {digest_of(SMALL, 'md5')}")
    )
    wrong = path_of(client.post(SMALL, repr_digest=digest_of(b"another")))

    assert finished(right, store, clock) == SMALL
    with pytest.raises(merging.VerificationFailed):
        finished(wrong, store, clock)
    assert client.head(wrong).status == 410
    got = client.patch(wrong, b"", 1000, "?1")
    assert problem_of(got) == (410, "gone")
    assert (got.headers["upload-complete"], "SHA-256" in got.json["detail"]) == ("?1", True)


def test_the_digest_of_a_whole_file_may_come_with_its_end(client: ResumableClient, store, clock):
    right, wrong = client.created(SMALL[:10]), client.created(SMALL[:10])

    got = client.patch(right, SMALL[10:], 10, "?1", repr_digest=digest_of(SMALL))
    client.patch(wrong, SMALL[10:], 10, "?1", repr_digest=digest_of(SMALL[10:]))

    assert got.status == 202
    assert finished(right, store, clock) == SMALL
    with pytest.raises(merging.VerificationFailed):
        finished(wrong, store, clock)
    assert client.head(wrong).status == 410


def test_the_digest_that_comes_with_the_end_counts_if_the_end_comes(
    client: ResumableClient, store, clock
):
    path = client.created(SMALL[:10])
    client.patch(path, SMALL[10:20], 10, "?0", repr_digest=digest_of(b"another"))
    headers = {"Content-Length": "980", "Repr-Digest": digest_of(b"another")}
    client.ask(client.patching(path, SMALL[20:30], 20, "?1", headers=headers, ending=GONE))

    client.patch(path, SMALL[30:], 30, "?1", repr_digest=digest_of(SMALL))

    assert finished(path, store, clock) == SMALL


def test_another_digest_than_was_told_is_refused_and_nothing_is_kept(
    client: ResumableClient, store, clock
):
    path = client.created(SMALL[:10], repr_digest=digest_of(SMALL))

    got = client.patch(path, SMALL[10:], 10, "?1", repr_digest=digest_of(b"another"))

    assert registered(got) == (400, "digest-mismatched-values")
    assert got.json["mismatched_digests"] == [
        {
            "algorithm": "sha-256",
            "provided_digest": digest_of(b"another").partition("=")[2],
            "header": "Repr-Digest",
        }
    ]
    assert client.state(path)[:2] == ("10", "?0")
    client.patch(path, SMALL[10:], 10, "?1", repr_digest=digest_of(SMALL, "md5"))
    assert finished(path, store, clock) == SMALL
    again = client.patch(path, b"", 1000, "?1", repr_digest=digest_of(b"another", "md5"))
    assert registered(again) == (400, "digest-mismatched-values")


@pytest.mark.parametrize(
    ("wanted", "algorithm"),
    [
        (None, "sha-256"),
        ("sha-256=1, md5=9", "md5"),
        ("md5=0", "sha-256"),
        ("sha-512=10, md5=2", "md5"),
        ("md5=?1", "sha-256"),
        ("(", "sha-256"),
    ],
)
def test_the_digest_that_is_wanted_is_told(client, store, clock, wanted, algorithm):
    path = path_of(client.post(SMALL))
    finished(path, store, clock)

    got = client.head(path, want_repr_digest=wanted)

    assert got.headers["repr-digest"] == digest_of(SMALL, algorithm)


@pytest.mark.parametrize("algorithm", ["sha-512", "sha-256", "md5"])
def test_a_body_with_a_digest_counts_if_it_is_right(client, store, clock, algorithm):
    path = client.created(CONTENT[:10])
    digest = digest_of(CONTENT[10:], algorithm)

    wrong = client.patch(path, CONTENT[10:-1] + b"?", 10, "?1", content_digest=digest)

    assert registered(wrong) == (400, "digest-mismatched-values")
    assert wrong.json["mismatched_digests"] == [
        {
            "algorithm": algorithm,
            "provided_digest": digest.partition("=")[2],
            "header": "Content-Digest",
        }
    ]
    assert client.state(path)[:2] == ("10", "?0")
    assert client.patch(path, CONTENT[10:], 10, "?1", content_digest=digest).status == 202
    assert finished(path, store, clock) == CONTENT


def test_a_body_with_a_digest_that_is_cut_leaves_the_offset_where_it_was(client: ResumableClient):
    path = client.created(CONTENT[:10])
    headers = {"Content-Digest": digest_of(CONTENT[10:]), "Content-Length": "3000000"}

    client.ask(client.patching(path, CONTENT[10:2_000_000], 10, headers=headers, ending=GONE))

    assert client.state(path)[0] == "10"


def test_a_creation_whose_digest_is_wrong_creates_nothing(client: ResumableClient, store):
    got = client.post(SMALL, content_digest=digest_of(b"another"))

    assert registered(got) == (400, "digest-mismatched-values")
    assert "location" not in got.headers
    assert Upload.objects.count() == 0
    assert files_in(store) == []


SHORT = f"sha-256=:{b64encode(b'short').decode()}:"


@pytest.mark.parametrize("header", ["repr_digest", "content_digest"])
@pytest.mark.parametrize(
    ("digest", "problem"),
    [
        ("sha-256", "bad-header"),
        ("sha-256=abc", "bad-header"),
        ("sha-256=:??:", "bad-header"),
        ("SHA-256=:AAAA:", "bad-header"),
        (SHORT, "digest-invalid-values"),
        ("sha=:AAAA:, crc32c=:AAAA:", "digest-unsupported-algorithms"),
    ],
)
def test_a_digest_that_cannot_be_is_refused(client: ResumableClient, header, digest, problem):
    path = client.created(SMALL[:10])
    assert client.patch(path, SMALL[10:], 10, "?1", **{header: digest}).status == 400
    assert client.state(path)[:2] == ("10", "?0")
    client.delete(path)

    got = client.post(SMALL, **{header: digest})

    assert got.status == 400
    assert got.json["type"].endswith(problem)
    if problem == "digest-unsupported-algorithms":
        name = header.replace("_", "-").title()
        assert [each["algorithm"] for each in got.json["unsupported_algorithms"]] == [
            *("sha", "crc32c")
        ]
        assert "sha-256" in got.headers[f"Want-{name}".lower()]
    assert Upload.objects.count() == 0


def test_an_unknown_digest_beside_a_known_one_is_passed_over(client: ResumableClient):
    assert client.post(SMALL, content_digest=f"new=:AAAA:, {digest_of(SMALL)}").status == 202


# --- what breaks off


@pytest.mark.parametrize("sent_bytes", [1, MIB - 1, MIB + 1, len(CONTENT)])
@pytest.mark.parametrize("begins", ["POST", "PATCH"])
def test_every_byte_of_a_body_that_is_cut_is_kept_and_is_not_the_end(
    client: ResumableClient, store, clock, begins, sent_bytes
):
    part = CONTENT[:sent_bytes]
    if begins == "POST":
        whole = {"Upload-Length": str(len(CONTENT)), **CHUNKED}
        assert client.ask(client.posting(part, headers=whole, ending=GONE)) == [None]
        path = f"/api/resumable/{Upload.objects.get().pk}/"
    else:
        path = client.created()
        whole = {"Content-Length": str(len(CONTENT) + 1)}
        assert client.ask(client.patching(path, part, 0, "?1", headers=whole, ending=GONE)) == [
            None
        ]
        Upload.objects.update(size=None)

    assert client.state(path)[:2] == (str(sent_bytes), "?0")
    assert client.patch(path, CONTENT[sent_bytes:], sent_bytes, "?1").status == 202
    assert finished(path, store, clock) == CONTENT


def test_a_creation_that_stalls_is_ended_kept_and_told_where_to_go_on(
    terms: Terms, client: ResumableClient
):
    quick = ResumableReceiver(engine=Engine(terms), problem_for=problem_for, idle_s=0.05, threads=2)
    slow = ResumableClient(quick, client.key)

    got = slow.answer(slow.posting(SMALL[:300], ending=STALLED, headers={"Content-Length": "1000"}))
    quick.close()

    assert problem_of(got) == (408, "body-stalled")
    assert got.headers["connection"] == "close"
    assert client.state(path_of(got)) == ("300", "?0", "1000")


def test_the_newest_request_takes_over_from_a_hung_one(client: ResumableClient, store, clock):
    path = client.created()
    whole = {"Content-Length": str(len(CONTENT))}
    hung = client.patching(path, CONTENT[:1_500_000], 0, "?1", headers=whole, ending=STALLED)

    async def scenario() -> tuple[Any, ...]:
        older = asyncio.create_task(hung.send_to(client.receiver))
        await hung.has_stalled.wait()
        seen = await client.request("HEAD", path).send_to(client.receiver)
        rest = client.patching(path, CONTENT[1_500_000:], 1_500_000, "?1")
        return await older, seen, await rest.send_to(client.receiver)

    older, seen, newer = asyncio.run(scenario())

    assert problem_of(older) == (409, "taken-over")
    assert seen.headers["upload-offset"] == "1500000"
    assert newer.status == 202
    assert finished(path, store, clock) == CONTENT


def test_whichever_protocol_the_newest_request_speaks_it_takes_over(engine, client, tmp_path):
    path = client.created()
    tus_receiver = TusReceiver(engine=engine, problem_for=problem_for, threads=2)
    tus = TusClient(tus_receiver, client.key)
    hung = client.patching(path, CONTENT[:70_000], 0, ending=STALLED)

    async def scenario() -> tuple[Any, ...]:
        older = asyncio.create_task(hung.send_to(client.receiver))
        await hung.has_stalled.wait()
        seen = await tus.request("HEAD", f"/api/tus/{id_in(path)}").send_to(tus_receiver)
        return await older, seen

    older, seen = asyncio.run(scenario())
    tus_receiver.close()

    assert problem_of(older) == (409, "taken-over")
    assert seen.headers["upload-offset"] == "70000"


# --- cancellation and expiry


def test_a_cancelled_upload_is_gone_in_whatever_state(client: ResumableClient, store, clock):
    begun, ended, done = client.created(SMALL), *(path_of(client.post(SMALL)) for _ in range(2))
    finished(done, store, clock)

    for path in (begun, ended, done):
        assert client.delete(path).status == 204
        assert client.head(path).status == 410
        assert problem_of(client.patch(path, SMALL, 0)) == (410, "gone")
        assert problem_of(client.delete(path)) == (410, "gone")
    assert files_in(store) == []


def test_a_cancelled_upload_ends_its_writer(client: ResumableClient, store):
    path = client.created()
    hung = client.patching(path, CONTENT[:MIB], 0, ending=STALLED)

    async def scenario() -> tuple[Any, ...]:
        writer = asyncio.create_task(hung.send_to(client.receiver))
        await hung.has_stalled.wait()
        return await client.request("DELETE", path).send_to(client.receiver), await writer

    deleted, writer = asyncio.run(scenario())

    assert deleted.status == 204
    assert writer.status in (409, 410)
    assert files_in(store) == []


def test_an_upload_expires_unless_bytes_come(client: ResumableClient, clock, store):
    path, idle = client.created(), client.created()
    clock.now += timedelta(seconds=1800)
    assert client.head(idle).headers["upload-limit"].endswith("max-age=1800")
    assert client.patch(path, SMALL, 0).headers["upload-limit"] == IN_AN_HOUR
    clock.now += timedelta(seconds=1801)

    assert client.head(idle).status == 410
    assert client.state(path)[0] == "1000"
    expiry.expire(store=store, now=clock.now)
    assert problem_of(client.patch(idle, SMALL, 0)) == (410, "gone")
    assert files_in(store) == [id_in(path)]


# --- who calls


def test_nobody_gets_in_without_a_key(client: ResumableClient, receiver, caller, key_for):
    path = client.created(SMALL)
    stranger = ResumableClient(receiver, {})

    for got in (stranger.post(SMALL), stranger.patch(path, b"x", 1000), stranger.delete(path)):
        assert problem_of(got) == (401, "not-authenticated")
        assert got.headers["www-authenticate"].startswith("Bearer")
    assert stranger.head(path).status == 401
    narrow = ResumableClient(
        receiver, {"Authorization": f"Bearer {key_for(caller.user, 'imports')}"}
    )
    assert problem_of(narrow.post(SMALL)) == (403, "forbidden")
    assert client.state(path)[0] == "1000"
    assert Upload.objects.count() == 1


def test_anothers_upload_is_not_there(client: ResumableClient, other: ResumableClient):
    path = client.created(SMALL)

    assert other.head(path).status == 404
    for got in (other.patch(path, b"x", 1000, "?1"), other.delete(path)):
        assert problem_of(got) == (404, "not-found")
    client.delete(path)
    assert other.head(path).status == 404


def test_a_password_will_do_and_a_session_needs_its_token(
    receiver, caller: Caller, client: ResumableClient
):
    caller.user.set_password("alices-passphrase")
    caller.user.save()
    basic = b64encode(b"alice:alices-passphrase").decode()

    path = ResumableClient(receiver, {"Authorization": f"Basic {basic}"}).created()

    browser = ResumableClient(receiver, session_cookie(caller))
    assert problem_of(browser.post(SMALL)) == (403, "forbidden")
    token = "a" * 32
    proof = {
        "cookie": f"{browser.key['Cookie']}; {settings.CSRF_COOKIE_NAME}={token}",
        "x_csrftoken": token,
    }
    assert browser.post(SMALL, **proof, origin="http://testserver").status == 202
    foreign = browser.post(SMALL, **proof, origin="https://evil.example")
    assert problem_of(foreign) == (403, "forbidden")
    assert problem_of(browser.patch(path, SMALL, 0)) == (403, "forbidden")
    assert problem_of(browser.delete(path)) == (403, "forbidden")
    assert browser.head(path).status == 204


@pytest.mark.parametrize("name", ["f" * 32, "x", "%00", "\0", "A" * 32, "..", "ÿ"])
def test_what_is_not_there_is_not_there(client: ResumableClient, name):
    path = f"/api/resumable/{name}"

    assert client.head(path).status == 404
    assert problem_of(client.patch(path, SMALL, 0)) == (404, "not-found")
    assert problem_of(client.delete(path)) == (404, "not-found")


def test_what_one_user_may_have_is_bounded(store, limits, clock, caller, key_for):
    narrow = dataclasses.replace(limits, open_uploads=2, user_bytes=1500)
    receiver = ResumableReceiver(
        engine=Engine(Terms(store=store, limits=narrow, clock=clock)),
        problem_for=problem_for,
        threads=2,
    )
    client = ResumableClient(receiver, {"Authorization": f"Bearer {key_for(caller.user)}"})
    client.created(SMALL)
    path = client.created()

    assert problem_of(client.post(b"")) == (429, "too-many-uploads")
    too_much = client.patch(path, SMALL, 0)
    assert problem_of(too_much) == (413, "quota-exceeded")
    assert too_much.headers["upload-limit"].startswith("max-size=")
    assert client.patch(path, SMALL[:500], 0).status == 204
    receiver.close()


def test_requests_are_counted(client: ResumableClient, settings):
    settings.RATE_LIMIT_ENABLED = True

    assert "ratelimit" in client.post(SMALL).headers


# --- the same upload by the other APIs


def test_what_was_made_here_is_an_upload_like_any_other(client: ResumableClient, store, clock):
    path = client.created(content_disposition='inline; filename="a.csv"', content_type="text/csv")
    api = Client(headers=client.key)
    url = f"/api/uploads/{id_in(path)}/"

    seen = api.get(url).json()
    assert (seen["protocol"], seen["size"], seen["received"]) == ("resumable", None, 0)
    assert api.post(f"{url}complete/").json()["type"].endswith("bytes-missing")
    client.patch(path, SMALL, 0, "?1")
    finished(path, store, clock)
    seen = api.get(url).json()
    assert (seen["state"], seen["filename"], seen["received"]) == ("finished", "a.csv", 1000)
    assert row(path).metadata == "filename YS5jc3Y=,filetype dGV4dC9jc3Y="
    assert api.delete(url).status_code == 204
    assert client.head(path).status == 410


def test_chunks_and_parts_of_others_are_not_there(client: ResumableClient, caller, store, limits):
    chunked = begin(caller, store, limits, size=25)
    part = begin(caller, store, limits, size=25)
    Upload.objects.filter(pk=part.pk).update(protocol="tus", concat="partial")

    for upload in (chunked, part):
        path = f"/api/resumable/{upload.pk}"
        assert client.head(path).status == 404
        assert problem_of(client.patch(path, SMALL, 0)) == (404, "not-found")


# --- interim answers


class Heard:
    """A connection, as the server shows it to the app; keeps what is sent by it."""

    def __init__(self) -> None:
        self.interim: list[tuple[int, dict[str, str]]] = []

    def tell_interim(self, status: int, phrase: str, headers: dict[str, str]) -> None:
        self.interim.append((status, headers))


def asked(client: ResumableClient, request: Any, **facts: Any) -> tuple[Answer | None, list[Any]]:
    heard = Heard()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await client.receiver({**scope, "connection": heard, **facts}, receive, send)

    return asyncio.run(request.send_to(app)), heard.interim


VERSION_8 = {"Upload-Draft-Interop-Version": "8"}


def test_a_client_of_this_draft_is_told_at_once_where_it_could_go_on(client: ResumableClient):
    got, interim = asked(client, client.posting(SMALL, headers=VERSION_8))

    assert got and got.status == 202
    ((status, told),) = interim
    assert status == 104
    assert told["location"] == got.headers["location"]
    assert told["upload-limit"] == IN_AN_HOUR
    assert told["upload-draft-interop-version"] == "8"


@pytest.mark.parametrize(
    ("headers", "facts"),
    [
        ({}, {}),
        ({"Upload-Draft-Interop-Version": "7"}, {}),
        ({"Upload-Draft-Interop-Version": '"8"'}, {}),
        (VERSION_8, {"http_version": "1.0"}),
        (VERSION_8, {"connection": None}),
        ({**VERSION_8, "Via": "1.1 proxy"}, {}),
        ({**VERSION_8, "X-Forwarded-For": "192.0.2.1"}, {}),
    ],
)
def test_nobody_else_is_sent_an_interim_answer(client: ResumableClient, headers, facts):
    got, interim = asked(client, client.posting(SMALL, headers=headers), **facts)

    assert got and got.status == 202
    assert interim == []


def test_progress_is_told_once_it_is_safe(client: ResumableClient, monkeypatch):
    monkeypatch.setattr(appending, "COMMIT_BYTES", MIB)
    path = client.created()

    _, interim = asked(client, client.patching(path, CONTENT, 0, headers=VERSION_8))

    offsets = [int(told["upload-offset"]) for _, told in interim]
    assert offsets
    assert offsets == sorted(set(offsets))
    assert offsets[-1] <= len(CONTENT)
    assert not any("location" in told for _, told in interim)


def test_what_a_client_was_told_of_stays_though_its_body_is_refused(client: ResumableClient):
    wrong = {**VERSION_8, "Content-Digest": digest_of(b"another")}

    got, ((_, told),) = asked(client, client.posting(SMALL, headers=wrong, ending=COMPLETE))

    assert got and got.status == 400
    path = told["location"].removeprefix("http://testserver")
    assert client.state(path) == ("0", "?0", "1000")
    assert client.patch(path, SMALL, 0, "?1").status == 202
