import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from channels.db import database_sync_to_async as in_thread
from django.contrib.auth.models import User
from django.utils import timezone

from streaming import configured, links, services, sessions
from streaming.models import Screen, ViewSession
from tests.streaming.made import made_link, made_screen
from tests.streaming.watching import HEIGHT, WIDTH, jpeg, publishing, watching

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shown")]


@pytest.fixture
def key(staff: User, key_for: Any) -> str:
    """Of one who sees all screens."""
    return str(key_for(staff))


@pytest.fixture
def link(key: str) -> tuple[Any, str]:
    """To the screen `main`, and its token."""
    return made_link(configured.main_screen(), timezone.now())


# --- pictures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["h264", "tiles", "jpeg"])
async def test_each_codec_brings_its_config_and_then_pictures_that_move(key: str, codec: str):
    async with watching("main", codec, key=key) as viewer:
        await viewer.see_movement()

    config = viewer.canvas.config
    assert (config["codec"], config["name"]) == (codec, "main")
    assert (config["width"], config["height"]) == (WIDTH, HEIGHT)
    assert ("description" in config) == (codec == "h264")
    assert viewer.canvas.times == sorted(viewer.canvas.times)


async def test_the_light_tier_is_half_the_size(key: str):
    async with watching("main", "jpeg", key=key, query="&tier=light") as viewer:
        await viewer.next_picture()

    assert (viewer.canvas.config["width"], viewer.canvas.config["height"]) == (160, 90)


async def test_who_asks_for_a_key_frame_gets_one(key: str):
    async with watching("main", "h264", key=key) as viewer:
        await viewer.see_movement()
        await viewer.say({"type": "keyframe"})
        while not (await viewer.next_picture()).is_key:
            pass


async def test_who_pauses_is_sent_nothing_until_they_go_on(key: str):
    async with watching("main", "h264", key=key) as viewer:
        await viewer.see_movement()
        await viewer.say({"type": "pause"})
        await viewer.say({"type": "ping", "sent_at": 1})
        await viewer.next_text("pong")
        for _ in range(2):  # what was under way
            if not await viewer.socket.receive_nothing(0.2):
                await viewer.next_output()
        is_quiet = await viewer.socket.receive_nothing(0.3)
        await viewer.say({"type": "resume"})
        first = await viewer.next_picture()

    assert is_quiet
    assert first.is_key


async def test_a_picture_that_stands_still_is_said_to_be_live(user: User, key_for: Any):
    key = await in_thread(key_for)(user)

    async with publishing("still", key=key) as publisher:
        await publisher.configure()
        await publisher.next_text("accepted")
        async with watching("still", "jpeg", key=key) as viewer:
            await publisher.next_text("viewers", wanted=True)
            await publisher.show(7, jpeg())
            await viewer.next_picture()

            said = await viewer.next_text("state")

    assert said == {"type": "state", "state": "live", "sequence": 7}


async def test_a_source_that_is_not_there_is_told_with_what_to_do(staff: User, key: str):
    await in_thread(made_screen)(staff, "gone", source="/no/such/video.mp4")

    async with watching("gone", "tiles", key=key) as viewer:
        said = await viewer.next_text("state", state="unavailable")

    assert said["reason"] == "no-such-file"
    assert "/no/such/video.mp4" in said["detail"]


# --- who may look ---------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["", "vp9", "H264", "jpeg&tier=heavy"])
async def test_what_there_is_not_is_refused_with_what_there_is(key: str, asked: str):
    async with watching("main", asked, key=key) as viewer:
        said = await viewer.next_text("error")

        assert await viewer.closed() == 4400
    assert "must be one of" in said["detail"]


async def test_nobody_is_told_to_sign_in():
    async with watching("main", "tiles") as viewer:
        said = await viewer.next_text("error")

        assert await viewer.closed() == 4401
    assert said["reason"] == "not-authenticated"


async def test_a_stranger_learns_nothing_of_a_screen(user: User, other_user: User, key_for: Any):
    await in_thread(made_screen)(user, "private")
    key = await in_thread(key_for)(other_user)

    for name in ("private", "missing"):
        async with watching(name, "tiles", key=key) as viewer:
            said = await viewer.next_text("error")

            assert await viewer.closed() == 4404
        assert said["reason"] == "not-found"


async def test_a_key_for_other_things_opens_no_screen(staff: User, key_for: Any):
    key = await in_thread(key_for)(staff, "uploads")

    async with watching("main", "tiles", key=key) as viewer:
        assert await viewer.closed() == 4403


async def test_a_link_opens_the_screen_to_whoever_has_its_token(link: tuple[Any, str]):
    async with watching("main", "tiles", query=f"&token={link[1]}") as viewer:
        await viewer.see_movement()


async def test_a_link_that_is_revoked_closes_its_viewers_and_no_others(
    link: tuple[Any, str], key: str
):
    async with (
        watching("main", "tiles", query=f"&token={link[1]}") as viewer,
        watching("main", "tiles", key=key) as owner,
    ):
        await viewer.see_movement()
        await in_thread(links.revoke)(link=link[0], now=timezone.now())

        assert await viewer.closed() == 4410
        await owner.see_movement()
    assert viewer.told[-1]["reason"] == "link-not-valid"


