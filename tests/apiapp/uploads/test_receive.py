import asyncio
import base64
import dataclasses
import hashlib
import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from apiapp.keys import services as keys
from apiapp.keys.callers import Caller
from apiapp.problems import problem_for
from apiapp.uploads import merging, receive, services
from apiapp.uploads.arriving import Terms
from apiapp.uploads.models import Chunk, Upload
from apiapp.uploads.receive import UploadReceiver
from apiapp.uploads.services import AnnouncedFile, Limits
from apiapp.uploads.storage import FileStore
from tests.apiapp.uploads.made import NOW, md5_of
from tests.apiapp.uploads.requests_over_asgi import (
    FORM_TYPE,
    GONE,
    STALLED,
    Answer,
    Request,
    form,
    in_pieces,
    session_cookie,
)

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

MIB = 2**20
CHUNK_BYTES = 100_000
CONTENT = random.Random(1).randbytes(2 * CHUNK_BYTES + 12_345)
CHUNKS = in_pieces(CONTENT, CHUNK_BYTES)


@pytest.fixture
def limits() -> Limits:
    return Limits(file_bytes=3 * MIB, user_bytes=9 * MIB, chunk_bytes=CHUNK_BYTES, expires_s=3600.0)


@pytest.fixture
def terms(store: FileStore, limits: Limits) -> Terms:
    return Terms(store=store, limits=limits, clock=lambda: NOW)


@pytest.fixture
def receiver(terms: Terms) -> Iterator[UploadReceiver]:
    receiver = UploadReceiver(terms=terms, problem_for=problem_for, idle_s=5.0, threads=4)
    yield receiver
    receiver.close()


@pytest.fixture
def key(caller: Caller, key_for) -> dict[str, str]:
    """The headers of a request by `caller`."""
    return {"Authorization": f"Bearer {key_for(caller.user)}"}


@pytest.fixture
def upload(caller: Caller, store: FileStore, limits: Limits) -> Upload:
    return services.create(
        owner=caller.user,
        announced=AnnouncedFile(filename="cars.csv", size=len(CONTENT)),
        limits=limits,
        store=store,
        now=NOW,
    )


def ask(receiver: UploadReceiver, *requests: Request) -> list[Answer | None]:
    """The answers to requests that are sent at the same time."""

    async def all_of_them() -> list[Answer | None]:
        return await asyncio.gather(*(request.send_to(receiver) for request in requests))

    return asyncio.run(all_of_them())


def answer(receiver: UploadReceiver, request: Request) -> Answer:
    (got,) = ask(receiver, request)
    assert got
    return got


def put(upload: Upload, index: Any, content: bytes, key: dict[str, str], **facts: Any) -> Request:
    path = f"/api/uploads/{upload.file_id}/chunks/{index}"
    headers = {**key, "Content-Length": str(len(content)), **facts.pop("headers", {})}
    pieces = in_pieces(content, 30_000)
    return Request("PUT", path + facts.pop("query", ""), headers, pieces, **facts)


def post(path: str, parts: list, key: dict[str, str], **facts: Any) -> Request:
    pieces = in_pieces(form(parts), facts.pop("piece_bytes", 30_000))
    return Request("POST", path, {**key, **FORM_TYPE, **facts.pop("headers", {})}, pieces, **facts)


def post_chunk(upload: Upload, parts: list, key: dict[str, str], **facts: Any) -> Request:
    return post(f"/api/uploads/{upload.file_id}/chunks/", parts, key, **facts)


def problem_of(got: Answer) -> str:
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json["status"] == got.status
    return got.json["type"].removeprefix("urn:sluice:problem:")


def files_in(store: FileStore) -> list[str]:
    return sorted(path.name for path in store._folder.rglob("*") if path.is_file())


