"""tus 1.0.0 to the letter, spoken to the receiver."""

import asyncio
import dataclasses
import hashlib
import random
import zlib
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from apiapp.jobs.models import Job
from apiapp.keys.callers import Caller
from apiapp.problems import problem_for
from apiapp.uploads import expiry, merging
from apiapp.uploads.arriving import Terms
from apiapp.uploads.engine import Engine
from apiapp.uploads.models import Tombstone, Upload
from apiapp.uploads.tus_receive import TusReceiver
from tests.apiapp.uploads.appended.checks import files_in, finished, problem_of, row
from tests.apiapp.uploads.appended.tus_requests import (
    BODY_TYPE,
    TusClient,
    base64_of,
    id_in,
    path_of,
)
from tests.apiapp.uploads.made import begin, md5_of
from tests.apiapp.uploads.requests_over_asgi import (
    GONE,
    STALLED,
    Answer,
    in_pieces,
    session_cookie,
)

MIB = 2**20
CONTENT = random.Random(2).randbytes(3 * MIB + 12_345)
SMALL = CONTENT[:1000]


# --- core


def test_a_file_in_one_patch(tus: TusClient, store, clock):
    got = tus.post(upload_length=len(CONTENT), upload_metadata=f"filename {base64_of('数据.csv')}")
    path = path_of(got)

    assert got.status == 201
    assert got.headers["upload-expires"] == "Sat, 21 Nov 2026 13:00:00 GMT"
    sent = tus.patch(path, CONTENT, 0)
    assert (sent.status, sent.headers["upload-offset"]) == (204, str(len(CONTENT)))
    assert "content-length" not in sent.headers
    assert finished(path, store, clock) == CONTENT
    assert (row(path).filename, row(path).protocol) == ("数据.csv", "tus")
    head = tus.head(path).headers
    assert head["upload-offset"] == head["upload-length"] == str(len(CONTENT))
    assert "upload-expires" not in head


def test_many_patches_of_every_size_end_in_the_same_file(tus: TusClient, store, clock):
    path = tus.created(len(CONTENT))

    tus.sent(path, CONTENT, patches=[1, 2, 100, 70_000, MIB, MIB + 1, 3 * MIB])

    assert finished(path, store, clock) == CONTENT


def test_head_tells_where_to_go_on_and_is_never_stored(tus: TusClient):
    path = tus.created(len(CONTENT), upload_metadata="filename YQ==,is_secret")
    tus.patch(path, SMALL, 0)

    got = tus.head(path)

    assert got.status == 200
    assert got.headers["upload-offset"] == "1000"
    assert got.headers["upload-length"] == str(len(CONTENT))
    assert got.headers["upload-metadata"] == "filename YQ==,is_secret"
    assert got.headers["upload-expires"] == "Sat, 21 Nov 2026 13:00:00 GMT"
    assert got.headers["cache-control"] == "no-store"
    assert "upload-defer-length" not in got.headers
    assert "upload-concat" not in got.headers


@pytest.mark.parametrize("version", [None, "", "0.2.2", "1.0.1", "1.0.0 ", "2"])
@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE", "GET", "PUT"])
def test_another_version_is_refused_and_changes_nothing(tus: TusClient, method, version):
    path = tus.created(1000)
    headers = {"Tus-Resumable": version, "Upload-Offset": "0", "Content-Type": BODY_TYPE}

    asked = "/api/tus/" if method == "POST" else path
    got = tus.answer(tus.request(method, asked, headers=headers, pieces=[SMALL]))

    assert got.status == 412
    assert got.headers["tus-version"] == "1.0.0"
    assert got.json == {} if method == "HEAD" else problem_of(got) == (412, "wrong-tus-version")
    assert Upload.objects.count() == 1
    assert tus.offset(path) == 0


