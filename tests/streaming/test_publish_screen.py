"""manage.py publish_screen, and the client below it: towards servers that are well, and others."""

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from websockets.asyncio.server import ServerConnection, serve

from apiapp.http.certificates import Issued, ensure_certificate
from streaming.core.encoders.base import encoded
from streaming.core.encoders.opening import open_encoder
from streaming.core.errors import SourceUnavailable
from streaming.core.frame import Frame
from streaming.core.live.stream import LiveStream
from streaming.core.publishing.clock import ServerClock
from streaming.core.publishing.destination import Destination, PublishingRefused
from streaming.core.publishing.publisher import Progress, Publisher
from streaming.core.sources.base import FrameSource
from streaming.core.sources.pattern import open_pattern
from streaming.core.wire import Kind, Message, read_published_config, unpack
from tests.serving import free_port
from tests.streaming.core.pictures import drawn
from tests.streaming.watching import PATIENCE_S

KEY = "0123456789ab.secret"
IDLE_S = 0.1


class FarServer:
    """What a server does, as a test says it, one message after the other."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection

    async def say(self, kind: str, **members: Any) -> None:
        await self.connection.send(json.dumps({"type": kind, **members}))

    async def accept(self, *, wanted: bool = True) -> None:
        """Take the config; tell that somebody watches, or nobody."""
        config = await self.next_message(Kind.CONFIG)
        read_published_config(config.payload)
        await self.say("accepted", name="far", url="http://far/screens/far/")
        await self.say("viewers", count=int(wanted), wanted=wanted)

    async def next_message(self, kind: Kind) -> Message:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self.connection.recv()
                if isinstance(message, bytes) and unpack(message).kind is kind:
                    return unpack(message)


Part = Callable[[FarServer], Any]


class Played:
    """A publisher of a pattern, and a server that plays its parts: one for each connection."""

    def __init__(self, *parts: Part, open_source: Callable[[], FrameSource] | None = None) -> None:
        self.parts = list(parts)
        self.told: list[tuple[str, str]] = []
        self.has_played = asyncio.Event()
        self.is_to_be_refused = False
        self.requests: list[Any] = []
        self.stream = LiveStream(
            open_source=open_source or (lambda: open_pattern("320x180")),
            open_encoder=open_encoder,
            fps=30,
            idle_s=IDLE_S,
        )

    async def play(self, connection: ServerConnection) -> None:
        self.requests.append(connection.request)
        await self.parts.pop(0)(FarServer(connection))
        if not self.parts and not self.is_to_be_refused:
            self.has_played.set()

    def note(self, progress: Progress) -> None:
        self.told.append((progress.state, progress.detail))

    async def publish(self, to: Destination) -> None:
        """Until all parts are played, or it is refused."""
        publisher = Publisher(self.stream, to, title="Far away", on_progress=self.note)
        publishing = asyncio.create_task(publisher.run())
        playing = asyncio.create_task(self.has_played.wait())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.wait({publishing, playing}, return_when=asyncio.FIRST_COMPLETED)
            if publishing.done():
                publishing.result()
        finally:
            publishing.cancel()
            playing.cancel()
            await asyncio.gather(publishing, playing, return_exceptions=True)
            await self.stream.close()

    @asynccontextmanager
    async def served(self, **options: Any) -> AsyncIterator[int]:
        async with serve(self.play, "localhost", 0, **options) as server:
            yield next(iter(server.sockets)).getsockname()[1]


def destination(port: int, **changes: Any) -> Destination:
    known = {"to": f"http://localhost:{port}", "key": KEY, "name": "far"}
    return Destination(**{**known, **changes})


async def refusal_of(played: Played, **options: Any) -> str:
    """The words by which publishing was refused."""
    played.is_to_be_refused = True
    async with played.served(**options) as port:
        with pytest.raises(PublishingRefused) as refused:
            await played.publish(destination(port))
    return str(refused.value)


# --- it goes well ---------------------------------------------------------------------------------


async def test_a_server_gets_a_config_and_pictures_and_a_key_frame_when_it_asks():
    async def part(server: FarServer) -> None:
        await server.accept()
        assert (await server.next_message(Kind.H264)).is_key
        assert not (await server.next_message(Kind.H264)).is_key
        await server.say("keyframe")
        while not (await server.next_message(Kind.H264)).is_key:
            pass

    played = Played(part)
    async with played.served() as port:
        await played.publish(destination(port))

    request = played.requests[0]
    assert request.path == "/ws/screens/far/publish/"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert ("live", "") in played.told


async def test_nothing_is_captured_while_nobody_watches():
    async def part(server: FarServer) -> None:
        await server.accept(wanted=False)
        async with asyncio.timeout(PATIENCE_S):
            while not played.stream.is_resting:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await server.say("viewers", count=1, wanted=True)
        assert (await server.next_message(Kind.H264)).is_key

    played = Played(part)
    async with played.served() as port:
        await played.publish(destination(port))


async def test_a_connection_that_is_lost_is_made_anew():
    async def breaks(server: FarServer) -> None:
        await server.accept()
        await server.next_message(Kind.H264)
        await server.connection.close(1012)

    async def goes_on(server: FarServer) -> None:
        await server.accept()
        assert (await server.next_message(Kind.H264)).is_key

    played = Played(breaks, goes_on)
    async with played.served() as port:
        await played.publish(destination(port))

    waits = [detail for state, detail in played.told if state == "waiting"]
    assert re.search(r"connection .* was lost\. Trying again in \d s\.", waits[0])


async def test_pictures_tell_the_time_of_the_servers_clock():
    ahead_us = 3_600_000_000

    async def part(server: FarServer) -> None:
        await server.accept()
        while True:
            text = await server.connection.recv()
            if isinstance(text, str) and (ping := json.loads(text))["type"] == "ping":
                break
        before = (await server.next_message(Kind.H264)).captured_at_us
        await server.say("pong", sent_at=ping["sent_at"], server_at=ping["sent_at"] + ahead_us)
        while (await server.next_message(Kind.H264)).captured_at_us < before + ahead_us // 2:
            pass

    played = Played(part)
    async with played.served() as port:
        await played.publish(destination(port))


def test_the_shortest_ping_tells_the_servers_clock_best():
    clock, frame = ServerClock(), picture()
    clock.note(1_000_000, 9_000_100, now_us=1_000_200)
    clock.note(2_000_000, 99_000_000, now_us=2_900_000)

    message = clock.by_server(frame)

    assert unpack(message).captured_at_us == frame.captured_at_us + 8_000_000
    assert unpack(message).payload == unpack(frame.message).payload


def picture() -> Any:
    frame: Frame = drawn(64, 64)
    return encoded(Kind.JPEG, b"jpeg", frame, is_key=True)


# --- it does not ----------------------------------------------------------------------------------


async def test_a_wrong_key_is_said_with_where_to_get_one():
    async def part(server: FarServer) -> None:
        await server.say("error", detail="sign in")
        await server.connection.close(4401)

    words = await refusal_of(Played(part))

    assert "does not know this key" in words
    assert "create_api_key" in words


async def test_what_the_server_says_is_passed_on():
    async def part(server: FarServer) -> None:
        await server.accept()
        await server.say("error", detail="the screen was stopped")
        await server.connection.close(4411)

    assert "the screen was stopped" in await refusal_of(Played(part))


async def test_a_server_that_talks_nonsense_is_none():
    async def part(server: FarServer) -> None:
        await server.connection.send("welcome")
        await server.connection.wait_closed()

    assert "is no Sluice" in await refusal_of(Played(part))


@pytest.mark.parametrize(("status", "said"), [(404, "no Sluice at"), (403, "403"), (418, "418")])
async def test_an_address_that_is_none_of_a_sluice_is_said(status: int, said: str):
    def refuse(connection: ServerConnection, request: Any) -> Any:
        return connection.respond(HTTPStatus(status), "no")

    assert said in await refusal_of(Played(), process_request=refuse)


async def test_a_screen_that_cannot_be_captured_is_said_with_what_to_do():
    def open_source() -> FrameSource:
        raise SourceUnavailable("There is no display; name one by DISPLAY.", reason="no-display")

    async def part(server: FarServer) -> None:
        await server.connection.wait_closed()

    assert await refusal_of(Played(part, open_source=open_source)) == (
        "There is no display; name one by DISPLAY."
    )


async def test_a_server_that_is_away_is_waited_for():
    async def part(server: FarServer) -> None:
        await server.accept()

    played, port = Played(part), free_port()
    publishing = asyncio.create_task(played.publish(destination(port)))
    async with asyncio.timeout(PATIENCE_S):
        while "waiting" not in dict(played.told):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    async with serve(played.play, "localhost", port):
        await publishing

    assert "Nothing answers at" in dict(played.told)["waiting"]


async def test_a_certificate_that_is_not_known_is_said_with_what_to_do(tmp_path: Path):
    issued, tls = certificate(tmp_path)

    async def part(server: FarServer) -> None:
        await server.accept()

    played = Played(part)
    async with played.served(ssl=tls) as port:
        secure = f"https://localhost:{port}"
        with pytest.raises(PublishingRefused, match="--ca FILE"):
            await Played().publish(destination(port, to=secure))
        await played.publish(destination(port, to=secure, authority=issued.authority))


def certificate(folder: Path) -> tuple[Issued, ssl.SSLContext]:
    """Of an authority that nobody knows."""
    issued = ensure_certificate(
        secrets=folder / "secrets", public=folder, names=[], machine="far", now=datetime.now(tz=UTC)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.chain)
    return issued, context


# --- addresses and options ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "url"),
    [
        ("http://far:8000", "ws://far:8000/ws/screens/far/publish/"),
        ("http://far:8000/", "ws://far:8000/ws/screens/far/publish/"),
        ("far:8000", "ws://far:8000/ws/screens/far/publish/"),
        ("https://far", "wss://far/ws/screens/far/publish/"),
        ("https://far/sluice/", "wss://far/sluice/ws/screens/far/publish/"),
        ("http://[::1]:8000", "ws://[::1]:8000/ws/screens/far/publish/"),
    ],
)
def test_a_servers_address_is_written_as_people_do(to: str, url: str):
    assert Destination(to, KEY, "far").url == url


@pytest.mark.parametrize("to", ["ftp://far", "http://", "", "http:///path"])
def test_what_is_no_address_is_refused(to: str):
    with pytest.raises(PublishingRefused, match="not an address"):
        _ = Destination(to, KEY, "far").url


def test_a_file_that_holds_no_certificates_is_refused(tmp_path: Path):
    (tmp_path / "ca.crt").write_text("nothing")

    for file in (tmp_path / "ca.crt", tmp_path / "missing"):
        with pytest.raises(PublishingRefused, match="cannot be read as certificates"):
            _ = Destination("https://far", KEY, "far", file).tls


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--name", "Far Away"], "cannot be the name"),
        (["--name=-x"], "cannot be the name"),
        (["--source", "pattern:9x9"], "pattern"),
        (["--source", "publisher"], "publisher"),
        (["--source", "pattern", "--monitor", "1"], "leave it out"),
        (["--monitor", "0"], "local"),
        (["--fps", "0"], "fps"),
        (["--fps", "999"], "fps"),
    ],
)
def test_options_that_cannot_be_are_said(options: list[str], said: str):
    with pytest.raises(CommandError, match=said):
        call_command("publish_screen", "--to", "http://localhost:1", "--key", KEY, *options)