async def test_sharing_that_is_switched_off_closes_those_who_came_by_link(link: tuple[Any, str]):
    async with watching("main", "h264", query=f"&token={link[1]}") as viewer:
        await viewer.see_movement()
        screen = await in_thread(services.screen_named)("main")
        await in_thread(services.share)(screen=screen, sharing=Screen.Sharing.OFF)

        assert await viewer.closed() == 4410


async def test_a_screen_that_is_stopped_ends_for_everybody(key: str):
    async with watching("main", "jpeg", key=key) as viewer:
        await viewer.see_movement()
        screen = await in_thread(services.screen_named)("main")
        await in_thread(services.stop)(screen=screen, now=timezone.now())

        assert await viewer.closed() == 4411
    assert viewer.told[-1]["state"] == "ended"


async def test_no_more_watch_than_may(user: User, key_for: Any):
    await in_thread(made_screen)(user, "small", max_viewers=1)
    key = await in_thread(key_for)(user)

    async with watching("small", "tiles", key=key) as first:
        await first.next_text("state")
        async with watching("small", "tiles", key=key) as second:
            said = await second.next_text("error")
            assert await second.closed() == 4429
    assert said["reason"] == "too-many-viewers"


# --- who is there ---------------------------------------------------------------------------------


async def test_viewers_are_told_how_many_watch_and_who_presents(key: str):
    async with watching("main", "tiles", key=key) as first:
        await first.next_text("presence", viewers=1)
        async with watching("main", "jpeg", key=key):
            both = await first.next_text("presence", viewers=2)
        await first.next_text("presence", viewers=1)

    assert both["presenter"]


async def test_viewers_of_other_processes_are_counted_while_those_say_that_they_are_there(key: str):
    screen = await in_thread(configured.main_screen)()
    async with watching("main", "tiles", key=key) as viewer:
        await viewer.next_text("presence", viewers=1)

        there = await in_thread(begun_elsewhere)(screen, seen_at=timezone.now())
        await viewer.next_text("presence", viewers=2)
        silent = timezone.now() - timedelta(seconds=sessions.SILENT_S)
        await in_thread(ViewSession.objects.filter(pk=there.pk).update)(seen_at=silent)

        await viewer.next_text("presence", viewers=1)


def begun_elsewhere(screen: Screen, *, seen_at: datetime) -> ViewSession:
    """What another server's process writes of its viewer."""
    return sessions.begin(
        screen_id=screen.pk,
        link_id=None,
        user_id=None,
        who="elsewhere",
        address="",
        codec="h264",
        now=seen_at,
    )


async def test_what_a_viewer_was_sent_is_kept_in_their_session(staff: User, key: str):
    async with watching("main", "h264", key=key) as viewer:
        await viewer.see_movement()

    session = await in_thread(ViewSession.objects.get)()
    assert (session.user_id, session.codec, session.who) == (staff.pk, "h264", "carol")
    assert session.frames >= 3
    assert session.sent_bytes > 1000
    assert session.ended_at
    assert session.end_reason == "left"


# --- what viewers say -----------------------------------------------------------------------------


async def test_a_ping_comes_back_with_the_servers_time(key: str):
    async with watching("main", "tiles", key=key) as viewer:
        await viewer.next_picture()
        await viewer.say({"type": "ping", "sent_at": 12.5})
        said = await viewer.next_text("pong")

    assert said["sent_at"] == 12.5
    assert abs(said["server_at"] - timezone.now().timestamp() * 1e6) < 60e6


@pytest.mark.parametrize("nonsense", [b"\x01", json.dumps({"type": "stats", "fps": -1})])
async def test_nonsense_is_answered_and_pictures_go_on(key: str, nonsense: str | bytes):
    async with watching("main", "tiles", key=key) as viewer:
        await viewer.next_picture()
        as_bytes = isinstance(nonsense, bytes)
        await viewer.socket.send_to(**{"bytes_data" if as_bytes else "text_data": nonsense})
        said = await viewer.next_text("error")
        await viewer.see_movement()

    assert said["detail"]


async def test_who_goes_on_with_nonsense_is_closed(key: str):
    async with watching("main", "tiles", key=key) as viewer:
        await viewer.next_picture()
        for _ in range(10):
            await viewer.socket.send_to(text_data="{")

        assert await viewer.closed() == 4400


async def test_figures_of_a_viewer_are_taken_as_they_are_said(key: str):
    async with watching("main", "tiles", key=key) as viewer:
        await viewer.next_picture()
        await viewer.say(
            {"type": "stats", "fps": 29.5, "latency_ms": 40, "dropped": 2, "sequence": 9}
        )
        await viewer.say({"type": "stats", "latency_ms": None})
        await viewer.say({"type": "ping", "sent_at": 1})
        await viewer.next_text("pong")

    assert not [text for text in viewer.told if text["type"] == "error"]