@pytest.mark.parametrize("path", ["/api/tus", "/api/tus/", "/api/tus/" + "a" * 32])
def test_options_tell_what_the_server_can_to_anybody(receiver, path):
    stranger = TusClient(receiver, {"Tus-Resumable": None})

    got = stranger.answer(stranger.request("OPTIONS", path))

    assert got.status == 204
    assert got.headers["tus-version"] == "1.0.0"
    assert set(got.headers["tus-extension"].split(",")) == {
        *("creation", "creation-with-upload", "creation-defer-length", "expiration"),
        *("checksum", "termination", "concatenation"),
    }
    assert got.headers["tus-max-size"] == str(8 * MIB)
    assert got.headers["tus-checksum-algorithm"] == "sha1,sha256,md5,crc32"


def test_options_need_no_version_even_if_it_is_wrong(tus: TusClient):
    assert tus.answer(tus.request("OPTIONS", headers={"Tus-Resumable": "0.1"})).status == 204


def test_a_preflight_is_not_answered_here(receiver: TusReceiver, tus: TusClient):
    asked = tus.request("OPTIONS", headers={"Access-Control-Request-Method": "PATCH"})

    assert not receiver.matches(asked.scope)
    assert receiver.matches(tus.request("OPTIONS").scope)


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "TRACE", "patch"])
def test_a_method_that_does_not_fit_says_what_does(tus: TusClient, method):
    got = tus.answer(tus.request(method, tus.created(5)))

    assert problem_of(got) == (405, "method-not-allowed")
    assert got.headers["allow"] == "OPTIONS, HEAD, PATCH, DELETE"


def test_the_override_is_the_method_whatever_the_method_is(tus: TusClient, store, clock):
    path = tus.created(1000)

    def override(real: str, meant: str, where: str = path, **facts: Any) -> Answer:
        facts["headers"] = {**facts.get("headers", {}), "X-HTTP-Method-Override": meant}
        return tus.answer(tus.request(real, where, **facts))

    head = override("POST", "HEAD")
    assert (head.status, head.headers["upload-offset"], head.json) == (200, "0", {})
    for real in ("POST", "GET", "DELETE"):
        got = override(
            real,
            "PATCH",
            headers={"Upload-Offset": str(tus.offset(path)), "Content-Type": BODY_TYPE},
            pieces=[SMALL[:100]],
        )
        assert got.status == 204
    assert tus.offset(path) == 300
    assert override("PATCH", "POST", "/api/tus/", headers={"Upload-Length": "5"}).status == 201
    assert override("HEAD", "OPTIONS").status == 204
    assert problem_of(override("PATCH", "BREW")) == (405, "method-not-allowed")
    assert override("PATCH", "DELETE").status == 204
    assert not Upload.objects.filter(pk=id_in(path)).exists()


@pytest.mark.parametrize(
    "content_type", ["", "application/octet-stream", "text/plain", "application/offset"]
)
def test_a_patch_of_another_type_is_refused(tus: TusClient, content_type):
    path = tus.created(1000)

    got = tus.patch(path, SMALL, 0, headers={"Content-Type": content_type or None})

    assert problem_of(got) == (415, "unsupported-media-type")
    assert tus.offset(path) == 0


@pytest.mark.parametrize("offset", [1, 99, 101, 1000, 2**62])
def test_an_offset_that_is_not_the_end_is_refused(tus: TusClient, offset):
    path = tus.created(1000)
    tus.patch(path, SMALL[:100], 0)

    got = tus.patch(path, SMALL[100:], offset)

    assert problem_of(got) == (409, "offset-mismatch")
    assert (got.json["expected_bytes"], got.json["got_bytes"]) == (100, offset)
    assert tus.offset(path) == 100


NO_NUMBERS = [
    "",
    "-1",
    "+5",
    "1_000",
    "0x10",
    "1.0",
    "1e3",
    "٣",
    "５",
    " 5",
    "5 ",
    "9" * 19,
    "9" * 40,
]


@pytest.mark.parametrize("number", [*NO_NUMBERS, None])
def test_an_offset_that_is_no_number_is_refused(tus: TusClient, number):
    path = tus.created(1000)
    sent = number and number.encode().decode("latin-1")

    got = tus.answer(tus.patching(path, SMALL, 0, headers={"Upload-Offset": sent}))

    assert problem_of(got) == (400, "bad-header")
    assert tus.offset(path) == 0