def merged(caller: Caller, store: FileStore, upload: Upload) -> bytes:
    services.complete(caller=caller, file_id=upload.file_id, now=NOW, md5=md5_of(CONTENT))
    merging.merge(
        file_id=upload.file_id, store=store, clock=lambda: NOW, on_progress=lambda *a, **k: None
    )
    return services.path_of(upload, store).read_bytes()


# --- chunks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_chunks_sent_one_by_one_in_any_order_become_the_file(
    receiver, upload, key, caller, store, order
):
    for index in order:
        got = answer(receiver, put(upload, index, CHUNKS[index], key))
        assert got.status == 200
        assert got.json == {
            "file_id": upload.file_id,
            "index": index,
            "size": len(CHUNKS[index]),
            "md5": md5_of(CHUNKS[index]),
        }

    assert merged(caller, store, upload) == CONTENT


def test_chunks_sent_at_the_same_time_and_several_times_become_the_file(
    receiver, upload, key, caller, store
):
    requests = [put(upload, index, CHUNKS[index], key) for index in [0, 1, 2] * 3]
    random.Random(2).shuffle(requests)

    answers = ask(receiver, *requests)

    assert {got.status for got in answers if got} == {200}
    upload.refresh_from_db()
    assert upload.received == len(CONTENT)
    assert merged(caller, store, upload) == CONTENT
    assert files_in(store) == [upload.file_id]


def test_a_chunk_larger_than_a_batch_arrives_whole(receiver, key, caller, store, limits):
    content = random.Random(3).randbytes(2 * MIB + MIB // 2)
    upload = services.create(
        owner=caller.user,
        announced=AnnouncedFile(filename="big", size=len(content), chunk_size=4 * MIB),
        limits=limits,
        store=store,
        now=NOW,
    )

    got = answer(receiver, put(upload, 0, content, key))

    assert got.json["md5"] == md5_of(content)
    assert (store._folder / "incoming" / upload.file_id).read_bytes() == content


@pytest.mark.parametrize("slash", ["", "/"])
def test_every_path_answers_with_and_without_its_slash(receiver, upload, key, slash):
    chunk = put(upload, f"0{slash}", CHUNKS[0], key)
    in_form = post(
        f"/api/uploads/{upload.file_id}/chunks{slash}",
        [("index", None, b"1"), ("chunk", "x", CHUNKS[1])],
        key,
    )
    one_shot = post(f"/api/upload{slash}", [("file", "x", b"content")], key)

    for request in (chunk, in_form, one_shot):
        assert receiver.matches(request.scope)
        assert answer(receiver, request).status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/uploads/x/chunks/0"),
        ("PUT", "/api/uploads/x/chunks"),
        ("POST", "/api/uploads/"),
        ("POST", "/api/uploads/x/complete/"),
        ("GET", "/api/upload"),
        ("POST", "/api/upload/x"),
        ("PUT", "/api/uploads/a/b/chunks/0"),
    ],
)
def test_other_requests_are_left_to_django(receiver, method, path):
    assert not receiver.matches(Request(method, path).scope)


def test_the_same_chunk_again_is_answered_the_same(receiver, upload, key, store):
    first, second = (answer(receiver, put(upload, 0, CHUNKS[0], key)) for _ in range(2))

    assert first.json == second.json
    assert files_in(store) == [upload.file_id]


# --- chunks as forms ----------------------------------------------------------------------------


@pytest.mark.parametrize("index_comes_first", [True, False])
@pytest.mark.parametrize("piece_bytes", [100_000, 7])
def test_a_chunk_comes_as_a_form_with_its_fields_in_any_order(
    receiver, upload, key, caller, store, index_comes_first, piece_bytes
):
    for index, content in enumerate(CHUNKS):
        fields = [("index", None, b"%d" % index), ("md5", None, md5_of(content).encode())]
        file = [("chunk", "blob", content)]
        parts = fields + file if index_comes_first else file + fields
        got = answer(receiver, post_chunk(upload, parts, key, piece_bytes=piece_bytes))
        assert got.status == 200
        assert got.json["md5"] == md5_of(content)

    assert merged(caller, store, upload) == CONTENT


