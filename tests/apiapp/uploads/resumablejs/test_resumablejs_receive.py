import asyncio
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings as project
from django.utils import timezone

from apiapp.jobs.models import Job
from apiapp.keys.callers import Caller
from apiapp.problems import problem_for
from apiapp.uploads import configured, merging, services
from apiapp.uploads.arriving import Terms
from apiapp.uploads.identified import ECHO_S
from apiapp.uploads.models import ClientIdentifier, Upload
from apiapp.uploads.resumablejs_receive import ResumableJsReceiver
from apiapp.uploads.services import Limits
from apiapp.uploads.storage import FileStore
from tests.apiapp.uploads.made import NOW, md5_of
from tests.apiapp.uploads.requests_over_asgi import (
    FORM_TYPE,
    GONE,
    WAITING,
    Answer,
    Request,
    form,
    in_pieces,
    session_cookie,
)
from tests.apiapp.uploads.resumablejs.told import chunks_of

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

PATH = "/api/uploads/resumablejs/"
CHUNK_BYTES = 100_000
CONTENT = random.Random(5).randbytes(3 * CHUNK_BYTES + 12_345)
MIB = 2**20


@pytest.fixture(autouse=True)
def upload_folder(settings: Any, tmp_path: Any) -> None:
    settings.UPLOAD_FOLDER = tmp_path / "uploads"
    settings.UPLOAD_FREE_DISK_BYTES = 0


@pytest.fixture
def store(upload_folder: None) -> FileStore:
    return configured.store()


@pytest.fixture
def limits() -> Limits:
    return Limits(file_bytes=MIB, user_bytes=2 * MIB, chunk_bytes=CHUNK_BYTES, expires_s=3600.0)


@pytest.fixture
def receiver(store: FileStore, limits: Limits) -> Iterator[ResumableJsReceiver]:
    terms = Terms(store=store, limits=limits, clock=lambda: NOW)
    receiver = ResumableJsReceiver(terms=terms, problem_for=problem_for, idle_s=20.0, threads=4)
    yield receiver
    receiver.close()