@pytest.mark.parametrize("number", NO_NUMBERS)
def test_a_length_that_is_no_number_is_refused(tus: TusClient, number):
    got = tus.post(upload_length=number.encode().decode("latin-1"))

    assert problem_of(got) == (400, "bad-header")
    assert Upload.objects.count() == 0


def test_numbers_may_begin_with_zeros(tus: TusClient):
    path = tus.created("0005")  # type: ignore[arg-type]

    assert tus.patch(path, b"12345", "000").status == 204


def test_more_bytes_than_were_announced_are_refused_and_nothing_is_kept(tus: TusClient):
    path = tus.created(1000)

    got = tus.patch(path, CONTENT[:1001], 0)

    assert problem_of(got) == (413, "body-too-large")
    assert tus.offset(path) == 0


def test_a_body_of_unknown_length_that_does_not_end_is_cut_where_it_is_too_long(tus: TusClient):
    path = tus.created(1000)
    chunked = {"Content-Length": None, "Transfer-Encoding": "chunked"}

    got = tus.patch(path, CONTENT[:1500], 0, headers=chunked, piece_bytes=600)

    assert problem_of(got) == (413, "body-too-large")
    assert tus.offset(path) == 600


def test_a_body_of_unknown_length_is_kept(tus: TusClient, store, clock):
    path = tus.created(len(CONTENT))
    chunked = {"Content-Length": None, "Transfer-Encoding": "chunked"}

    assert tus.patch(path, CONTENT, 0, headers=chunked).status == 204

    assert finished(path, store, clock) == CONTENT


def test_nothing_can_be_added_to_a_file_that_is_complete_but_nothing(tus: TusClient, store, clock):
    path = tus.created(1000)
    tus.sent(path, SMALL)

    for _ in range(2):
        assert problem_of(tus.patch(path, b"x", 1000)) == (413, "body-too-large")
        assert problem_of(tus.patch(path, b"x", 0)) == (409, "offset-mismatch")
        again = tus.patch(path, b"", 1000)
        assert (again.status, again.headers["upload-offset"]) == (204, "1000")
        if row(path).state == Upload.State.VERIFYING:
            assert finished(path, store, clock) == SMALL


def test_packed_bodies_are_refused(tus: TusClient):
    path = tus.created(1000)

    got = tus.patch(path, SMALL, 0, headers={"Content-Encoding": "gzip"})

    assert problem_of(got) == (415, "encoded-body")


@pytest.mark.parametrize("name", ["f" * 32, "x", "%00", "A" * 32, "..", "ÿ"])
def test_what_is_not_there_is_not_there(tus: TusClient, name):
    path = f"/api/tus/{name}"

    assert tus.head(path).status == 404
    assert problem_of(tus.patch(path, SMALL, 0)) == (404, "not-found")
    assert problem_of(tus.delete(path)) == (404, "not-found")


def test_an_upload_of_chunks_is_not_there(tus: TusClient, caller, store, limits):
    upload = begin(caller, store, limits, size=25)

    assert tus.head(f"/api/tus/{upload.file_id}").status == 404


def test_both_spellings_of_the_path_are_the_same(tus: TusClient):
    path = tus.created(10).rstrip("/")

    assert tus.patch(path, b"01234", 0).status == 204
    assert tus.patch(f"{path}/", b"56789", 5).status == 204


# --- who calls


def test_nobody_gets_in_without_a_key(tus: TusClient, receiver):
    path = tus.created(1000)
    stranger = TusClient(receiver, {})

    for got in (stranger.post(upload_length=5), stranger.patch(path, SMALL, 0)):
        assert problem_of(got) == (401, "not-authenticated")
        assert got.headers["www-authenticate"].startswith("Bearer")
    assert stranger.head(path).status == 401
    assert problem_of(stranger.delete(path)) == (401, "not-authenticated")
    assert tus.offset(path) == 0


def test_anothers_upload_is_not_there(tus: TusClient, other: TusClient):
    path = tus.created(1000, upload_concat="partial")

    assert other.head(path).status == 404
    assert problem_of(other.patch(path, SMALL, 0)) == (404, "not-found")
    assert problem_of(other.delete(path)) == (404, "not-found")
    assert problem_of(other.post(upload_concat=f"final;{path}")) == (404, "not-found")
    tus.delete(path)
    assert other.head(path).status == 404
    assert tus.head(path).status == 410