@pytest.mark.parametrize(
    ("parts", "status", "problem"),
    [
        ([("chunk", "x", CHUNKS[0])], 400, "bad-form"),
        ([("index", None, b"0")], 422, "no-file"),
        ([("chunk", "x", CHUNKS[0]), ("index", None, b"3")], 422, "bad-chunk-index"),
        ([("index", None, b"x"), ("chunk", "x", CHUNKS[0])], 422, "bad-chunk-index"),
        ([("index", None, b"0"), ("chunk", "x", b"short")], 422, "wrong-chunk-length"),
        ([("chunk", "x", CHUNKS[0]), ("index", None, b"2")], 422, "wrong-chunk-length"),
        ([("chunk", "x", CHUNKS[0] + b"1"), ("index", None, b"0")], 422, "wrong-chunk-length"),
        (
            [("index", None, b"0"), ("md5", None, b"0" * 32), ("chunk", "x", CHUNKS[0])],
            422,
            "checksum-mismatch",
        ),
        (
            [("index", None, b"0"), ("md5", None, b"?"), ("chunk", "x", CHUNKS[0])],
            400,
            "bad-checksum",
        ),
        (
            [("index", None, b"0"), ("chunk", "x", CHUNKS[0]), ("chunk", "y", CHUNKS[0])],
            422,
            "too-many-files",
        ),
    ],
)
def test_a_bad_form_has_its_clear_answer_and_leaves_nothing(
    receiver, upload, key, store, parts, status, problem
):
    got = answer(receiver, post_chunk(upload, parts, key))

    assert (got.status, problem_of(got)) == (status, problem)
    assert not Chunk.objects.exists()
    assert files_in(store) == [upload.file_id]


def test_what_is_no_form_is_refused(receiver, upload, key):
    request = post_chunk(upload, [], key, headers={"Content-Type": "application/json"})

    got = answer(receiver, request)

    assert (got.status, problem_of(got)) == (415, "unsupported-media-type")


# --- checksums ----------------------------------------------------------------------------------


def content_md5(content: bytes) -> dict[str, str]:
    return {"Content-MD5": base64.b64encode(hashlib.md5(content).digest()).decode()}


def test_a_matching_checksum_is_accepted_as_header_and_as_parameter(receiver, upload, key):
    by_header = put(upload, 0, CHUNKS[0], key, headers=content_md5(CHUNKS[0]))
    by_parameter = put(upload, 1, CHUNKS[1], key, query=f"?md5={md5_of(CHUNKS[1]).upper()}")

    for request in (by_header, by_parameter):
        assert answer(receiver, request).status == 200


@pytest.mark.parametrize(
    "wrong", [{"query": f"?md5={'0' * 32}"}, {"headers": content_md5(b"something else")}]
)
def test_a_chunk_with_the_wrong_checksum_is_not_counted(receiver, upload, key, store, wrong):
    got = answer(receiver, put(upload, 0, CHUNKS[0], key, **wrong))

    assert (got.status, problem_of(got)) == (422, "checksum-mismatch")
    assert got.json["got"] == md5_of(CHUNKS[0])
    assert services.missing_ranges(upload) == [[0, 2]]
    assert answer(receiver, put(upload, 0, CHUNKS[0], key)).status == 200
    assert files_in(store) == [upload.file_id]


@pytest.mark.parametrize(
    "bad", [{"query": "?md5=xyz"}, {"query": "?md5="}, {"headers": {"Content-MD5": "?"}}]
)
def test_what_is_no_checksum_is_refused(receiver, upload, key, bad):
    got = answer(receiver, put(upload, 0, CHUNKS[0], key, **bad))

    assert (got.status, problem_of(got)) == (400, "bad-checksum")


