import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
import simplejpeg
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async as in_thread
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from myproject.asgi import application
from streaming import configured, links
from streaming.core.sources.time_row import read_time
from streaming.models import ViewSession
from tests.streaming.made import made_link, made_screen
from tests.streaming.watching import PATIENCE_S, jpeg, publishing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shown")]

Headers = Sequence[tuple[bytes, bytes]]
BOUNDARY = b"--frame\r\n"


@pytest.fixture
def key(staff: User, key_for: Any) -> str:
    return str(key_for(staff))


def by_key(key: str) -> Headers:
    return [(b"authorization", f"Bearer {key}".encode())]


class Request:
    """One request, over the ASGI application."""

    def __init__(
        self, path: str, headers: Headers = (), *, method: str = "GET", query: str = ""
    ) -> None:
        self._application = ApplicationCommunicator(
            application,
            {
                "type": "http",
                "method": method,
                "path": path,
                "raw_path": path.encode(),
                "query_string": query.encode(),
                "headers": [(b"host", b"localhost"), *headers],
                "client": ("127.0.0.1", 1),
            },
        )
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    async def begin(self) -> "Request":
        """Until the head of the answer is there."""
        await self._application.send_input({"type": "http.request", "body": b""})
        start = await self._application.receive_output(PATIENCE_S)
        self.status = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return self

    async def more(self) -> bool:
        """The next piece of the body; false: it was the last."""
        piece = await self._application.receive_output(PATIENCE_S)
        self.body += piece.get("body", b"")
        return bool(piece.get("more_body", False))

    async def whole(self) -> "Request":
        await self.begin()
        while await self.more():
            pass
        await self._application.wait(PATIENCE_S)
        return self

    async def parts(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        """The next parts of a multipart body, each with its headers."""
        found = []
        while len(found) < count:
            self.body = self.body.removeprefix(b"\r\n").removeprefix(BOUNDARY)
            head, is_whole, rest = self.body.partition(b"\r\n\r\n")
            headers = dict(
                line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line
            )
            length = int(headers.get("Content-Length", 0))
            if is_whole and rest[length:].startswith(b"\r\n" + BOUNDARY):
                found.append((headers, rest[:length]))
                self.body = rest[length:]
            else:
                assert await self.more(), "the body has ended"
        return found

    async def leave(self) -> None:
        await self._application.send_input({"type": "http.disconnect"})
        await self._application.wait(PATIENCE_S)


def problem(answer: Request) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(answer.body)
    return found


def time_in(picture: bytes) -> int | None:
    return read_time(simplejpeg.decode_jpeg(picture, colorspace="BGR"))


# --- pictures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/video_feed", "/video_feed/", "/screens/main/mjpeg"])
async def test_a_stream_is_parts_that_move_each_with_its_length(key: str, path: str):
    answer = await Request(path, by_key(key)).begin()
    parts = await answer.parts(3)
    await answer.leave()

    assert answer.status == 200
    assert answer.headers["content-type"] == "multipart/x-mixed-replace; boundary=frame"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert {headers["Content-Type"] for headers, _ in parts} == {"image/jpeg"}
    times = [time_in(picture) for _, picture in parts]
    assert None not in times
    assert times == sorted(set(times))


async def test_each_picture_is_followed_by_the_boundary_that_makes_browsers_show_it(key: str):
    answer = await Request("/video_feed", by_key(key)).begin()
    await answer.more()
    await answer.more()
    await answer.leave()

    assert answer.body.startswith(BOUNDARY)
    assert answer.body.endswith(b"\r\n" + BOUNDARY)


async def test_a_client_may_ask_for_fewer_pictures(key: str):
    answer = await Request("/video_feed", by_key(key), query="fps=5").begin()
    parts = await answer.parts(4)
    await answer.leave()

    times = [int(headers["X-Captured-At"]) for headers, _ in parts]
    assert all(later - earlier > 150_000 for earlier, later in zip(times, times[1:], strict=False))


async def test_a_picture_that_stands_still_is_sent_again(user: User, key_for: Any):
    key = await in_thread(key_for)(user)

    async with publishing("still", key=key) as publisher:
        await publisher.configure()
        await publisher.next_text("accepted")
        request = Request("/screens/still/mjpeg", by_key(key))
        beginning = asyncio.create_task(request.begin())
        await publisher.next_text("viewers", wanted=True)
        await publisher.show(1, jpeg(99))
        answer = await beginning
        parts = await answer.parts(2)
        await answer.leave()

    assert parts[0] == parts[1]


async def test_a_snapshot_is_one_picture(key: str):
    answer = await Request("/screens/main/snapshot.jpg", by_key(key)).whole()

    assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert time_in(answer.body)


async def test_the_light_tier_is_half_the_size(key: str):
    answer = await Request("/screens/main/snapshot.jpg", by_key(key), query="tier=light").whole()

    assert simplejpeg.decode_jpeg(answer.body).shape == (90, 160, 3)


async def test_a_snapshot_is_as_narrow_as_it_is_asked_for(key: str):
    answer = await Request("/screens/main/snapshot.jpg", by_key(key), query="width=160").whole()

    assert simplejpeg.decode_jpeg(answer.body).shape == (90, 160, 3)


@pytest.mark.parametrize("path", ["/video_feed", "/screens/main/snapshot.jpg"])
async def test_who_asks_for_the_head_gets_no_picture(key: str, path: str):
    answer = await Request(path, by_key(key), method="HEAD").whole()

    assert (answer.status, answer.body) == (200, b"")


async def test_who_watched_is_noted_with_what_they_were_sent(key: str):
    answer = await Request("/video_feed", by_key(key)).begin()
    await answer.parts(3)
    await answer.leave()

    session = await in_thread(ViewSession.objects.get)()
    assert (session.codec, session.end_reason) == ("mjpeg", "left")
    assert session.frames >= 3
    assert session.sent_bytes > 3000


# --- the end --------------------------------------------------------------------------------------


async def test_the_stream_ends_when_its_link_is_revoked():
    link, token = await in_thread(lambda: made_link(configured.main_screen(), timezone.now()))()
    answer = await Request("/video_feed", query=f"token={token}").begin()
    await answer.parts(1)
    await in_thread(links.revoke)(link=link, now=timezone.now())

    while await answer.more():
        pass


async def test_the_stream_ends_with_what_it_shows(user: User, key_for: Any):
    key = await in_thread(key_for)(user)

    async with publishing("team", key=key) as publisher:
        await publisher.configure()
        await publisher.next_text("accepted")
        request = Request("/screens/team/mjpeg", by_key(key))
        beginning = asyncio.create_task(request.begin())
        await publisher.next_text("viewers", wanted=True)
        await publisher.show(1, jpeg())
        answer = await beginning
        await answer.parts(1)
        await publisher.socket.disconnect(code=1000)

        while await answer.more():
            pass


# --- what is refused ------------------------------------------------------------------------------


async def test_nobody_is_asked_who_they_are():
    answer = await Request("/video_feed").whole()

    assert answer.status == 401
    assert problem(answer)["type"] == "urn:sluice:problem:not-authenticated"
    assert "Basic realm" in answer.headers["www-authenticate"]


async def test_an_image_on_a_page_makes_no_browser_ask_for_a_password():
    answer = await Request("/video_feed", [(b"referer", b"http://localhost/screens/main/")]).whole()

    assert answer.status == 401
    assert "Basic" not in answer.headers["www-authenticate"]


async def test_a_key_for_other_things_opens_nothing(staff: User, key_for: Any):
    key = await in_thread(key_for)(staff, "uploads")

    assert (await Request("/video_feed", by_key(key)).whole()).status == 403


async def test_a_screen_that_is_not_there_is_not_found(key: str):
    answer = await Request("/screens/missing/mjpeg", by_key(key)).whole()

    assert answer.status == 404
    assert problem(answer)["status"] == 404


async def test_a_source_that_is_not_there_is_answered_with_what_to_do(staff: User, key: str):
    await in_thread(made_screen)(staff, "gone", source="/no/such/video.mp4")

    for path in ("/screens/gone/mjpeg", "/screens/gone/snapshot.jpg"):
        answer = await Request(path, by_key(key)).whole()

        assert answer.status == 503
        assert problem(answer)["reason"] == "no-such-file"
        assert "/no/such/video.mp4" in problem(answer)["detail"]


@pytest.mark.parametrize(
    "query",
    ["fps=0", "fps=nan", "fps=x", "fps=1e9", "tier=heavy", "width=0", "width=1e3", "width=%D9%A3"],
)
async def test_what_there_is_not_is_refused_with_what_there_is(key: str, query: str):
    answer = await Request("/video_feed", by_key(key), query=query).whole()

    assert answer.status == 400
    assert "must be" in problem(answer)["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "NONSENSE"])
async def test_pictures_are_only_to_be_had(method: str):
    answer = await Request("/video_feed", method=method).whole()

    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD"


# --- on pages -------------------------------------------------------------------------------------


async def test_what_a_cookie_opens_is_for_our_own_pages_alone(staff: User):
    def cookie() -> bytes:
        client = Client()
        client.force_login(staff)
        return "; ".join(f"{m.key}={m.value}" for m in client.cookies.values()).encode()

    headers = [(b"cookie", await in_thread(cookie)())]
    answer = await Request("/screens/main/snapshot.jpg", headers).whole()

    assert answer.status == 200
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


async def test_what_a_token_opens_may_be_shown_on_any_page():
    _, token = await in_thread(lambda: made_link(configured.main_screen(), timezone.now()))()

    answer = await Request("/screens/main/snapshot.jpg", query=f"token={token}").whole()

    assert answer.status == 200
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