def test_a_key_without_the_scope_may_not(receiver, caller, key_for):
    narrow = TusClient(receiver, {"Authorization": f"Bearer {key_for(caller.user, 'imports')}"})

    assert problem_of(narrow.post(upload_length=5)) == (403, "forbidden")


def test_a_session_needs_its_token_whatever_method_is_said(receiver, caller: Caller, tus):
    path = tus.created(5)
    browser = TusClient(receiver, session_cookie(caller))

    assert problem_of(browser.delete(path)) == (403, "forbidden")
    sneaked = browser.request("GET", path, headers={"X-HTTP-Method-Override": "DELETE"})
    assert problem_of(browser.answer(sneaked)) == (403, "forbidden")
    assert browser.head(path).status == 200


def test_requests_are_counted(tus: TusClient, settings):
    settings.RATE_LIMIT_ENABLED = True

    got = tus.post(upload_length=5)

    assert got.status == 201
    assert "ratelimit" in got.headers
    assert "ratelimit" in tus.head(path_of(got)).headers


def test_unfinished_uploads_have_a_bound(store, limits, clock, caller, key_for):
    few = Terms(store=store, limits=dataclasses.replace(limits, open_uploads=2), clock=clock)
    receiver = TusReceiver(engine=Engine(few), problem_for=problem_for, threads=2)
    tus = TusClient(receiver, {"Authorization": f"Bearer {key_for(caller.user)}"})
    tus.created(5)
    path = tus.created(5)

    assert problem_of(tus.post(upload_length=5)) == (429, "too-many-uploads")
    tus.delete(path)
    assert tus.post(upload_length=5).status == 201
    receiver.close()


# --- creation


def test_a_location_is_absolute_as_django_would_say_it(tus: TusClient, settings):
    settings.ALLOWED_HOSTS = ["files.example.org"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    proxied = {"host": "files.example.org", "x_forwarded_proto": "https"}

    got = tus.post(upload_length=5, **proxied)
    assert got.headers["location"].startswith("https://files.example.org/api/tus/")
    assert problem_of(tus.post(upload_length=5, host="evil.example"))[0] == 400
    assert Upload.objects.count() == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"upload_length": 5, "upload_defer_length": 1},
        {"upload_defer_length": 0},
        {"upload_defer_length": 2},
        {"upload_defer_length": "true"},
    ],
)
def test_a_length_is_told_or_put_off_but_not_both(tus: TusClient, headers):
    assert problem_of(tus.post(**headers)) == (400, "bad-header")


def test_a_file_that_is_too_large_is_refused(tus: TusClient):
    assert problem_of(tus.post(upload_length=8 * MIB + 1)) == (413, "file-too-large")
    assert Upload.objects.count() == 0


def test_a_file_without_bytes_is_complete_at_once(tus: TusClient, store, clock):
    path = tus.created(0)

    assert finished(path, store, clock) == b""
    assert tus.offset(path) == 0


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("", "upload"),
        ("filename", "upload"),
        ("filename ", "upload"),
        ("name YS5jc3Y=", "a.csv"),
        (f"filename {base64_of('Ärger 数据 😀.csv')},is_big", "Ärger 数据 😀.csv"),
        (f"a,b ,filename {base64_of('../../etc/passwd')}", "passwd"),
        ("filetype dGV4dA==, filename YS5jc3Y=", "a.csv"),
    ],
)
def test_metadata_is_kept_as_it_was_sent(tus: TusClient, sent, name):
    path = tus.created(5, upload_metadata=sent)

    assert tus.head(path).headers.get("upload-metadata", "") == sent
    assert row(path).filename == name


@pytest.mark.parametrize(
    "sent",
    [
        "filename !",
        "a YQ==,a YQ==",
        ",",
        "a YQ==,,b",
        "a YQ",
        "a /w==",
        "ä YQ==",
        "a YQ== x",
    ],
)
def test_metadata_that_cannot_be_read_is_refused(tus: TusClient, sent):
    assert problem_of(tus.post(upload_length=5, upload_metadata=sent)) == (400, "bad-header")