# --- bad chunks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"short", CHUNKS[0] + b"x", CHUNKS[0] * 20])
@pytest.mark.parametrize("length_is_told", [True, False])
def test_a_chunk_of_the_wrong_length_is_refused_with_both_lengths(
    receiver, upload, key, store, content, length_is_told
):
    answer(receiver, put(upload, 1, CHUNKS[1], key))
    request = put(upload, 0, content, key)
    if not length_is_told:
        del request.headers["Content-Length"]

    got = answer(receiver, request)

    assert (got.status, problem_of(got)) == (422, "wrong-chunk-length")
    assert got.json["expected_bytes"] == CHUNK_BYTES
    assert got.json["got_bytes"] == len(content) or len(content) > MIB
    assert services.received_ranges(upload) == [[1, 1]]
    in_place = (store._folder / "incoming" / upload.file_id).read_bytes()
    assert in_place[CHUNK_BYTES : 2 * CHUNK_BYTES] == CHUNKS[1]


@pytest.mark.parametrize("index", ["3", "-1", "x", "1.0", "%20", "99999999999999999999"])
def test_an_index_out_of_range_or_no_number_has_its_clear_answer(receiver, upload, key, index):
    got = answer(receiver, put(upload, index, CHUNKS[0], key))

    assert (got.status, problem_of(got)) == (422, "bad-chunk-index")
    assert "from 0 to 2" in got.json["detail"]


def test_an_unknown_file_id_and_one_of_another_user_are_both_not_found(
    receiver, upload, other_caller, key_for
):
    theirs = {"Authorization": f"Bearer {key_for(other_caller.user)}"}
    unknown = Upload(file_id="0" * 32)

    answers = ask(
        receiver,
        put(upload, 0, CHUNKS[0], theirs),
        put(unknown, 0, CHUNKS[0], theirs),
        post_chunk(upload, [("index", None, b"0"), ("chunk", "x", CHUNKS[0])], theirs),
        post_chunk(upload, [("chunk", "x", CHUNKS[0]), ("index", None, b"0")], theirs),
        put(Upload(file_id="..%2f..%2fetc"), 0, CHUNKS[0], theirs),
    )

    assert {(got.status, problem_of(got)) for got in answers if got} == {(404, "not-found")}
    assert not Chunk.objects.exists()


def test_an_upload_that_is_being_verified_takes_no_chunk(receiver, upload, key):
    Upload.objects.update(state=Upload.State.VERIFYING)

    got = answer(receiver, put(upload, 0, CHUNKS[0], key))

    assert (got.status, problem_of(got)) == (409, "not-receiving")
    assert got.json["state"] == "verifying"


def test_a_disk_without_room_is_told_before_the_body_is_read(
    receiver, upload, key, terms, tmp_path
):
    full = FileStore(tmp_path / "uploads", free_bytes=lambda folder: 99_999)
    cramped = UploadReceiver(
        terms=dataclasses.replace(terms, store=full), problem_for=problem_for, threads=1
    )

    got = answer(cramped, put(upload, 0, CHUNKS[0], key, ending=STALLED))

    assert (got.status, problem_of(got)) == (507, "disk-full")
    assert not Chunk.objects.exists()
    cramped.close()


