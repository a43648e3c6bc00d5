import asyncio
import base64
import email
import hashlib
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from django.conf import settings as project
from django.test import Client

from apiapp.keys.callers import Caller
from apiapp.problems import problem_for
from apiapp.uploads import configured, content, services
from apiapp.uploads.content_send import ContentSender
from apiapp.uploads.models import Upload, new_file_id
from apiapp.uploads.services import ArrivedFile
from apiapp.uploads.storage import FileStore
from tests.apiapp.uploads.made import NOW, md5_of
from tests.apiapp.uploads.requests_over_asgi import session_cookie

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

CONTENT = random.Random(9).randbytes(700_000)  # more than two blocks
MODIFIED = "Sat, 21 Nov 2026 12:00:00 GMT"
EARLIER, LATER = "Sat, 21 Nov 2026 11:59:59 GMT", "Sat, 21 Nov 2026 12:00:01 GMT"
ETAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'


@pytest.fixture(autouse=True)
def upload_folder(settings: Any, tmp_path: Any) -> None:
    settings.UPLOAD_FOLDER = tmp_path / "uploads"
    settings.UPLOAD_FREE_DISK_BYTES = 0


@pytest.fixture
def store(upload_folder: None) -> FileStore:
    return configured.store()


def finished(caller: Caller, store: FileStore, body: bytes, name: str = "cars.csv") -> Upload:
    file_id = new_file_id()
    store.create(file_id)
    writer = store.writer(file_id)
    writer.write([body])
    writer.close()
    sha256 = hashlib.sha256(body).hexdigest()
    return services.add_finished(
        owner=caller.user,
        arrived=ArrivedFile(file_id, name, len(body), md5_of(body), sha256),
        limits=configured.limits(),
        store=store,
        now=NOW,
    )


@pytest.fixture
def upload(caller: Caller, store: FileStore) -> Upload:
    return finished(caller, store, CONTENT)