def test_a_digest_in_the_metadata_is_verified(tus: TusClient, store, clock):
    right = tus.created(1000, upload_metadata=f"md5 {base64_of(md5_of(SMALL))}")
    wrong = tus.created(1000, upload_metadata=f"sha256 {base64_of('a' * 64)}")
    for path in (right, wrong):
        tus.sent(path, SMALL)

    assert finished(right, store, clock) == SMALL
    with pytest.raises(merging.VerificationFailed):
        finished(wrong, store, clock)
    assert (row(wrong).state, row(wrong).received) == (Upload.State.FAILED, 1000)
    assert problem_of(tus.patch(wrong, b"", 1000)) == (410, "gone")
    bad = tus.post(upload_length=5, upload_metadata=f"md5 {base64_of('xyz')}")
    assert problem_of(bad) == (400, "bad-checksum")


def posted(tus: TusClient, content: bytes, **headers: Any) -> Answer | None:
    facts = {name: headers.pop(name) for name in ("ending",) if name in headers}
    named = {name.replace("_", "-").title(): str(value) for name, value in headers.items()}
    told = {"Content-Type": BODY_TYPE, "Content-Length": str(len(content)), **named}
    request = tus.request("POST", headers=told, pieces=in_pieces(content, 40_000), **facts)
    return tus.ask(request)[0]


def test_the_first_bytes_may_come_with_the_creation(tus: TusClient, store, clock):
    got = posted(tus, CONTENT[:MIB], upload_length=len(CONTENT))
    assert got
    path = path_of(got)

    assert (got.status, got.headers["upload-offset"]) == (201, str(MIB))
    assert tus.patch(path, CONTENT[MIB:], MIB).status == 204
    assert finished(path, store, clock) == CONTENT


def test_all_bytes_may_come_with_the_creation(tus: TusClient, store, clock):
    got = posted(tus, CONTENT, upload_length=len(CONTENT))

    assert got and got.headers["upload-offset"] == str(len(CONTENT))
    assert finished(path_of(got), store, clock) == CONTENT


def test_no_bytes_with_the_creation_are_none(tus: TusClient):
    got = posted(tus, b"", upload_length=5)

    assert got and (got.status, got.headers["upload-offset"]) == (201, "0")


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ({"upload_length": 999}, (413, "body-too-large")),
        ({"upload_length": 1000, "content_type": "text/plain"}, (415, "unsupported-media-type")),
        ({"upload_length": 1000, "upload_checksum": "md5 AAAA"}, (460, "body-mismatch")),
    ],
)
def test_a_creation_whose_bytes_are_refused_creates_nothing(tus, store, headers, problem):
    got = posted(tus, SMALL, **headers)

    assert got and problem_of(got) == problem
    assert Upload.objects.count() == 0
    assert files_in(store) == []


def test_bytes_that_came_with_a_creation_that_was_cut_are_kept(tus: TusClient):
    assert posted(tus, SMALL[:600], upload_length=1000, content_length=1000, ending=GONE) is None

    upload = Upload.objects.get()
    assert tus.offset(f"/api/tus/{upload.file_id}") == 600


# --- a length that comes later


def test_a_length_may_come_with_any_patch(tus: TusClient, store, clock):
    path = tus.created()
    head = tus.head(path).headers
    assert head["upload-defer-length"] == "1"
    assert "upload-length" not in head
    tus.patch(path, CONTENT[:MIB], 0)
    assert row(path).size is None

    got = tus.patch(path, CONTENT[MIB:], MIB, headers={"Upload-Length": str(len(CONTENT))})

    assert got.status == 204
    head = tus.head(path).headers
    assert "upload-defer-length" not in head
    assert head["upload-length"] == str(len(CONTENT))
    assert finished(path, store, clock) == CONTENT


def test_a_length_may_come_when_all_is_there(tus: TusClient, store, clock):
    path = tus.created()
    tus.patch(path, SMALL, 0)

    assert tus.patch(path, b"", 1000, headers={"Upload-Length": "1000"}).status == 204

    assert finished(path, store, clock) == SMALL