def test_a_disk_that_fills_up_on_the_way_gives_the_claim_back(receiver, upload, key, monkeypatch):
    def no_room(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("apiapp.uploads.sharing.write_all", no_room)

    got = answer(receiver, put(upload, 0, CHUNKS[0], key))

    assert (got.status, problem_of(got)) == (507, "disk-full")
    assert not Chunk.objects.exists()


def test_a_request_longer_than_any_chunk_is_refused_before_it_is_read(receiver, upload, key):
    too_long = {"Content-Length": str(receive.CHUNK_REQUEST_BYTES + 1)}

    got = answer(receiver, post_chunk(upload, [], key, headers=too_long, ending=STALLED))

    assert (got.status, problem_of(got)) == (413, "body-too-large")


# --- clients that leave -------------------------------------------------------------------------


@pytest.mark.parametrize("sent_bytes", [0, 10, 60_000, CHUNK_BYTES])
def test_a_client_that_leaves_is_not_answered_and_its_claim_is_free_again(
    receiver, upload, key, store, sent_bytes
):
    broken = put(upload, 0, CHUNKS[0][:sent_bytes], key, ending=GONE)
    broken.headers["Content-Length"] = str(CHUNK_BYTES)

    assert ask(receiver, broken) == [None]

    assert not Chunk.objects.exists()
    assert answer(receiver, put(upload, 0, CHUNKS[0], key)).status == 200
    assert files_in(store) == [upload.file_id]


def test_a_client_that_leaves_in_the_middle_of_a_repeat_leaves_what_is_stored(
    receiver, upload, key, store
):
    answer(receiver, put(upload, 0, CHUNKS[0], key))
    broken = put(upload, 0, b"#" * CHUNK_BYTES, key, ending=GONE)

    assert ask(receiver, broken) == [None]

    in_place = (store._folder / "incoming" / upload.file_id).read_bytes()
    assert in_place[:CHUNK_BYTES] == CHUNKS[0]
    assert files_in(store) == [upload.file_id]


def test_a_client_that_leaves_in_the_middle_of_a_form_leaves_nothing(receiver, upload, key, store):
    parts = [("chunk", "x", CHUNKS[0]), ("index", None, b"0")]
    cut = [
        post_chunk(upload, parts, key, ending=GONE),
        post_chunk(upload, parts[::-1], key, ending=GONE),
        post("/api/upload", [("file", "x", CONTENT)], key, ending=GONE),
    ]
    for request in cut:
        request.pieces = list(request.pieces)[:-1]

    assert ask(receiver, *cut) == [None, None, None]

    assert not Chunk.objects.exists()
    assert files_in(store) == [upload.file_id]


def test_a_client_that_stalls_is_told_and_its_claim_is_free_again(terms, upload, key):
    impatient = UploadReceiver(terms=terms, problem_for=problem_for, idle_s=0.05, threads=1)

    got = answer(impatient, put(upload, 0, CHUNKS[0], key, ending=STALLED))

    assert (got.status, problem_of(got)) == (408, "body-stalled")
    assert got.headers["connection"] == "close"
    assert not Chunk.objects.exists()
    impatient.close()


def test_while_one_client_hangs_another_sends_the_same_chunk(receiver, upload, key, caller, store):
    async def scenario() -> Answer | None:
        hanging = put(upload, 0, b"#" * 50_000, key, ending=STALLED)
        hanging.headers["Content-Length"] = str(CHUNK_BYTES)
        hangs = asyncio.create_task(hanging.send_to(receiver))
        await hanging.has_stalled.wait()
        got = await put(upload, 0, CHUNKS[0], key).send_to(receiver)
        hangs.cancel()
        await asyncio.wait([hangs])
        return got

    got = asyncio.run(scenario())

    assert got
    assert got.status == 200
    for index in (1, 2):
        answer(receiver, put(upload, index, CHUNKS[index], key))
    assert merged(caller, store, upload) == CONTENT


def test_a_server_that_stops_gives_the_claims_of_its_requests_back(receiver, upload, key, store):
    async def scenario() -> None:
        hanging = put(upload, 0, CHUNKS[0][:50_000], key, ending=STALLED)
        hanging.headers["Content-Length"] = str(CHUNK_BYTES)
        hangs = asyncio.create_task(hanging.send_to(receiver))
        await hanging.has_stalled.wait()
        hangs.cancel()
        await asyncio.wait([hangs])

    asyncio.run(scenario())

    assert not Chunk.objects.exists()


# --- whole files --------------------------------------------------------------------------------


def test_a_whole_file_is_finished_at_once(receiver, key, caller, store):
    got = answer(receiver, post("/api/upload", [("file", "../汽车.csv", CONTENT)], key))

    assert got.status == 200
    assert got.json == {
        "file_id": got.json["file_id"],
        "filename": "汽车.csv",
        "size": len(CONTENT),
        "md5": md5_of(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
    }
    upload = services.finished_upload(caller, got.json["file_id"])
    assert services.path_of(upload, store).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("parts", "status", "problem"),
    [
        ([], 422, "no-file"),
        ([("note", None, b"hello")], 422, "no-file"),
        ([("file", "", b"")], 422, "empty-file"),
        ([("file", "x.csv", b"")], 422, "empty-file"),
        ([("file", "x", b"1"), ("file", "y", b"2")], 422, "too-many-files"),
        ([("file", "x", b"1" * (3 * MIB + 1))], 413, "file-too-large"),
    ],
)
def test_a_bad_whole_file_has_its_clear_answer_and_leaves_nothing(
    receiver, key, store, parts, status, problem
):
    got = answer(receiver, post("/api/upload", parts, key))

    assert (got.status, problem_of(got)) == (status, problem)
    assert not Upload.objects.exists()
    assert files_in(store) == []


def test_a_whole_file_over_the_limit_is_refused_before_it_is_read(receiver, key):
    too_long = {"Content-Length": str(10 * MIB)}

    got = answer(receiver, post("/api/upload", [], key, headers=too_long, ending=STALLED))

    assert (got.status, problem_of(got)) == (413, "body-too-large")


def test_whole_files_that_together_exceed_the_quota_are_refused(receiver, key, terms, limits):
    small = dataclasses.replace(terms, limits=dataclasses.replace(limits, user_bytes=1000))
    cramped = UploadReceiver(terms=small, problem_for=problem_for, threads=1)
    answer(cramped, post("/api/upload", [("file", "x", b"1" * 900)], key))

    got = answer(cramped, post("/api/upload", [("file", "x", b"1" * 101)], key))

    assert (got.status, problem_of(got)) == (413, "quota-exceeded")
    assert Upload.objects.count() == 1
    cramped.close()


def test_a_whole_file_leaves_the_reserve_of_the_disk_alone(receiver, key, terms, tmp_path):
    full = FileStore(tmp_path / "uploads", reserve_bytes=500, free_bytes=lambda folder: 600)
    cramped = UploadReceiver(
        terms=dataclasses.replace(terms, store=full), problem_for=problem_for, threads=1
    )

    got = answer(cramped, post("/api/upload", [("file", "x", b"1" * 101)], key))

    assert (got.status, problem_of(got)) == (507, "disk-full")
    assert files_in(full) == []
    cramped.close()


# --- who is calling -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer no.key"}, {"Cookie": "sluice_session=nobody"}]
)
def test_an_unknown_caller_is_told_how_to_be_known(receiver, upload, headers):
    file = [("index", None, b"0"), ("chunk", "x", CHUNKS[0])]
    answers = ask(
        receiver,
        put(upload, 0, CHUNKS[0], headers),
        post_chunk(upload, file, headers),
        post("/api/upload", [("file", "x", b"1")], headers),
    )

    for got in answers:
        assert got
        assert got.status == 401
        assert got.headers["www-authenticate"] == 'Bearer realm="sluice"'
    assert not Chunk.objects.exists()


