"""Async: screens over plain HTTP, for whatever shows an `<img>`: MJPEG, and single pictures.

No Django and no thread while pictures are sent: thousands of open answers cost memory alone.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qs

import orjson
from django.conf import settings

from streaming import admission, streams
from streaming.core.encoders.base import EncodedFrame
from streaming.core.errors import SourceLost
from streaming.core.hub import Reader
from streaming.core.items import Config
from streaming.core.narrowing import NARROWEST_PX, WIDEST_PX, narrowed
from streaming.errors import BadQuery, MethodNotAllowed, NobodyCalls, NoPicture
from streaming.passes import Pass
from streaming.presence import gathering
from streaming.services import MAIN
from streaming.shown import shows_token
from streaming.staying import LEFT, TOO_SLOW, End, stay

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = dict[str, str]

PATHS = re.compile(
    r"/(?:video_feed|screens/(?P<name>[a-z0-9][a-z0-9-]{0,62})/(?P<what>mjpeg|snapshot\.jpg))/?"
)
METHODS = ("GET", "HEAD")
TIERS = ("full", "light")
LEAST_FPS, MOST_FPS = 0.1, 120.0
STILL_S = 1.0  # after which a picture is sent again, so that a client knows that it is live
FIRST_PICTURE_S = 10.0
TICK_S = 1.0
GOODBYE_S = 0.5  # for the end of an answer to one who may take nothing
CHALLENGES = 'Basic realm="sluice", Bearer realm="sluice"'
QUIET_CHALLENGE = 'Bearer realm="sluice"'

FIRST_BOUNDARY = b"--frame\r\n"
NEXT_BOUNDARY = b"\r\n--frame\r\n"  # sent with each picture: browsers show it when the next begins


class Problem(Protocol):
    """An error as it is answered."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> dict[str, str]:
        """To be sent beside those of the body."""

    def as_json(self) -> dict[str, Any]:
        """The body."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asks for.  fps: at most so many; None: as many as there are.  width_px: of a
    snapshot, at most; None: as wide as it is.
    """

    name: str
    is_snapshot: bool
    tier: str
    fps: float | None
    width_px: int | None