@pytest.mark.parametrize(
    ("length", "problem"),
    [
        ("99", (400, "length-mismatch")),
        (str(8 * MIB + 1), (413, "file-too-large")),
        ("x", (400, "bad-header")),
    ],
)
def test_a_length_that_cannot_be_is_refused(tus: TusClient, length, problem):
    path = tus.created()
    tus.patch(path, SMALL[:100], 0)

    got = tus.patch(path, SMALL[100:], 100, headers={"Upload-Length": length})

    assert problem_of(got) == problem
    assert tus.offset(path) == 100
    assert row(path).size is None


def test_a_length_cannot_be_changed(tus: TusClient):
    path = tus.created(1000)

    assert tus.patch(path, SMALL[:9], 0, headers={"Upload-Length": "1000"}).status == 204
    got = tus.patch(path, SMALL[9:], 9, headers={"Upload-Length": "1001"})
    assert problem_of(got) == (400, "length-mismatch")


def test_a_file_of_unknown_length_has_a_bound(tus: TusClient):
    path = tus.created()
    tus.patch(path, CONTENT[:MIB], 0)

    got = tus.patch(path, b"x" * (7 * MIB + 1), MIB)

    assert problem_of(got) == (413, "file-too-large")


# --- checksum

DIGESTS = {
    "sha1": lambda content: hashlib.sha1(content).digest(),
    "sha256": lambda content: hashlib.sha256(content).digest(),
    "md5": lambda content: hashlib.md5(content).digest(),
    "crc32": lambda content: zlib.crc32(content).to_bytes(4, "big"),
}


@pytest.mark.parametrize("algorithm", DIGESTS)
def test_a_checksummed_body_counts_if_it_is_right(tus: TusClient, store, clock, algorithm):
    path = tus.created(len(CONTENT))
    tus.patch(path, CONTENT[:10], 0)

    def checksum(content: bytes) -> dict[str, str]:
        return {"Upload-Checksum": f"{algorithm} {base64_of(DIGESTS[algorithm](content))}"}

    broken = CONTENT[10:-1] + b"?"
    wrong = tus.patch(path, broken, 10, headers=checksum(CONTENT[10:]))
    assert problem_of(wrong) == (460, "body-mismatch")
    assert wrong.json["title"] == "Checksum Mismatch"
    assert tus.offset(path) == 10
    assert tus.patch(path, CONTENT[10:], 10, headers=checksum(CONTENT[10:])).status == 204
    assert finished(path, store, clock) == CONTENT


@pytest.mark.parametrize("sent", ["crc64 AAAA", "sha1", "sha1 !!", "SHA1 AAAA", "sha1 AA", "x"])
def test_a_checksum_that_cannot_be_is_refused(tus: TusClient, sent):
    path = tus.created(1000)

    got = tus.patch(path, SMALL, 0, headers={"Upload-Checksum": sent})

    assert got.status in (400, 460)
    assert tus.offset(path) == 0


@pytest.mark.parametrize("ending", [GONE, STALLED])
def test_a_checksummed_body_that_is_cut_leaves_the_offset_where_it_was(terms, tus, ending):
    path = tus.created(len(CONTENT))
    tus.patch(path, CONTENT[:10], 0)
    headers = {"Upload-Checksum": "md5 AAAAAAAAAAAAAAAAAAAAAA==", "Content-Length": "3000000"}

    quick = TusReceiver(engine=Engine(terms), problem_for=problem_for, idle_s=0.1, threads=2)
    cut = TusClient(quick, tus.key)
    cut.ask(cut.patching(path, CONTENT[10:2_000_000], 10, headers=headers, ending=ending))
    quick.close()

    assert tus.offset(path) == 10


def test_what_a_wrong_body_left_behind_the_end_is_not_in_the_file(tus: TusClient, store, clock):
    path = tus.created()
    tus.patch(path, CONTENT, 0, headers={"Upload-Checksum": f"md5 {base64_of(b'x' * 16)}"})

    tus.patch(path, SMALL, 0, headers={"Upload-Length": "1000"})

    assert finished(path, store, clock) == SMALL


# --- what breaks off


