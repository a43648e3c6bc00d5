import json
from typing import Any

import pytest
from channels.db import database_sync_to_async as in_thread
from django.contrib.auth.models import User
from django.utils import timezone

from streaming import publisher as published
from streaming import services, streams
from streaming.core.wire import Kind, pack
from streaming.models import Screen
from tests.streaming.made import made_screen
from tests.streaming.watching import Publisher, Viewer, jpeg, publishing, watching

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shown")]


@pytest.fixture
def key(user: User, key_for: Any) -> str:
    return str(key_for(user, "screens"))


async def accepted(publisher: Publisher, **config: Any) -> dict[str, Any]:
    """Configured, and told so."""
    await publisher.configure(**config)
    return await publisher.next_text("accepted")


async def greys(viewer: Viewer) -> int:
    """How bright the next picture is."""
    await viewer.next_picture()
    assert viewer.canvas.pixels is not None
    return round(float(viewer.canvas.pixels.mean()))


# --- pictures -------------------------------------------------------------------------------------


async def test_what_is_published_is_seen_as_it_was_sent(key: str):
    async with publishing("team", key=key) as publisher:
        said = await accepted(publisher, title="Team meeting")
        async with watching("team", "jpeg", key=key) as viewer:
            await publisher.next_text("viewers", wanted=True)
            await publisher.show(1, jpeg(200))
            grey = await greys(viewer)

    assert (said["name"], said["url"]) == ("team", "http://localhost/screens/team/")
    assert grey == 200
    assert (await in_thread(services.screen_named)("team")).title == "Team meeting"


async def test_viewers_of_other_codecs_get_it_encoded_again(key: str):
    async with publishing("team", key=key) as publisher:
        await accepted(publisher)
        async with watching("team", "tiles", key=key) as viewer:
            await publisher.next_text("viewers", wanted=True)
            await publisher.show(1, jpeg(90))

            assert await greys(viewer) == 90


async def test_a_publisher_is_told_whether_it_is_watched_and_by_how_many(key: str):
    async with publishing("team", key=key) as publisher:
        await accepted(publisher)
        await publisher.next_text("viewers", count=0, wanted=False)
        async with watching("team", "jpeg", key=key):
            await publisher.next_text("viewers", count=1, wanted=True)
        await publisher.next_text("viewers", count=0, wanted=False)


async def test_a_viewer_that_joins_makes_the_publisher_send_a_key_frame(key: str):
    async with publishing("team", key=key) as publisher:
        await accepted(publisher, codec="h264")
        async with watching("team", "h264", key=key):
            await publisher.next_text("keyframe")


async def test_the_size_may_change_while_it_is_published(key: str):
    async with publishing("team", key=key) as publisher:
        await accepted(publisher)
        async with watching("team", "jpeg", key=key) as viewer:
            await publisher.next_text("viewers", wanted=True)
            await publisher.show(1, jpeg())
            await viewer.next_picture()
            await publisher.configure(width=640, height=360)
            await publisher.show(2, jpeg(width=640, height=360))
            await viewer.next_picture()

    assert (viewer.canvas.config["width"], viewer.canvas.config["height"]) == (640, 360)


async def test_a_publisher_that_pauses_is_said_to_have_paused(key: str):
    async with publishing("team", key=key) as publisher:
        await accepted(publisher)
        async with watching("team", "jpeg", key=key) as viewer:
            await publisher.next_text("viewers", wanted=True)
            await publisher.show(1, jpeg())
            await viewer.next_picture()
            await publisher.say({"type": "pause"})
            await viewer.next_text("state", state="paused")
            await publisher.say({"type": "resume"})
            await viewer.next_text("state", state="live")


# --- the end --------------------------------------------------------------------------------------


async def test_viewers_are_told_when_the_publisher_has_stopped(key: str):
    async with publishing("team", key=key) as publisher:
        await accepted(publisher)
        async with watching("team", "jpeg", key=key) as viewer:
            await publisher.next_text("viewers", wanted=True)
            await publisher.show(1, jpeg())
            await viewer.next_picture()
            await publisher.socket.disconnect(code=1000)

            assert await viewer.closed() == 4411
    assert viewer.told[-1]["state"] == "ended"


async def test_a_publisher_whose_connection_breaks_goes_on_where_it_was(key: str):
    async with publishing("team", key=key) as publisher:
        await accepted(publisher)
        async with watching("team", "jpeg", key=key) as viewer:
            await publisher.next_text("viewers", wanted=True)
            await publisher.show(1, jpeg(50))
            await viewer.next_picture()
            await publisher.socket.disconnect(code=1006)
            await viewer.next_text("state", state="paused")
            async with publishing("team", key=key) as again:
                await accepted(again)
                await again.show(2, jpeg(150))

                assert await greys(viewer) == 150


