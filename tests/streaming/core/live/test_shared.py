"""A screen that several processes show: here each has its own relay and stream, on one loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from streaming.core.items import Config
from streaming.core.live.shared import SharedStream
from streaming.core.live.stream import LiveStream
from streaming.core.relay.base import Relay, RelayLost
from tests.streaming.core.live.screens import Codecs, Screen, colour_of
from tests.streaming.core.live.test_published import Publisher, published
from tests.streaming.core.live.waiting import frame_of, item_of, own_threads, state_of, until
from tests.streaming.core.relay.relays import Place, place_of

Process = Callable[[], SharedStream]


@pytest.fixture(params=["local socket", pytest.param("redis", marks=pytest.mark.redis)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return place_of(request.param, tmp_path)


class Machine:
    """A screen, and processes that can capture it."""

    def __init__(self, place: Place) -> None:
        self.screen = Screen(is_moving=True)
        self._place = place
        self._made: list[tuple[SharedStream, Relay]] = []

    def process(self, relay: Relay | None = None) -> SharedStream:
        relay = relay or self._place.relay()
        own = LiveStream(
            open_source=self.screen.open, open_encoder=Codecs().open, fps=60, idle_s=60
        )
        shared = SharedStream(self._place.screen, own, relay, may_own=lambda: True)
        self._made.append((shared, relay))
        return shared

    async def close(self) -> None:
        for shared, relay in self._made:
            await shared.close()
            await relay.close()


@pytest.fixture
async def machine(place: Place) -> AsyncIterator[Machine]:
    machine = Machine(place)
    yield machine
    await machine.close()
    assert own_threads() == []


@pytest.mark.parametrize("codec", ["h264", "tiles", "jpeg"])
async def test_the_first_that_is_asked_captures_and_the_others_follow(machine: Machine, codec: str):
    first, second = machine.process(), machine.process()
    with first.watch(codec) as here:
        await frame_of(here)
        with second.watch(codec) as there:
            config = await item_of(there, lambda item: isinstance(item, Config))
            begun = await frame_of(there)
            await frame_of(there)
            await frame_of(here)

            assert isinstance(config, Config)
            assert config.members["codec"] == codec
            assert begun.is_key
            assert machine.screen.open_sources == 1
            assert len(machine.screen.opened) == 1
            assert second.status().state == "live"
            assert second.status().width == 64


async def test_a_still_screen_is_seen_at_once_in_another_process(machine: Machine):
    machine.screen.is_moving, machine.screen.colour = False, 5
    first, second = machine.process(), machine.process()
    with first.watch("tiles") as here:
        await frame_of(here)
        with second.watch("tiles") as there:
            assert colour_of(await frame_of(there)) == 5


async def test_what_nobody_watches_anywhere_is_not_captured(machine: Machine):
    first, second = machine.process(), machine.process()
    with first.watch("jpeg") as here:
        await frame_of(here)
    with second.watch("h264") as there:
        await frame_of(there)
        await until(lambda: own_threads() == ["capture", "encode h264 full"])
    await until(lambda: own_threads() == ["capture"])  # for a while, as its idle time is


async def test_when_the_process_that_captures_ends_another_takes_over(machine: Machine):
    first, second = machine.process(), machine.process()
    with first.watch("jpeg") as here:
        await frame_of(here)
        with second.watch("jpeg") as there:
            await frame_of(there)
            await first.close()
            ended = await state_of(here, "ended")
            await state_of(there, "live")
            await frame_of(there)

    assert ended.reason == "server-stops"
    assert len(machine.screen.opened) == 2


class BrokenRelay:
    """A Relay that nothing can be reached by."""

    async def offer(self, screen: str, watch: object) -> None:
        raise RelayLost("Redis cannot be reached")

    async def follow(self, screen: str, codec: str, tier: str) -> None:
        raise RelayLost("Redis cannot be reached")

    async def close(self) -> None:
        pass


async def test_without_its_relay_a_process_shows_what_it_can_see_itself(machine: Machine):
    alone = machine.process(BrokenRelay())  # type: ignore[arg-type]
    with alone.watch("jpeg") as reader:
        await frame_of(reader)


async def test_what_is_published_in_one_process_is_seen_in_another(place: Place):
    relays = [place.relay(), place.relay()]
    async with published() as here, published() as there:
        streams = [
            SharedStream(
                place.screen, own, relay, may_own=lambda own=own: own.publication is not None
            )
            for own, relay in zip((here, there), relays, strict=True)
        ]
        here.on_publication = streams[0].own_now
        there.on_publication = streams[1].own_now
        with streams[1].watch("jpeg") as viewer:
            assert (await state_of(viewer, "idle")).reason == "no-publisher"
            publisher = Publisher(here, "jpeg")
            getting = asyncio.ensure_future(frame_of(viewer))
            await until(lambda: publisher.keys_wanted > 0)
            sent = publisher.send(4)
            assert (await getting).message == sent.message

            publisher.publication.end("publisher-left", "The presenter has stopped.")
            assert (await state_of(viewer, "ended")).detail == "The presenter has stopped."
        with streams[1].watch("jpeg") as viewer:
            await state_of(viewer, "idle")
            publisher = Publisher(there, "jpeg")  # the next one comes to the other process
            await until(lambda: publisher.keys_wanted > 0)
            sent = publisher.send(5)
            assert (await frame_of(viewer)).message == sent.message
        for stream, relay in zip(streams, relays, strict=True):
            await stream.close()
            await relay.close()