def test_an_unknown_caller_is_refused_before_the_body_is_read(receiver):
    got = answer(receiver, post("/api/upload", [], {}, ending=STALLED))

    assert got.status == 401


def test_what_is_wrong_with_a_request_is_told_to_those_only_who_may_make_it(
    receiver, upload, other_caller, key_for
):
    theirs = {"Authorization": f"Bearer {key_for(other_caller.user)}"}
    no_form = {"Content-Type": "application/json"}
    wrong = [
        lambda headers: put(upload, 0, CHUNKS[0], headers, query="?md5=nonsense"),
        lambda headers: post_chunk(upload, [], headers, headers=no_form),
        lambda headers: post_chunk(upload, [], headers, headers={"Content-Length": "9" * 12}),
    ]

    for request in wrong:
        assert answer(receiver, request({})).status == 401
        assert answer(receiver, request(theirs)).status == 404


def test_a_key_without_the_scope_is_refused(receiver, upload, caller, key_for):
    reader = {"Authorization": f"Bearer {key_for(caller.user, 'datasets:read')}"}

    answers = ask(
        receiver,
        put(upload, 0, CHUNKS[0], reader),
        post("/api/upload", [("file", "x", b"1")], reader),
    )

    assert {(got.status, problem_of(got)) for got in answers if got} == {(403, "forbidden")}