@pytest.mark.parametrize("sent_bytes", [1, 1000, MIB - 1, MIB, MIB + 1, 3 * MIB])
def test_every_byte_of_a_body_that_is_cut_is_kept(tus: TusClient, store, clock, sent_bytes):
    path = tus.created(len(CONTENT))
    whole = {"Content-Length": str(len(CONTENT))}

    gone = tus.patching(path, CONTENT[:sent_bytes], 0, headers=whole, ending=GONE)
    assert tus.ask(gone) == [None]

    assert tus.offset(path) == sent_bytes
    tus.patch(path, CONTENT[sent_bytes:], sent_bytes)
    assert finished(path, store, clock) == CONTENT


def test_a_body_that_stalls_is_ended_and_kept(terms: Terms, tus: TusClient):
    path = tus.created(1000)
    quick = TusReceiver(engine=Engine(terms), problem_for=problem_for, idle_s=0.05, threads=2)
    slow = TusClient(quick, tus.key)

    got = slow.answer(slow.patching(path, SMALL[:300], 0, ending=STALLED))

    assert problem_of(got) == (408, "body-stalled")
    assert got.headers["connection"] == "close"
    assert tus.offset(path) == 300
    quick.close()


def test_a_full_disk_keeps_what_was_told(tus: TusClient, monkeypatch):
    def no_room(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    path = tus.created(len(CONTENT))
    tus.patch(path, CONTENT[:MIB], 0)
    monkeypatch.setattr("apiapp.uploads.appending.write_at", no_room)

    got = tus.patch(path, CONTENT[MIB:], MIB)

    assert problem_of(got) == (507, "disk-full")
    assert tus.offset(path) == MIB


def test_bytes_that_the_disk_has_lost_are_told(tus: TusClient, store):
    path = tus.created(1000)
    tus.patch(path, SMALL[:500], 0)
    (store._folder / "incoming" / id_in(path)).write_bytes(b"")

    assert problem_of(tus.patch(path, SMALL[500:], 500)) == (410, "bytes-gone")


def test_the_quota_counts_what_is_on_disk(store, limits, clock, caller, key_for):
    small = Terms(store=store, limits=dataclasses.replace(limits, user_bytes=2500), clock=clock)
    receiver = TusReceiver(engine=Engine(small), problem_for=problem_for, threads=2)
    tus = TusClient(receiver, {"Authorization": f"Bearer {key_for(caller.user)}"})
    paths = [tus.created(1000) for _ in range(3)]

    for path in paths[:2]:
        tus.sent(path, SMALL)

    assert problem_of(tus.patch(paths[2], SMALL, 0)) == (413, "quota-exceeded")
    assert tus.patch(paths[2], SMALL[:500], 0).status == 204
    receiver.close()


# --- one writer


def test_the_newest_request_takes_over_from_a_hung_one(tus: TusClient, store, clock):
    path = tus.created(len(CONTENT))
    hung = tus.patching(path, CONTENT[:1_500_000], 0, ending=STALLED)

    async def scenario() -> tuple[Any, ...]:
        older = asyncio.create_task(hung.send_to(tus.receiver))
        await hung.has_stalled.wait()
        seen = await tus.request("HEAD", path).send_to(tus.receiver)
        rest = tus.patching(path, CONTENT[1_500_000:], 1_500_000)
        return await older, seen, await rest.send_to(tus.receiver)

    older, seen, newer = asyncio.run(scenario())

    assert problem_of(older) == (409, "taken-over")
    assert seen.headers["upload-offset"] == "1500000"
    assert newer.status == 204
    assert finished(path, store, clock) == CONTENT


def test_a_patch_alone_takes_over_and_is_told_the_offset(tus: TusClient):
    path = tus.created(len(CONTENT))
    hung = tus.patching(path, CONTENT[:70_000], 0, ending=STALLED)

    async def scenario() -> tuple[Any, ...]:
        older = asyncio.create_task(hung.send_to(tus.receiver))
        await hung.has_stalled.wait()
        newer = await tus.patching(path, CONTENT, 0).send_to(tus.receiver)
        return await older, newer

    older, newer = asyncio.run(scenario())

    assert problem_of(older) == (409, "taken-over")
    assert problem_of(newer) == (409, "offset-mismatch")
    assert newer.json["expected_bytes"] == 70_000
    assert tus.offset(path) == 70_000


def test_of_many_at_the_same_time_none_waits_for_long_and_the_bytes_are_right(tus, store, clock):
    path = tus.created(len(CONTENT))
    answers = tus.ask(*(tus.patching(path, CONTENT, 0) for _ in range(6)))

    statuses = sorted(answer.status for answer in answers if answer)
    assert set(statuses) <= {204, 409, 413}
    end = tus.offset(path)
    if end < len(CONTENT):
        tus.patch(path, CONTENT[end:], end)
    assert finished(path, store, clock) == CONTENT


def test_an_upload_that_is_deleted_ends_its_writer(tus: TusClient, store):
    path = tus.created(len(CONTENT))
    hung = tus.patching(path, CONTENT[:MIB], 0, ending=STALLED)

    async def scenario() -> tuple[Any, ...]:
        writer = asyncio.create_task(hung.send_to(tus.receiver))
        await hung.has_stalled.wait()
        return await tus.request("DELETE", path).send_to(tus.receiver), await writer

    deleted, writer = asyncio.run(scenario())

    assert deleted.status == 204
    assert writer.status in (409, 410)
    assert files_in(store) == []
    assert tus.head(path).status == 410


# --- termination and expiration


def test_a_terminated_upload_is_gone_in_whatever_state(tus: TusClient, store, clock):
    begun, complete, done = tus.created(1000), tus.created(1000), tus.created(1000)
    tus.sent(complete, SMALL)
    tus.sent(done, SMALL)
    finished(done, store, clock)

    for path in (begun, complete, done):
        assert tus.delete(path).status == 204
        assert tus.head(path).status == 410
        assert problem_of(tus.patch(path, SMALL, 0)) == (410, "gone")
        assert problem_of(tus.delete(path)) == (410, "gone")
    assert files_in(store) == []
    assert Job.objects.exclude(state="cancelled").filter(task="uploads.merge").count() <= 1


def test_an_upload_expires_unless_bytes_come(tus: TusClient, clock, store):
    path, idle = tus.created(1000), tus.created(1000)
    clock.now += timedelta(seconds=1800)
    got = tus.patch(path, SMALL[:10], 0)
    assert got.headers["upload-expires"] == "Sat, 21 Nov 2026 13:30:00 GMT"
    clock.now += timedelta(seconds=1801)

    assert tus.head(idle).status == 410
    assert problem_of(tus.patch(idle, SMALL, 0)) == (410, "gone")
    assert tus.offset(path) == 10
    expiry.expire(store=store, now=clock.now)
    assert tus.head(idle).status == 410
    assert files_in(store) == [id_in(path)]
    expiry.forget_tombstones(now=clock.now + timedelta(days=8))
    assert tus.head(idle).status == 404
    assert not Tombstone.objects.exists()


# --- the same upload by the other API


def test_what_tus_made_is_an_upload_like_any_other(tus: TusClient, store, clock):
    path = tus.created(None, upload_metadata="filename YS5jc3Y=")
    api = Client(headers=tus.key)
    url = f"/api/uploads/{id_in(path)}/"

    seen = api.get(url).json()
    assert (seen["protocol"], seen["size"], seen["received"]) == ("tus", None, 0)
    assert api.post(f"{url}complete/").json()["type"].endswith("bytes-missing")
    tus.patch(path, SMALL, 0, headers={"Upload-Length": "1000"})
    finished(path, store, clock)
    seen = api.get(url).json()
    assert (seen["state"], seen["filename"], seen["received"]) == ("finished", "a.csv", 1000)
    assert api.delete(url).status_code == 204
    assert tus.head(path).status == 410


def test_pages_of_other_origins_may_see_every_header():
    exposed = set(settings.CORS_EXPOSE_HEADERS)

    assert {
        *("upload-offset", "upload-length", "upload-metadata", "upload-expires", "upload-concat"),
        *("upload-defer-length", "location", "tus-resumable", "tus-version", "tus-extension"),
        *("tus-max-size", "tus-checksum-algorithm"),
    } <= exposed
