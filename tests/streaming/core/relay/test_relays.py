"""What holds for every relay: one process offers a screen, others follow it."""

import asyncio
import stat
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streaming.core.encoders.base import EncodedFrame
from streaming.core.hub import FrameHub, Reader
from streaming.core.items import Config, Item, State
from streaming.core.relay.base import Following, Offering, Relay, RelayLost
from streaming.core.relay.messages import pack_item, unpack_item
from streaming.core.relay.opening import BadRelay, open_relay
from streaming.core.slots import H264_QUEUE_FRAMES
from streaming.core.wire import Kind
from tests.streaming.core.encoded import encoded_frame, h264, tile, tiles
from tests.streaming.core.live.waiting import until
from tests.streaming.core.relay.relays import Place, place_of, settled

BOUND_S = 20
JPEG = ("jpeg", "full")


class Offered:
    """A process that has the pictures: hubs that a test offers frames to."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.keys_wanted: dict[str, int] = {"jpeg": 0, "tiles": 0, "h264": 0}
        kinds = {"jpeg": Kind.JPEG, "tiles": Kind.TILES, "h264": Kind.H264}
        self.hubs = {
            codec: FrameHub(loop, kind, lambda codec=codec: self._want_key(codec))
            for codec, kind in kinds.items()
        }

    @contextmanager
    def watch(self, codec: str, tier: str) -> Iterator[Reader]:
        with self.hubs[codec].reader() as reader:
            yield reader

    def readers(self, codec: str) -> tuple[Reader, ...]:
        return self.hubs[codec].readers

    def _want_key(self, codec: str) -> None:
        self.keys_wanted[codec] += 1


@pytest.fixture(params=["local socket", pytest.param("redis", marks=pytest.mark.redis)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return place_of(request.param, tmp_path)


@pytest.fixture
async def relay_of(place: Place) -> AsyncIterator[Callable[[], Relay]]:
    relays: list[Relay] = []

    def made() -> Relay:
        relays.append(place.relay())
        return relays[-1]

    yield made
    await settled(relays)


async def offer(relay: Relay, place: Place, offered: Offered) -> Offering:
    offering = await relay.offer(place.screen, offered.watch)
    assert offering
    return offering


async def item_of(following: Following) -> Item:
    return await asyncio.wait_for(following.next_item(), BOUND_S)


async def frame_of(following: Following) -> EncodedFrame:
    while not isinstance(item := await item_of(following), EncodedFrame):
        pass
    return item


async def test_whoever_follows_gets_config_states_and_frames_as_they_are(
    place: Place, relay_of: Callable[[], Relay]
):
    offered = Offered()
    offering = await offer(relay_of(), place, offered)
    following = await relay_of().follow(place.screen, *JPEG)
    await until(lambda: len(offered.readers("jpeg")) == 1)
    items: list[Item] = [
        State("live", "no-display", "Das ist ein Bild für Übungen."),
        Config({"codec": "jpeg", "width": 64}),
        encoded_frame(7, size_bytes=300_000),
    ]
    got: list[Item] = []
    for item in items:
        offered.hubs["jpeg"].offer(item)
        while item not in got:
            got.append(await item_of(following))

    assert [item for item in got if item in items][-1] == items[-1]
    await following.close()
    await offering.close()


async def test_tiles_arrive_as_tiles(place: Place, relay_of: Callable[[], Relay]):
    offered = Offered()
    offering = await offer(relay_of(), place, offered)
    key = tiles(1, tile(0, 0, b"a"), tile(64, 0, b"b"), is_key=True)
    offered.hubs["tiles"].offer(key)
    following = await relay_of().follow(place.screen, "tiles", "full")

    got = await frame_of(following)

    assert got == key
    await following.close()
    await offering.close()


async def test_only_what_is_followed_is_watched_and_no_longer_than_that(
    place: Place, relay_of: Callable[[], Relay]
):
    offered = Offered()
    offering = await offer(relay_of(), place, offered)
    assert all(not offered.readers(codec) for codec in offered.hubs)
    following = await relay_of().follow(place.screen, *JPEG)
    await until(lambda: len(offered.readers("jpeg")) == 1)
    assert not offered.readers("h264")

    await following.close()

    await until(lambda: not offered.readers("jpeg"))
    await offering.close()


async def test_one_process_alone_has_a_screen(place: Place, relay_of: Callable[[], Relay]):
    offering = await offer(relay_of(), place, Offered())

    assert await relay_of().offer(place.screen, Offered().watch) is None
    other = await relay_of().offer(f"{place.screen}-other", Offered().watch)
    assert other
    await other.close()
    await offering.close()
    again = await offer(relay_of(), place, Offered())
    await again.close()


async def test_nobody_can_be_followed_where_nobody_has_the_screen(
    place: Place, relay_of: Callable[[], Relay]
):
    with pytest.raises(RelayLost):
        await relay_of().follow(place.screen, *JPEG)


async def test_who_follows_hears_that_the_process_has_given_it_up(
    place: Place, relay_of: Callable[[], Relay]
):
    offering = await offer(relay_of(), place, Offered())
    following = await relay_of().follow(place.screen, *JPEG)

    await offering.close()

    with pytest.raises(RelayLost):
        await item_of(following)
    await following.close()


async def test_a_key_frame_is_asked_for_where_the_pictures_are(
    place: Place, relay_of: Callable[[], Relay]
):
    offered = Offered()
    offering = await offer(relay_of(), place, offered)
    following = await relay_of().follow(place.screen, "h264", "full")
    await until(lambda: offered.keys_wanted["h264"] == 1)
    offered.hubs["h264"].offer(h264(0, is_key=True))
    assert (await frame_of(following)).sequence == 0

    following.ask_key()
    getting = asyncio.ensure_future(frame_of(following))
    await until(lambda: offered.keys_wanted["h264"] >= 2)
    offered.hubs["h264"].offer(h264(1, is_key=True))

    assert (await getting).sequence == 1
    await following.close()
    await offering.close()


async def test_that_too_many_are_slow_is_told_where_the_pictures_are(
    place: Place, relay_of: Callable[[], Relay]
):
    offered = Offered()
    offering = await offer(relay_of(), place, offered)
    following = await relay_of().follow(place.screen, *JPEG)
    following.report(is_slow=True)

    await until(lambda: any(reader.latency_ms for reader in offered.readers("jpeg")))
    await following.close()
    await offering.close()


async def test_one_that_follows_and_takes_nothing_costs_the_others_no_frame(
    place: Place, relay_of: Callable[[], Relay]
):
    offered = Offered()
    offering = await offer(relay_of(), place, offered)
    stalled = await relay_of().follow(place.screen, "h264", "full")
    following = await relay_of().follow(place.screen, "h264", "full")
    await until(lambda: bool(offered.readers("h264")))
    got: list[int] = []
    for sequence in range(200):
        frame = h264(sequence, is_key=sequence == 0, size_bytes=20_000)
        offered.hubs["h264"].offer(frame)
        got.append((await frame_of(following)).sequence)

    assert got == list(range(200))
    await stalled.close()
    await following.close()
    await offering.close()


async def test_one_that_was_slow_goes_on_with_a_key_frame(
    place: Place, relay_of: Callable[[], Relay]
):
    offered = Offered()
    offering = await offer(relay_of(), place, offered)
    following = await relay_of().follow(place.screen, "h264", "full")
    await until(lambda: offered.keys_wanted["h264"] > 0)
    for sequence in range(H264_QUEUE_FRAMES * 4):  # at once: more than may wait
        offered.hubs["h264"].offer(h264(sequence, is_key=sequence == 0))
    await until(lambda: offered.keys_wanted["h264"] > 1)
    offered.hubs["h264"].offer(h264(999, is_key=True))

    got = [await frame_of(following)]
    while got[-1].sequence != 999:
        got.append(await frame_of(following))

    for before, after in zip(got, got[1:], strict=False):
        assert after.is_key or after.sequence == before.sequence + 1
    await following.close()
    await offering.close()


PROCESS = """
import asyncio, sys
from tests.streaming.core.relay.test_relays import Offered
from streaming.core.relay.opening import open_relay