@pytest.fixture
def key(caller: Caller, key_for: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {key_for(caller.user)}"}


@pytest.fixture
def sender(store: FileStore) -> Iterator[ContentSender]:
    sender = ContentSender(store=store, problem_for=problem_for, stall_s=30.0, threads=2)
    yield sender
    sender.close()


@dataclass
class Got:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> str:
        assert self.headers["content-type"] == "application/problem+json"
        return str(orjson.loads(self.body)["type"]).removeprefix("urn:sluice:problem:")


@dataclass
class Reader:
    """A client of the ASGI app.  takes: messages, before it leaves, or takes no more."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    leaves_after: int | None = None
    stalls_after: int | None = None
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> dict[str, Any]:
        if not self.left.is_set() and not hasattr(self, "asked"):
            self.asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if self.left.is_set():
            return  # as a server does: nobody is told
        self.sent.append(message)
        if len(self.sent) == self.leaves_after:
            self.left.set()
            await asyncio.sleep(0)
        if len(self.sent) == self.stalls_after:
            await asyncio.Event().wait()

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def scope_of(path: str, headers: dict[str, str], method: str = "GET") -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
    }


def path_of(upload: Upload) -> str:
    return f"/api/uploads/{upload.file_id}/content/"


Ask = Callable[..., Got]


@pytest.fixture(params=["asgi", "django"])
def ask(request: pytest.FixtureRequest, sender: ContentSender, key: dict[str, str]) -> Ask:
    """ask(upload, method="GET", **headers): by the one way to a file and by the other."""

    def over_asgi(path: str, method: str, headers: dict[str, str]) -> Got:
        reader, scope = Reader(), scope_of(path, headers, method)
        assert sender.matches(scope)
        asyncio.run(sender(scope, reader.receive, reader.send))
        told = {name.decode(): text.decode() for name, text in reader.sent[0]["headers"]}
        assert not reader.sent[-1].get("more_body")
        return Got(reader.sent[0]["status"], told, reader.body)

    def over_django(path: str, method: str, headers: dict[str, str]) -> Got:
        got: Any = Client().generic(method, path, headers=headers)
        body = b"".join(got.streaming_content) if got.streaming else got.content
        got.close()
        return Got(got.status_code, {k.lower(): v for k, v in got.headers.items()}, body)

    way = over_asgi if request.param == "asgi" else over_django

    def one(wanted: Upload | str, method: str = "GET", **headers: str) -> Got:
        said = {name.replace("_", "-"): text for name, text in headers.items()}
        path = wanted if isinstance(wanted, str) else path_of(wanted)
        return way(path, method, {**key, **said})

    return one


# --- the whole file -------------------------------------------------------------------------------


def test_a_file_is_downloaded_and_can_do_nothing_in_a_browser(ask: Ask, upload: Upload):
    got = ask(upload, Accept="application/octet-stream")

    assert (got.status, got.body) == (200, CONTENT)
    digest = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
    expected = {
        "content-type": "application/octet-stream",
        "content-length": str(len(CONTENT)),
        "content-disposition": 'attachment; filename="cars.csv"',
        "etag": ETAG,
        "last-modified": MODIFIED,
        "repr-digest": f"sha-256=:{digest}:",
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "cross-origin-resource-policy": "same-origin",
    }
    assert {name: got.headers.get(name) for name in expected} == expected
    assert {"authorization", "cookie"} <= set(re.split(", *", got.headers["vary"].lower()))


def test_head_says_the_same_and_sends_nothing(ask: Ask, upload: Upload):
    whole, head = ask(upload), ask(upload, "HEAD")

    assert (head.status, head.body) == (200, b"")
    for name in ("content-length", "content-type", "etag", "last-modified", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]
    assert ask(upload, "HEAD", Range="bytes=0-1").status == 200  # section 14.2: of GET alone


def test_a_file_without_bytes_is_sent_as_one(ask: Ask, caller: Caller, store: FileStore):
    empty = finished(caller, store, b"")

    for asked in ({}, {"Range": "bytes=0-"}, {"Range": "bytes=-5"}):
        got = ask(empty, **asked)
        assert (got.status, got.headers["content-length"], got.body) == (200, "0", b"")


# --- parts of it ----------------------------------------------------------------------------------


def test_a_range_is_answered_with_these_bytes_alone(ask: Ask, upload: Upload):
    size = len(CONTENT)
    for asked, begin, end in [
        ("bytes=0-0", 0, 1),
        ("bytes=-5", size - 5, size),
        ("bytes=300000-", 300_000, size),
        ("bytes=200000-599999", 200_000, 600_000),
        ("bytes=5-9,9999999-", 5, 10),  # one of the two is there
    ]:
        got = ask(upload, Range=asked)

        assert (got.status, got.body) == (206, CONTENT[begin:end])
        assert got.headers["content-range"] == f"bytes {begin}-{end - 1}/{size}"
        assert got.headers["content-length"] == str(end - begin)
        assert got.headers["content-type"] == "application/octet-stream"
        assert got.headers["etag"] == ETAG


def test_several_ranges_come_as_parts_in_their_order(ask: Ask, upload: Upload):
    got = ask(upload, Range="bytes=-3, 0-0, 100000-499999")

    assert got.status == 206
    assert got.headers["content-length"] == str(len(got.body))
    assert "content-range" not in got.headers
    head = f"Content-Type: {got.headers['content-type']}\r\n\r\n".encode()
    parts = email.message_from_bytes(head + got.body).get_payload()
    told = [(part["content-type"], part["content-range"]) for part in parts]
    size = len(CONTENT)
    octets = "application/octet-stream"
    assert told == [
        (octets, f"bytes {size - 3}-{size - 1}/{size}"),
        (octets, f"bytes 0-0/{size}"),
        (octets, f"bytes 100000-499999/{size}"),
    ]
    for piece in (CONTENT[-3:], CONTENT[100_000:500_000]):
        assert b"\r\n\r\n" + piece + b"\r\n--" in got.body


def test_ranges_that_are_none_are_answered_with_the_whole_file(ask: Ask, upload: Upload):
    for asked in ("bytes=9-2", "lines=0-1", "bytes=0-9,5-20", "bytes=" + ",".join(["0-0"] * 99)):
        got = ask(upload, Range=asked)
        assert (got.status, len(got.body)) == (200, len(CONTENT)), asked


def test_a_range_behind_the_end_is_refused_with_the_length(ask: Ask, upload: Upload):
    got = ask(upload, Range=f"bytes={len(CONTENT)}-")

    assert (got.status, got.problem) == (416, "range-not-satisfiable")
    assert got.headers["content-range"] == f"bytes */{len(CONTENT)}"
    told = orjson.loads(got.body)
    assert told["size_bytes"] == len(CONTENT)
    assert "headers" not in told


def test_a_range_of_the_very_same_file_or_all_of_it(ask: Ask, upload: Upload):
    others = (f"W/{ETAG}", '"other"', EARLIER, LATER, "nonsense", "")

    for if_range in (ETAG, MODIFIED):
        assert ask(upload, Range="bytes=0-4", If_Range=if_range).status == 206
    for if_range in others:
        assert ask(upload, Range="bytes=0-4", If_Range=if_range).status == 200, if_range
    assert ask(upload, If_Range='"other"').status == 200


# --- conditions -----------------------------------------------------------------------------------


CONDITIONS: list[tuple[dict[str, str], int]] = [
    ({"If_None_Match": ETAG}, 304),
    ({"If_None_Match": f'"x", W/{ETAG}'}, 304),
    ({"If_None_Match": "*"}, 304),
    ({"If_None_Match": '"x"'}, 200),
    ({"If_None_Match": "nonsense"}, 200),
    ({"If_None_Match": '"x"', "If_Modified_Since": LATER}, 200),  # the tag decides
    ({"If_Modified_Since": MODIFIED}, 304),
    ({"If_Modified_Since": LATER}, 304),
    ({"If_Modified_Since": EARLIER}, 200),
    ({"If_Modified_Since": "yesterday"}, 200),
    ({"If_Match": ETAG}, 200),
    ({"If_Match": "*"}, 200),
    ({"If_Match": '"x"'}, 412),
    ({"If_Match": f"W/{ETAG}"}, 412),  # strongly compared
    ({"If_Match": '"x"', "If_Unmodified_Since": LATER}, 412),
    ({"If_Match": ETAG, "If_None_Match": ETAG}, 304),
    ({"If_Unmodified_Since": EARLIER}, 412),
    ({"If_Unmodified_Since": MODIFIED}, 200),
    ({"If_Unmodified_Since": "never"}, 200),
    ({"If_None_Match": ETAG, "Range": "bytes=0-1"}, 304),
    ({"If_Match": '"x"', "Range": "bytes=0-1"}, 412),
    ({"If_Match": ETAG, "Range": "bytes=9999999-"}, 416),
]


def test_conditions_come_before_ranges_in_the_order_of_the_standard(ask: Ask, upload: Upload):
    for asked, status in CONDITIONS:
        got = ask(upload, **asked)

        assert got.status == status, asked
        if status == 304:
            assert (got.body, got.headers["etag"]) == (b"", ETAG)
            assert got.headers["cache-control"] == "private, no-cache"
        if status == 412:
            assert got.problem == "precondition-failed"


# --- whose it is, and whether it is there ---------------------------------------------------------


def test_of_what_is_not_there_nothing_is_sent(
    ask: Ask, upload: Upload, other_caller: Caller, store: FileStore
):
    theirs = finished(other_caller, store, b"theirs")
    unfinished = Upload.objects.create(owner=upload.owner, size=1, chunk_size=1, total_chunks=1)
    store.delete(upload.file_id)

    answers = [ask(each) for each in (theirs, unfinished, upload, "/api/uploads/%00/content")]

    told = [(got.status, got.problem) for got in answers]
    assert told == [
        (404, "not-found"),
        (409, "not-finished"),
        (410, "bytes-gone"),
        (404, "not-found"),
    ]
    assert ask(theirs, "HEAD").status == 404


def test_strangers_are_refused_and_a_browser_that_is_signed_in_is_not(
    sender: ContentSender, upload: Upload, caller: Caller, key_for: Any
):
    weak = {"Authorization": f"Bearer {key_for(caller.user, 'imports')}"}
    for headers, status in (({}, 401), (weak, 403), (session_cookie(caller), 200)):
        reader = Reader()
        asyncio.run(sender(scope_of(path_of(upload), headers), reader.receive, reader.send))
        assert reader.sent[0]["status"] == status


def test_it_answers_for_the_content_alone(sender: ContentSender):
    ours = [("GET", "/api/uploads/x/content"), ("HEAD", "/api/uploads/x/content/")]
    others = [
        ("DELETE", "/api/uploads/x/content/"),
        ("OPTIONS", "/api/uploads/x/content/"),
        ("GET", "/api/uploads/x/"),
        ("GET", "/api/uploads/x/y/content/"),
    ]

    assert all(sender.matches(scope_of(path, {}, method)) for method, path in ours)
    assert not any(sender.matches(scope_of(path, {}, method)) for method, path in others)


# --- clients that leave, and those that wait -------------------------------------------------------


class CountingFile:
    """Tells how often it was read."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.reads = 0
        self.is_closed = False

    def seek(self, offset: int) -> None:
        self._file.seek(offset)

    def read(self, size: int) -> bytes:
        self.reads += 1
        return bytes(self._file.read(size))

    def close(self) -> None:
        self.is_closed = True
        self._file.close()


class CountingStore(FileStore):
    opened: CountingFile

    def open_finished(self, file_id: str) -> Any:
        self.opened = CountingFile(super().open_finished(file_id))
        return self.opened


@pytest.mark.parametrize("trouble", [{"leaves_after": 2}, {"stalls_after": 2}])
def test_who_leaves_or_takes_nothing_any_more_costs_no_further_block(
    caller: Caller, key: dict[str, str], trouble: dict[str, int]
):
    store = CountingStore(project.UPLOAD_FOLDER)
    big = finished(caller, store, CONTENT * 10)
    sender = ContentSender(store=store, problem_for=problem_for, stall_s=0.2, threads=2)
    reader = Reader(**trouble)

    asyncio.run(sender(scope_of(path_of(big), key), reader.receive, reader.send))

    sender.close()
    assert store.opened.is_closed
    assert store.opened.reads <= 3  # of 27
    assert reader.sent[-1]["more_body"]  # the client sees that it is cut short


def test_a_block_is_read_only_when_the_one_before_was_taken(caller: Caller, key: dict[str, str]):
    store = CountingStore(project.UPLOAD_FOLDER)
    big = finished(caller, store, CONTENT * 3)
    sender = ContentSender(store=store, problem_for=problem_for, threads=2)
    reader, ahead = Reader(), []
    send = reader.send

    async def watched(message: dict[str, Any]) -> None:
        await send(message)
        ahead.append(store.opened.reads - len(reader.sent) + 1)

    asyncio.run(sender(scope_of(path_of(big), key), reader.receive, watched))

    sender.close()
    assert reader.body == CONTENT * 3
    assert max(ahead) <= 0
    assert {len(message.get("body", b"")) for message in reader.sent} <= {
        0, content.BLOCK_BYTES, 3 * len(CONTENT) % content.BLOCK_BYTES,
    }  # fmt: skip


def test_a_file_that_lost_bytes_ends_too_early_and_not_as_if_it_were_whole(
    sender: ContentSender, upload: Upload, key: dict[str, str], store: FileStore
):
    store.finished_path(upload.file_id).write_bytes(CONTENT[:300_000])
    reader = Reader()

    asyncio.run(sender(scope_of(path_of(upload), key), reader.receive, reader.send))

    assert reader.body == CONTENT[:300_000]
    assert reader.sent[-1]["more_body"]