async def test_a_publisher_that_does_not_come_back_has_left(
    key: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(published, "AWAY_S", 0.1)
    async with publishing("team", key=key) as publisher:
        await accepted(publisher)
        async with watching("team", "jpeg", key=key) as viewer:
            await publisher.next_text("viewers", wanted=True)
            await publisher.socket.disconnect(code=1006)

            assert await viewer.closed() == 4411


async def test_a_silent_publisher_is_asked_for_a_picture_and_then_let_go(
    key: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(published, "ASKED_AFTER_S", 0.1)
    monkeypatch.setattr(published, "HELD_AFTER_S", 0.3)
    monkeypatch.setattr(published, "SILENT_S", 0.5)
    async with publishing("team", key=key) as publisher:
        await accepted(publisher)
        await publisher.next_text("keyframe")

        assert await publisher.closed() == 4408
    assert publisher.told[-1]["reason"] == "silent"


async def test_while_nothing_comes_from_a_publisher_the_picture_is_not_said_to_be_live(
    key: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(published, "ASKED_AFTER_S", 0.1)
    monkeypatch.setattr(published, "HELD_AFTER_S", 0.2)
    monkeypatch.setattr(published, "SILENT_S", 60)
    async with publishing("team", key=key) as publisher:
        await accepted(publisher)
        async with watching("team", "jpeg", key=key) as viewer:
            await publisher.next_text("viewers", wanted=True)
            await publisher.show(1, jpeg(50))
            await viewer.next_text("state", state="paused")

            await publisher.say({"type": "ping", "sent_at": 0})
            await viewer.next_text("state", state="live")


async def test_the_newest_publisher_is_the_one_and_the_other_is_told(key: str):
    async with publishing("team", key=key) as first:
        await accepted(first)
        async with publishing("team", key=key) as second:
            await accepted(second)

            assert await first.closed() == 4411
            assert first.told[-1]["reason"] == "replaced"
            async with watching("team", "jpeg", key=key) as viewer:
                await second.next_text("viewers", wanted=True)
                await second.show(1, jpeg(77))
                assert await greys(viewer) == 77


async def test_a_screen_that_is_stopped_sends_its_publisher_away(key: str):
    async with publishing("team", key=key) as publisher:
        await accepted(publisher)
        screen = await in_thread(services.screen_named)("team")
        await in_thread(services.stop)(screen=screen, now=timezone.now())

        assert await publisher.closed() == 4411


# --- who may publish, and what --------------------------------------------------------------------


async def test_a_screen_that_is_not_there_is_made_the_publishers_and_not_shared(
    key: str, user: User
):
    async with publishing("new-one", key=key) as publisher:
        await accepted(publisher)

    screen = await in_thread(services.screen_named)("new-one")
    assert (screen.owner_id, screen.sharing) == (user.pk, Screen.Sharing.OFF)


async def test_nobody_publishes():
    async with publishing("team") as publisher:
        assert await publisher.closed() == 4401


async def test_a_key_for_other_things_publishes_nothing(user: User, key_for: Any):
    key = await in_thread(key_for)(user, "uploads")

    async with publishing("team", key=key) as publisher:
        assert await publisher.closed() == 4403
    assert "screens" in publisher.told[-1]["detail"]


@pytest.mark.parametrize("name", ["theirs", "share", "main"])
async def test_some_names_are_not_to_be_had(key: str, other_user: User, name: str):
    await in_thread(made_screen)(other_user, "theirs")

    async with publishing(name, key=key) as publisher:
        assert await publisher.closed() in (4400, 4403)
    assert publisher.told[-1]["detail"]


GOOD = {"codec": "jpeg", "width": 320, "height": 180, "fps": 30}


@pytest.mark.parametrize(
    "first",
    [
        "{",
        "[]",
        {},
        GOOD | {"codec": "tiles"},
        GOOD | {"width": 0},
        GOOD | {"width": 7681},
        GOOD | {"height": "180"},
        GOOD | {"fps": 0},
        GOOD | {"fps": True},
        b"",
        b"\x01",
        pack(Kind.JPEG, jpeg(), is_key=True, sequence=1, captured_at_us=1),
    ],
    ids=lambda first: str(first)[:50],
)
async def test_a_config_that_cannot_be_is_refused_with_why(key: str, first: Any):
    async with publishing("team", key=key) as publisher:
        kind = "bytes" if isinstance(first, bytes) else "text"
        sent = json.dumps(first) if isinstance(first, dict) else first
        await publisher.socket.send_input({"type": "websocket.receive", kind: sent})

        assert await publisher.closed() == 4400
    assert publisher.told[-1]["detail"]


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (Kind.JPEG, b""),
        (Kind.JPEG, b"not a picture"),
        (Kind.JPEG, jpeg()[:200]),
        (Kind.JPEG, jpeg(width=640, height=360)),
        (Kind.H264, b"\x00\x00\x00\x01\x67"),
        (Kind.TILES, b"\x00\x00"),
    ],
)
async def test_a_picture_that_is_none_sends_its_publisher_away(
    key: str, kind: Kind, payload: bytes
):
    async with publishing("team", key=key) as publisher:
        await accepted(publisher)
        await publisher.show(1, payload, kind)

        assert await publisher.closed() == 4400
    assert publisher.told[-1]["detail"]


async def test_a_picture_that_is_too_large_sends_its_publisher_away(key: str, settings: Any):
    settings.SCREEN_MAX_FRAME_BYTES = 1000
    await streams.close_all()
    async with publishing("team", key=key) as publisher:
        await accepted(publisher)
        await publisher.show(1, jpeg() + bytes(1000))

        assert await publisher.closed() == 4400


async def test_more_pictures_than_were_announced_are_not_taken(key: str):
    async with publishing("team", key=key) as publisher:
        await accepted(publisher, fps=1)
        for sequence in range(60):
            await publisher.show(sequence, jpeg())

        assert await publisher.closed() == 4400
    assert "announced" in publisher.told[-1]["detail"]