@pytest.fixture
def key(caller: Caller, key_for: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {key_for(caller.user)}"}


@pytest.fixture
def other_key(other_caller: Caller, key_for: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {key_for(other_caller.user)}"}


def cut(content: bytes = CONTENT, **facts: Any) -> list[tuple[dict[str, str], bytes]]:
    return list(chunks_of(content, **{"chunk_size": CHUNK_BYTES, **facts}))


def posted(chunk: tuple[dict[str, str], bytes], key: dict[str, str], **facts: Any) -> Request:
    """As both clients do by default; resumable.js says everything in the query as well."""
    said, content = chunk
    parts = [*((name, None, value.encode()) for name, value in said.items())]
    query = f"?{urlencode(said)}" if "resumableIdentifier" in said else ""
    pieces = in_pieces(form([*parts, ("file", "blob", content)]), 30_000)
    headers = {**key, **FORM_TYPE, **facts.pop("headers", {})}
    return Request("POST", PATH + query, headers, pieces, **facts)


def octets(chunk: tuple[dict[str, str], bytes], key: dict[str, str], **facts: Any) -> Request:
    """With `method: "octet"`."""
    said, content = chunk
    headers = {**key, "Content-Type": "application/octet-stream"}
    headers["Content-Length"] = str(len(content))
    method = facts.pop("method", "POST")
    return Request(
        method, f"{PATH}?{urlencode(said)}", headers, in_pieces(content, 30_000), **facts
    )


def ask(receiver: ResumableJsReceiver, *requests: Request) -> list[Answer | None]:
    async def all_of_them() -> list[Answer | None]:
        return await asyncio.gather(*(request.send_to(receiver) for request in requests))

    return asyncio.run(all_of_them())


def answer(receiver: ResumableJsReceiver, request: Request) -> Answer:
    assert receiver.matches(request.scope)
    (got,) = ask(receiver, request)
    assert got
    return got


def looked_for(client: Any, chunk: tuple[dict[str, str], bytes]) -> int:
    """The status of the test of a chunk."""
    status: int = client.get(PATH, chunk[0]).status_code
    return status


def problem_of(got: Answer) -> str:
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json["status"] == got.status
    return str(got.json["type"]).removeprefix("urn:sluice:problem:")


def merge(file_id: str, store: FileStore) -> None:
    merging.merge(file_id=file_id, store=store, clock=lambda: NOW, on_progress=lambda *a, **k: None)


def content_of(file_id: str, store: FileStore) -> bytes:
    """Of the upload, which has completed itself."""
    assert Upload.objects.get(pk=file_id).state == "verifying"
    merge(file_id, store)
    with services.open_content(Upload.objects.get(pk=file_id), store) as file:
        return file.read()


# --- whole files --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefix", "send", "force"),
    [
        ("resumable", posted, False),
        ("resumable", octets, True),
        ("flow", posted, True),
        ("flow", octets, False),
    ],
)
def test_chunks_in_any_order_become_the_file_without_another_word(
    receiver, key, store, caller, prefix, send, force
):
    chunks = cut(prefix=prefix, force=force, name="数据 a.csv")
    assert len(chunks) == (4 if force else 3)
    random.Random(3).shuffle(chunks)

    answers = [answer(receiver, send(chunk, key)) for chunk in chunks]

    assert {got.status for got in answers} == {200}
    (file_id,) = {got.json["file_id"] for got in answers}
    assert {got.headers["file-id"] for got in answers} == {file_id}
    assert [got.json["state"] for got in answers][-2:] == ["receiving", "verifying"]
    assert [got.json["md5"] for got in answers] == [md5_of(content) for _, content in chunks]
    upload = Upload.objects.get(pk=file_id)
    assert (upload.filename, upload.size, upload.owner) == ("数据 a.csv", len(CONTENT), caller.user)
    assert answers[-1].json["job_id"] == upload.job_id == Job.objects.get().pk
    assert content_of(file_id, store) == CONTENT


def test_chunks_sent_at_the_same_time_and_several_times_are_one_upload(receiver, key, store):
    requests = [posted(chunk, key) for chunk in cut()[:-1] * 3]
    random.Random(4).shuffle(requests)

    answers = ask(receiver, *requests)
    last = answer(receiver, posted(cut()[-1], key))

    assert {got.status for got in answers if got} == {200}
    assert {got.json["file_id"] for got in [*answers, last] if got} == {last.json["file_id"]}
    assert Job.objects.count() == 1
    assert content_of(last.json["file_id"], store) == CONTENT


@pytest.mark.parametrize("send", [posted, octets])
def test_a_file_without_bytes_is_one_chunk_without_bytes(receiver, key, store, api, caller, send):
    (chunk,) = cut(b"")
    assert looked_for(api(caller.user), chunk) == 204

    got = answer(receiver, send(chunk, key))

    assert got.json["state"] == "verifying"
    assert looked_for(api(caller.user), chunk) == 200
    assert content_of(got.json["file_id"], store) == b""


def test_the_path_answers_with_and_without_its_slash_to_either_method(receiver, key):
    for slash in ("", "/"):
        for method in ("POST", "PUT"):
            request = octets(cut(b"abc")[0], key, method=method)
            request.path = request.path.replace("/?", f"{slash}?")

            assert answer(receiver, request).status == 200


# --- going on -----------------------------------------------------------------------------------


def test_a_chunk_is_to_be_sent_until_it_is_here_and_never_again(receiver, key, store, api, caller):
    client, chunks = api(caller.user), cut()
    assert [looked_for(client, chunk) for chunk in chunks] == [204, 204, 204]

    first = answer(receiver, posted(chunks[1], key))
    assert [looked_for(client, chunk) for chunk in chunks] == [204, 200, 204]
    got = client.get(PATH, chunks[1][0])
    assert got.json()["file_id"] == got["File-Id"] == first.json["file_id"]
    assert client.head(PATH, chunks[0][0])["File-Id"] == first.json["file_id"]

    for chunk in (chunks[0], chunks[2]):
        answer(receiver, posted(chunk, key))
    assert [looked_for(client, chunk) for chunk in chunks] == [
        200,
        200,
        200,
    ]  # it is being verified
    merge(first.json["file_id"], store)
    Upload.objects.update(finished_at=timezone.now())
    assert [looked_for(client, chunk) for chunk in chunks] == [200, 200, 200]


def test_who_asks_long_after_the_end_sends_the_file_anew_as_it_may_have_changed(
    receiver, key, store, api, caller
):
    for chunk in cut():
        first = answer(receiver, posted(chunk, key)).json["file_id"]
    merge(first, store)
    Upload.objects.update(finished_at=timezone.now() - timedelta(seconds=ECHO_S + 1))
    changed = CONTENT[:-1] + b"!"

    assert [looked_for(api(caller.user), chunk) for chunk in cut(changed)] == [204, 204, 204]
    for chunk in cut(changed):
        second = answer(receiver, posted(chunk, key)).json["file_id"]

    assert content_of(second, store) == changed
    with services.open_content(Upload.objects.get(pk=first), store) as file:
        assert file.read() == CONTENT


def test_a_chunk_that_broke_off_is_to_be_sent_again(receiver, key, store, api, caller):
    chunks = cut()
    for request in (posted(chunks[0], key, ending=GONE), octets(chunks[0], key, ending=GONE)):
        request.pieces = list(request.pieces)[:2]
        assert ask(receiver, request) == [None]
    assert looked_for(api(caller.user), chunks[0]) == 204

    answers = [answer(receiver, posted(chunk, key)) for chunk in chunks]

    assert content_of(answers[0].json["file_id"], store) == CONTENT


def test_a_client_that_hangs_does_not_keep_its_own_next_request_out(receiver, key, store):
    chunks = cut()
    hung = posted(chunks[0], key, ending=WAITING)
    hung.pieces = list(hung.pieces)[:2]

    async def scenario() -> None:
        waiting = asyncio.create_task(hung.send_to(receiver))
        await hung.has_stalled.wait()
        for chunk in chunks:
            got = await posted(chunk, key).send_to(receiver)
            assert got
            assert got.status == 200
        hung.ending = GONE
        hung.goes_on.set()
        assert await waiting is None

    asyncio.run(scenario())

    (upload,) = Upload.objects.all()
    assert content_of(upload.file_id, store) == CONTENT


@pytest.mark.parametrize("is_finished", [False, True])
def test_who_missed_an_answer_sends_again_and_gets_it(receiver, key, store, is_finished):
    chunks = cut()
    answers = [answer(receiver, posted(chunk, key)) for chunk in chunks]
    file_id = answers[0].json["file_id"]
    if is_finished:
        merge(file_id, store)

    again = [answer(receiver, send(chunk, key)) for chunk in chunks for send in (posted, octets)]

    assert {got.status for got in again} == {200}
    assert {got.json["file_id"] for got in again} == {file_id}
    assert {got.json["state"] for got in again} == {"finished" if is_finished else "verifying"}
    assert Upload.objects.count() == 1


@pytest.mark.parametrize("is_finished", [False, True])
def test_other_bytes_for_a_complete_file_are_refused_and_change_nothing(
    receiver, key, store, is_finished
):
    for chunk in cut():
        got = answer(receiver, posted(chunk, key))
    if is_finished:
        merge(got.json["file_id"], store)
    said, content = cut()[1]

    refused = answer(receiver, posted((said, b"!" + content[1:]), key))
    short = answer(receiver, octets(({**said}, content[1:]), key))

    assert (refused.status, problem_of(refused)) == (422, "identifier-used")
    assert refused.json["file_id"] == got.json["file_id"]
    assert (short.status, problem_of(short)) == (422, "wrong-chunk-length")
    if not is_finished:
        merge(got.json["file_id"], store)
    assert Upload.objects.get().sha256
    with services.open_content(Upload.objects.get(), store) as file:
        assert file.read() == CONTENT


def test_a_deleted_upload_is_begun_anew(receiver, key, store, api, caller):
    chunks = cut()
    first = answer(receiver, posted(chunks[0], key)).json["file_id"]
    services.delete(caller=caller, file_id=first, store=store, now=NOW)
    assert looked_for(api(caller.user), chunks[0]) == 204

    answers = [answer(receiver, posted(chunk, key)) for chunk in chunks]

    assert answers[0].json["file_id"] != first
    assert content_of(answers[0].json["file_id"], store) == CONTENT


def test_a_file_that_was_not_what_was_announced_is_sent_anew(receiver, key, store, api, caller):
    chunks = cut(sha256="0" * 64)
    for chunk in chunks:
        got = answer(receiver, posted(chunk, key))
    with pytest.raises(Exception, match="SHA-256"):
        merge(got.json["file_id"], store)
    assert [looked_for(api(caller.user), chunk) for chunk in chunks] == [204, 204, 204]

    again = answer(receiver, posted(chunks[0], key))

    assert again.json["file_id"] != got.json["file_id"]
    assert Upload.objects.get(pk=got.json["file_id"]).state == "failed"
    assert ClientIdentifier.objects.count() == 1


# --- whose it is --------------------------------------------------------------------------------


def test_the_same_identifier_of_two_people_means_two_uploads(
    receiver, key, other_key, store, api, other_caller
):
    chunks = cut()
    mine = [answer(receiver, posted(chunk, key)).json["file_id"] for chunk in chunks]
    assert [looked_for(api(other_caller.user), chunk) for chunk in chunks] == [204, 204, 204]

    theirs = answer(receiver, posted(chunks[0], other_key)).json

    assert theirs["file_id"] not in mine
    assert theirs["state"] == "receiving"


def test_files_whose_names_have_no_ascii_letter_are_kept_apart(receiver, key):
    one, other = cut(b"1,2", name="数据"), cut(b"3,4", name="資料")
    assert one[0][0]["resumableIdentifier"] == other[0][0]["resumableIdentifier"]

    ids = [answer(receiver, posted(chunks[0], key)).json["file_id"] for chunks in (one, other)]

    assert ids[0] != ids[1]


def test_a_browser_that_is_signed_in_needs_its_csrf_token(receiver, caller, client):
    cookie = session_cookie(caller)
    token = "x" * 32  # as the cookie has it
    cookie = {"Cookie": f"{cookie['Cookie']}; {project.CSRF_COOKIE_NAME}={token}"}
    said, content = cut(b"abc")[0]

    without = answer(receiver, posted((said, content), cookie))
    as_field = answer(receiver, posted(({**said, "csrfmiddlewaretoken": token}, content), cookie))
    as_header = answer(receiver, octets((said, content), {**cookie, "X-CSRFToken": token}))

    assert [got.status for got in (without, as_field, as_header)] == [403, 200, 200]


def test_strangers_and_keys_without_the_scope_are_refused(receiver, caller, key_for, client):
    chunk = cut(b"abc")[0]
    weak = {"Authorization": f"Bearer {key_for(caller.user, 'imports')}"}

    assert [answer(receiver, posted(chunk, who)).status for who in ({}, weak)] == [401, 403]
    assert client.get(PATH, chunk[0]).status_code == 401
    assert client.get(PATH, chunk[0], headers=weak).status_code == 403
    assert not Upload.objects.exists()


# --- what cannot be ------------------------------------------------------------------------------


def refusals() -> list[Any]:
    said, content = cut(b"abcdef" * 10, chunk_size=40)[0]

    def changed(**other: str) -> tuple[dict[str, str], bytes]:
        return {**said, **other}, content

    def in_form(*parts: tuple[str, str | None, bytes]) -> Any:
        return lambda key: Request("POST", PATH, {**key, **FORM_TYPE}, [form(parts)])

    fields = [(name, None, value.encode()) for name, value in said.items()]
    too_big = changed(resumableTotalSize=str(MIB + 1), resumableChunkSize=str(MIB + 1))
    tiny = changed(
        resumableTotalSize=str(MIB), resumableChunkSize="1", resumableTotalChunks=str(MIB)
    )
    return [
        (lambda key: posted(changed(resumableChunkNumber="2"), key), 400, "bad-parameter"),
        (lambda key: octets(changed(resumableIdentifier=""), key), 400, "bad-parameter"),
        (lambda key: posted(changed(md5="xyz"), key), 400, "bad-checksum"),
        (lambda key: posted(too_big, key), 413, "file-too-large"),
        (lambda key: posted(tiny, key), 422, "too-many-chunks"),
        (lambda key: posted((said, content + b"!"), key), 422, "wrong-chunk-length"),
        (lambda key: posted((said, content[1:]), key), 422, "wrong-chunk-length"),
        (lambda key: octets((said, content[1:]), key), 422, "wrong-chunk-length"),
        (lambda key: octets((said, content + b"!"), key), 422, "wrong-chunk-length"),
        (in_form(*fields), 422, "no-file"),
        (in_form(("file", "blob", content), *fields), 400, "bad-parameter"),  # fields come first
        (in_form(*fields, ("file", None, b"data:;base64,YWJj")), 400, "bad-form"),
        (in_form(*fields, ("file", "a", content), ("file", "b", content)), 422, "too-many-files"),
        (
            lambda key: posted(changed(), key, headers={"Content-Encoding": "gzip"}),
            415,
            "encoded-body",
        ),
        (
            lambda key: Request("POST", PATH + "?" + "&".join("a" * 101), {**key}),
            400,
            "bad-parameter",
        ),
    ]


def test_what_is_refused_leaves_no_chunk(receiver, key, store):
    for request_by, status, type_ in refusals():
        got = answer(receiver, request_by(key))

        assert (got.status, problem_of(got)) == (status, type_)
    assert not Upload.objects.filter(received__gt=0).exists()
    assert not list(store._folder.glob("parts/*"))


def test_names_that_would_do_harm_are_taken_as_names(receiver, key, store):
    name = "../..\x00/\u202eevil\r\n.csv"
    (chunk,) = cut(b"abc", name=name)

    got = answer(receiver, posted(chunk, key))

    assert got.json["filename"] == "evil.csv"
    assert content_of(got.json["file_id"], store) == b"abc"


def test_a_test_that_cannot_be_meant_so_is_told_why(api, caller):
    got = api(caller.user).get(PATH, {"resumableIdentifier": "x"})

    assert got.status_code == 400
    assert got.json()["parameter"] == "resumableTotalSize"


def test_a_process_for_plain_requests_says_that_it_takes_no_chunks(api, caller):
    got = api(caller.user).post(PATH, b"x", content_type="application/octet-stream")

    assert (got.status_code, got.json()["type"]) == (501, "urn:sluice:problem:not-served-here")