def test_a_revoked_key_is_refused_at_once(receiver, upload, caller):
    row, key = keys.create_api_key(
        owner=caller.user,
        name="x",
        key_scopes=["uploads"],
        server_secret=settings.SECRET_KEY,
    )
    headers = {"Authorization": f"Bearer {key}"}
    assert answer(receiver, put(upload, 0, CHUNKS[0], headers)).status == 200

    keys.revoke(key=row, now=NOW)

    assert answer(receiver, put(upload, 1, CHUNKS[1], headers)).status == 401


def test_a_name_and_password_are_accepted(receiver, upload, caller):
    caller.user.set_password("alices-passphrase")
    caller.user.save()
    shown = base64.b64encode(b"alice:alices-passphrase").decode()

    got = answer(receiver, put(upload, 0, CHUNKS[0], {"Authorization": f"Basic {shown}"}))

    assert got.status == 200


def browser(caller: Caller) -> tuple[dict[str, str], str]:
    """Cookies of a signed-in browser, and the token its pages have."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(caller.user)
    token = "t" * 32
    session = session_cookie(caller)["Cookie"]
    return {"Cookie": f"{session}; {settings.CSRF_COOKIE_NAME}={token}"}, token


def test_a_session_needs_its_token_as_header_or_as_a_field_before_the_file(
    receiver, upload, caller
):
    cookies, token = browser(caller)
    field = ("csrfmiddlewaretoken", None, token.encode())
    file = [("index", None, b"1"), ("chunk", "x", CHUNKS[1])]

    by_header = put(upload, 0, CHUNKS[0], {**cookies, "X-CSRFToken": token})
    by_field = post_chunk(upload, [field, *file], cookies)
    one_shot = post("/api/upload", [field, ("file", "x", b"1")], cookies)

    for request in (by_header, by_field, one_shot):
        assert answer(receiver, request).status == 200


def test_a_session_without_its_token_is_refused_and_nothing_is_stored(
    receiver, upload, caller, store
):
    cookies, token = browser(caller)
    field = ("csrfmiddlewaretoken", None, token.encode())
    wrong = ("csrfmiddlewaretoken", None, b"x" * 32)
    file = ("file", "x", b"1")

    answers = ask(
        receiver,
        put(upload, 0, CHUNKS[0], cookies),
        put(upload, 0, CHUNKS[0], {**cookies, "X-CSRFToken": "x" * 32}),
        post("/api/upload", [file], cookies),
        post("/api/upload", [wrong, file], cookies),
        post("/api/upload", [file, field], cookies),
        post("/api/upload", [("note", None, b"")], cookies),
    )

    assert {(got.status, problem_of(got)) for got in answers if got} == {(403, "forbidden")}
    assert files_in(store) == [upload.file_id]


def test_an_error_of_ours_is_told_by_reference_only(receiver, upload, key, monkeypatch, caplog):
    def bug(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("apiapp.uploads.chunks.store_chunk", bug)

    got = answer(receiver, put(upload, 0, CHUNKS[0], key))

    assert (got.status, problem_of(got)) == (500, "internal-error")
    assert "secret" not in str(got.json)
    assert got.json["instance"] in caplog.text
    assert not Chunk.objects.exists()