async def main(url, screen):
    offering = await open_relay(url).offer(screen, Offered().watch)
    print("has it" if offering else "has it not", flush=True)
    await asyncio.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_when_the_process_that_has_it_dies_another_can_take_it_within_seconds(
    place: Place, relay_of: Callable[[], Relay]
):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROCESS, place.url, place.screen, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        said = await asyncio.wait_for(process.stdout.readline(), 60)
        assert said == b"has it\n"
        following = await relay_of().follow(place.screen, *JPEG)
    finally:
        process.kill()
        await process.wait()

    with pytest.raises(RelayLost):
        await item_of(following)
    relay = relay_of()
    async with asyncio.timeout(BOUND_S):
        while (offering := await relay.offer(place.screen, Offered().watch)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await following.close()
    await offering.close()


# --- what is private --------------------------------------------------------------------------------


async def test_the_socket_and_its_lock_are_for_one_user(tmp_path: Path):
    place = place_of("local socket", tmp_path)
    offering = await offer(place.relay(), place, Offered())

    assert modes_in(tmp_path) == {0o600}
    await offering.close()


def modes_in(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0\0\0\x02{}",
        b'\0\0\0\x20{"codec":"gif","tier":"full"}    ',
        b"\0\0\0\x05[1,2]",
        b"\xff\xff\xff\xff",
    ],
)
async def test_who_asks_for_nonsense_is_hung_up_on(tmp_path: Path, sent: bytes):
    place, offered = place_of("local socket", tmp_path), Offered()
    offering = await offer(place.relay(), place, offered)
    come, go = await asyncio.open_unix_connection(f"{tmp_path}/relay.sock.{place.screen}")
    go.write(sent)
    go.write_eof()

    assert await asyncio.wait_for(come.read(), BOUND_S) == b""
    go.close()
    following = await place.relay().follow(place.screen, *JPEG)
    await until(lambda: len(offered.readers("jpeg")) == 1)
    await following.close()
    await offering.close()


async def test_a_relay_that_cannot_be_reached_is_lost():
    relay = place_of("local socket", Path("/nowhere")).relay()

    with pytest.raises(RelayLost):
        await relay.offer("1", Offered().watch)
    with pytest.raises(RelayLost):
        await relay.follow("1", *JPEG)


@pytest.mark.parametrize("url", ["", "http://here", "/a/path", "memory:"])
def test_a_relay_of_another_kind_is_refused_with_what_there_is(url: str):
    with pytest.raises(BadRelay, match="unix:.*redis:"):
        open_relay(url)


# --- items as bytes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item",
    [
        State("ended", "deleted", "Ende — 完"),
        Config({"codec": "h264", "description": "avc1.42c028"}),
        encoded_frame(3),
        h264(4),
        h264(5, is_key=True),
        tiles(6, tile(64, 128, b"x"), is_key=True),
    ],
)
def test_items_survive_the_way(item: Item):
    assert unpack_item(pack_item(item)) == item
