"""The streams of one process, as its settings want them; with the real sources and codecs."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from streaming import streams
from streaming.core.live.shared import SharedStream
from streaming.core.relay.opening import BadRelay
from streaming.core.sources.desktop import Desktop
from streaming.models import Screen
from streaming.streams import Streams
from tests.streaming.core.live.test_published import Publisher
from tests.streaming.core.live.waiting import frame_of, own_threads, state_of, until

PATTERN = "pattern:320x180"
NO_DISPLAY = Desktop(platform="linux")

MakeStreams = Callable[..., Streams]


@pytest.fixture
async def streams_of() -> AsyncIterator[MakeStreams]:
    made: list[Streams] = []

    def make(*, default_source: str = "", relay_url: str = "", idle_s: float = 60) -> Streams:
        made.append(
            Streams(
                desktop=NO_DISPLAY,
                default_source=default_source,
                fps=30,
                idle_s=idle_s,
                most_bytes=1_000_000,
                relay_url=relay_url,
            )
        )
        return made[-1]

    yield make
    for each in made:
        await each.close_all()
    assert own_threads() == []


@pytest.mark.parametrize("codec", ["h264", "tiles", "jpeg"])
@pytest.mark.parametrize("tier", ["full", "light"])
async def test_a_screen_is_shown_in_every_codec_and_tier(
    streams_of: MakeStreams, codec: str, tier: str
):
    with streams_of().of(1, PATTERN).watch(codec, tier) as reader:
        first = last = await frame_of(reader)
        while last.sequence == first.sequence:  # a key frame may be made of one picture twice
            last = await frame_of(reader)

    assert first.is_key
    assert last.sequence > first.sequence


async def test_a_screen_has_one_stream(streams_of: MakeStreams):
    here = streams_of()

    assert here.of(1, PATTERN) is here.of(1, PATTERN)
    assert here.of(1, PATTERN) is not here.of(2, PATTERN)
    assert here.of(1, PATTERN) is not here.of(1, "pattern:640x360")
    assert here.of(3, Screen.PUBLISHER) is here.published(3)
    assert own_threads() == []


async def test_where_there_is_no_screen_a_pattern_stands_in_and_says_why(streams_of: MakeStreams):
    here = streams_of()
    with here.of(1, "local").watch("jpeg", "light") as reader:
        await frame_of(reader)
        status = here.status(1, "local")

    assert status
    assert (status.state, status.reason) == ("live", "no-display")
    assert "DISPLAY" in status.detail


async def test_a_screen_that_the_operator_asked_for_is_not_replaced(streams_of: MakeStreams):
    with streams_of(default_source="local").of(1, "local").watch("jpeg") as reader:
        told = await state_of(reader, "unavailable")

    assert told.reason == "no-display"


@pytest.mark.parametrize("source", ["pattern:9x9", "camera:x", "/no/such/video.mp4"])
async def test_a_source_that_cannot_be_opened_is_told_with_its_reason(
    streams_of: MakeStreams, source: str
):
    with streams_of().of(1, source).watch("tiles") as reader:
        told = await state_of(reader, "unavailable")

    assert told.reason
    assert told.detail


async def test_of_a_screen_that_nobody_asked_for_nothing_is_known(streams_of: MakeStreams):
    assert streams_of().status(1, PATTERN) is None


async def test_a_published_screen_waits_for_its_publisher(streams_of: MakeStreams):
    here = streams_of()
    with here.of(5, Screen.PUBLISHER).watch("jpeg") as reader:
        await state_of(reader, "idle")
        publisher = Publisher(here.published(5))
        sent = publisher.send(1)

        assert (await frame_of(reader)).message == sent.message


async def test_closing_with_viewers_ends_everything_within_the_time_of_a_server(
    streams_of: MakeStreams,
):
    here = streams_of()
    names = [(number, PATTERN) for number in range(4)]
    watched = [here.of(*name).watch("jpeg") for name in names]
    readers = [each.__enter__() for each in watched]
    for reader in readers:
        await frame_of(reader)
    began_s = time.monotonic()

    await here.close_all()

    assert time.monotonic() - began_s < 4
    assert own_threads() == []
    for reader in readers:
        assert (await state_of(reader, "ended")).reason == "server-stops"
    for each in watched:
        each.__exit__(None, None, None)


async def test_with_a_relay_processes_share_what_is_captured(
    streams_of: MakeStreams, tmp_path: Path
):
    url = f"unix:{tmp_path}/relay.sock"
    first, second = streams_of(relay_url=url), streams_of(relay_url=url)
    with first.of(1, PATTERN).watch("jpeg") as here:
        await frame_of(here)
        with second.of(1, PATTERN).watch("jpeg") as there:
            await frame_of(there)

            assert own_threads() == ["capture", "encode jpeg full"]


async def test_with_a_relay_a_publisher_is_seen_in_other_processes(
    streams_of: MakeStreams, tmp_path: Path
):
    url = f"unix:{tmp_path}/relay.sock"
    first, second = streams_of(relay_url=url), streams_of(relay_url=url)
    publisher = Publisher(first.published(1))
    with second.of(1, Screen.PUBLISHER).watch("jpeg") as there:
        getting = asyncio.ensure_future(frame_of(there))
        await until(lambda: publisher.keys_wanted > 0)
        sent = publisher.send(1)

        assert (await getting).message == sent.message
    assert isinstance(second.of(1, Screen.PUBLISHER), SharedStream)


async def test_a_relay_that_is_none_is_refused(streams_of: MakeStreams):
    with pytest.raises(BadRelay):
        streams_of(relay_url="carrier-pigeon:")


def test_without_a_relay_none_is_loaded():
    program = (
        "import sys, streaming.core.live.shared, streaming.core.relay.opening; "
        "print([name for name in sys.modules if 'redis' in name or 'local_socket' in name])"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == "[]"


async def test_the_streams_of_this_process_are_as_its_settings_say():
    stream = streams.of(1, PATTERN)
    with stream.watch("jpeg") as reader:
        await frame_of(reader)
        status = await asyncio.to_thread(streams.status, 1, PATTERN)
    await streams.close_all()

    assert status
    assert status.state == "live"
    assert status.readers == {"jpeg": 1}
    assert streams.status(1, PATTERN) is None
    assert own_threads() == []