class Pictures:
    """GET and HEAD of /video_feed, /screens/{name}/mjpeg and /screens/{name}/snapshot.jpg.

    problem_for: how an error is answered; logs what is a bug.
    """

    def __init__(self, *, problem_for: Callable[[Exception], Problem]) -> None:
        self._problem_for = problem_for
        self._parts = Parts()

    def matches(self, scope: Scope) -> bool:
        """Whether the request is one for here."""
        return scope["type"] == "http" and PATHS.fullmatch(scope["path"]) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = Answer(scope, send)
        try:
            await self._answer(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - answered, and logged if it is a bug
            await answer.problem(self._problem_for(error), error)

    async def _answer(self, scope: Scope, receive: Receive, answer: "Answer") -> None:
        if scope["method"] not in METHODS:
            raise MethodNotAllowed(METHODS)
        wish = wish_of(scope)
        async with await admission.admit(scope, wish.name) as held:
            answer.headers |= {
                "cache-control": "no-store",
                "cross-origin-resource-policy": who_may_embed(scope, held),
            }
            if scope["method"] == "HEAD":
                await answer.whole(b"", "image/jpeg" if wish.is_snapshot else MJPEG)
            elif wish.is_snapshot:
                await answer.whole(await newest_picture(held, wish), "image/jpeg")
            else:
                await self._stream(held, wish, receive, answer)

    async def _stream(self, held: Pass, wish: Wish, receive: Receive, answer: "Answer") -> None:
        await held.begin_session("mjpeg")
        gathering.count_again()
        end = LEFT
        try:
            with streams.of(held.screen_id, held.source).watch("jpeg", wish.tier) as reader:
                sending = Sending(held, wish, reader, answer, self._parts)
                first = await first_picture(reader)
                works = (sending.run(first), sending.watch_over(), until_left(receive))
                end = await stay(held, *works)
                await answer.finish(is_stuck=end == TOO_SLOW)
        finally:
            await held.release(end.reason)
            gathering.count_again()


class Sending:
    """One client's pictures."""

    def __init__(
        self, held: Pass, wish: Wish, reader: Reader, answer: "Answer", parts: "Parts"
    ) -> None:
        self._held, self._reader, self._answer, self._parts = held, reader, answer, parts
        self._spacing_s = 1 / wish.fps if wish.fps else 0.0
        self._loop = asyncio.get_running_loop()
        self._sending_since: float | None = None

    async def run(self, picture: EncodedFrame) -> End:
        """Until there are no more: an old picture must not be taken for that of now."""
        await self._answer.start(MJPEG)
        await self._send(FIRST_BOUNDARY)
        while True:
            due = self._loop.time() + self._spacing_s
            part = self._parts.of(picture)
            await self._send(part)
            self._held.frames += 1
            self._held.sent_bytes += len(part)
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            try:
                async with asyncio.timeout(STILL_S):
                    picture = await next_picture(self._reader)
            except TimeoutError:
                continue  # the same once more

    async def watch_over(self) -> End:
        """Each second: does the client take anything?"""
        while True:
            await asyncio.sleep(TICK_S)
            self._held.dropped = self._reader.dropped
            since = self._sending_since
            if since is not None and self._loop.time() - since > settings.SCREEN_STALLED_S:
                return TOO_SLOW

    async def _send(self, piece: bytes) -> None:
        self._sending_since = self._loop.time()
        await self._answer.more(piece)
        self._sending_since = None


class Parts:
    """Pictures as parts of a multipart/x-mixed-replace; made once for all clients."""

    def __init__(self) -> None:
        self._newest: tuple[EncodedFrame | None, bytes] = (None, b"")

    def of(self, picture: EncodedFrame) -> bytes:
        known, part = self._newest
        if known is not picture:
            part = part_of(picture)
            self._newest = picture, part
        return part


MJPEG = "multipart/x-mixed-replace; boundary=frame"


def part_of(picture: EncodedFrame) -> bytes:
    """After a boundary; ends with the next.  X-Captured-At: microseconds since 1970."""
    jpeg = memoryview(picture.message)[picture.payload_start :]
    head = (
        f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n"
        f"X-Captured-At: {picture.captured_at_us}\r\n\r\n"
    )
    return b"".join((head.encode(), jpeg, NEXT_BOUNDARY))


class Answer:
    """One response, begun at most once."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._has_begun = False
        self.headers: Headers = {}

    async def start(self, content_type: str) -> None:
        await self._start(200, {"content-type": content_type, "connection": "close"})
        if "connection" in self._scope:
            self._scope["connection"].keep_fresh()

    async def more(self, piece: bytes) -> None:
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def whole(self, body: bytes, content_type: str) -> None:
        length = {"content-length": str(len(body))} if body else {}
        await self._start(200, {"content-type": content_type, **length})
        await self._send({"type": "http.response.body", "body": body})

    async def problem(self, problem: Problem, error: Exception) -> None:
        """What went wrong; of an answer that has begun, the client sees no more."""
        if self._has_begun:
            await self.finish(is_stuck=False)
            return
        body = orjson.dumps(problem.as_json())
        headers = {
            **problem.headers,
            "content-type": "application/problem+json",
            "content-length": str(len(body)),
            "cache-control": "no-store",
        }
        if isinstance(error, NobodyCalls):
            headers["www-authenticate"] = challenges(self._scope)
        await self._start(problem.status, headers)
        await self._send({"type": "http.response.body", "body": body})

    async def finish(self, *, is_stuck: bool) -> None:
        """End the answer; one that nobody takes is cut off."""
        try:
            async with asyncio.timeout(0 if is_stuck else GOODBYE_S):
                await self._send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            if "connection" in self._scope:
                self._scope["connection"].abort()

    async def _start(self, status: int, headers: Mapping[str, str]) -> None:
        self._has_begun = True
        said = {**self.headers, **headers}
        encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in said.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})


# --- what is asked for ----------------------------------------------------------------------------


def wish_of(scope: Scope) -> Wish:
    """Raises BadQuery."""
    found = PATHS.fullmatch(scope["path"])
    assert found
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    tier = asked.get("tier", ["full"])[0]
    if tier not in TIERS:
        raise BadQuery(f"tier must be one of {', '.join(TIERS)}")
    return Wish(
        name=found["name"] or MAIN,
        is_snapshot=found["what"] == "snapshot.jpg",
        tier=tier,
        fps=rate_of(asked["fps"][0]) if "fps" in asked else None,
        width_px=width_of(asked["width"][0]) if "width" in asked else None,
    )


def rate_of(text: str) -> float:
    """Raises BadQuery."""
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not LEAST_FPS <= rate <= MOST_FPS:  # NaN is not, either
        raise BadQuery(f"fps must be a number from {LEAST_FPS:g} to {MOST_FPS:g}")
    return rate


def width_of(text: str) -> int:
    """Raises BadQuery."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(WIDEST_PX))
    if not (is_number and NARROWEST_PX <= int(text) <= WIDEST_PX):
        raise BadQuery(f"width must be a number from {NARROWEST_PX} to {WIDEST_PX}")
    return int(text)


def who_may_embed(scope: Scope, held: Pass) -> str:
    """Cross-Origin-Resource-Policy: what a cookie opens, pages elsewhere may not show."""
    is_shown = b"authorization" in dict(scope["headers"]) or shows_token(scope)
    is_anybody = held.user_id is None and held.link_id is None
    return "cross-origin" if is_shown or is_anybody else "same-origin"


def challenges(scope: Scope) -> str:
    """WWW-Authenticate.  Players wait to be asked for a password (ffmpeg, and what is built on it);
    an image on a page must not make the browser ask for one."""
    is_on_page = b"referer" in dict(scope["headers"])
    return QUIET_CHALLENGE if is_on_page else CHALLENGES


# --- pictures -------------------------------------------------------------------------------------


async def newest_picture(held: Pass, wish: Wish) -> bytes:
    """The JPEG of now.  Raises NoPicture."""
    with streams.of(held.screen_id, held.source).watch("jpeg", wish.tier) as reader:
        picture = await first_picture(reader)
    jpeg = picture.message[picture.payload_start :]
    if wish.width_px is None:
        return jpeg
    return await asyncio.to_thread(narrowed, jpeg, width_px=wish.width_px)


async def first_picture(reader: Reader) -> EncodedFrame:
    """Raises NoPicture."""
    try:
        async with asyncio.timeout(FIRST_PICTURE_S):
            return await next_picture(reader)
    except TimeoutError:
        raise NoPicture("late", "no picture has come yet; try again") from None
    except SourceLost as error:
        raise NoPicture("ended", str(error)) from error


async def next_picture(reader: Reader) -> EncodedFrame:
    """Raises SourceLost and NoPicture."""
    while not isinstance(item := await reader.next_item(), EncodedFrame):
        if not isinstance(item, Config) and item.state in ("unavailable", "paused"):
            raise NoPicture(item.reason or item.state, item.detail or "the screen is paused")
    return item


async def until_left(receive: Receive) -> End:
    while (await receive())["type"] != "http.disconnect":
        pass
    return LEFT
