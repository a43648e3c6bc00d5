"""Handing frames to many viewers."""

import asyncio
import sys
import threading
import tracemalloc
from collections.abc import Callable

import pytest

from streaming.core.encoders.base import EncodedFrame
from streaming.core.errors import SourceLost
from streaming.core.hub import MOST_IN_CROSSING, FrameHub, Reader
from streaming.core.items import Config, State
from streaming.core.wire import Kind
from tests.streaming.core.encoded import encoded_frame, h264, tile, tiles

BOUND_S = 10


def hub_of(kind: Kind, on_key_wanted: Callable[[], None] = lambda: None) -> FrameHub:
    return FrameHub(asyncio.get_running_loop(), kind, on_key_wanted)


async def take(reader: Reader) -> EncodedFrame:
    return await asyncio.wait_for(reader.next_frame(), BOUND_S)


async def until(is_so: Callable[[], bool]) -> None:
    """Let the loop go round until it is so."""
    for _ in range(100):
        if is_so():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never was so")


async def test_a_slow_reader_gets_the_newest_frame_and_counts_the_skipped_ones():
    hub = hub_of(Kind.JPEG)
    with hub.reader() as reader:
        for sequence in range(3):
            hub.offer(encoded_frame(sequence))

        assert (await take(reader)).sequence == 2
        assert reader.dropped == 2


async def test_frames_cross_from_a_thread_once_for_all_readers():
    hub = hub_of(Kind.JPEG)
    crossings = []
    loop = asyncio.get_running_loop()
    crossing = loop.call_soon_threadsafe
    loop.call_soon_threadsafe = lambda *args: crossings.append(args) or crossing(*args)  # type: ignore[method-assign, assignment, func-returns-value]
    with hub.reader() as first, hub.reader() as second:
        thread = threading.Thread(target=hub.publish, args=(encoded_frame(1),))
        thread.start()

        assert await take(first) is await take(second)
        assert [args[1] for args in crossings].count(encoded_frame(1)) == 1
        thread.join()


async def test_a_reader_that_never_takes_costs_the_others_no_frame():
    hub = hub_of(Kind.H264)
    with hub.reader() as stalled, hub.reader() as reader:
        seen = []
        for sequence in range(200):
            hub.offer(h264(sequence, is_key=sequence == 0))
            seen.append((await take(reader)).sequence)

        assert seen == list(range(200))
        assert reader.dropped == 0
        assert stalled.dropped > 180


async def test_a_reader_is_told_the_config_before_the_frames_that_need_it():
    hub = hub_of(Kind.JPEG)
    hub.offer(Config({"width": 1}))
    hub.offer(encoded_frame(1))
    with hub.reader() as reader:
        assert await reader.next_item() == Config({"width": 1})
        assert await reader.next_item() == encoded_frame(1)
        hub.offer(encoded_frame(2))
        hub.offer(Config({"width": 2}))
        hub.offer(encoded_frame(3))

        assert await reader.next_item() == Config({"width": 2})
        assert await reader.next_item() == encoded_frame(3)


async def test_a_new_rate_is_told_and_forces_no_new_picture():
    wishes: list[float] = []
    hub = hub_of(Kind.TILES, lambda: wishes.append(0))
    with hub.reader() as reader:
        hub.offer(Config({"width": 64, "fps": 30}))
        hub.offer(tiles(0, tile(0, 0, b"a"), is_key=True))
        hub.offer(Config({"width": 64, "fps": 15}))

        assert await reader.next_item() == Config({"width": 64, "fps": 15})
        assert (await take(reader)).sequence == 0
    assert wishes == []


async def test_frames_of_a_screen_that_is_not_live_any_more_are_not_shown():
    hub = hub_of(Kind.JPEG)
    unavailable = State("unavailable", "lost", "The display went away.")
    with hub.reader() as reader:
        hub.offer(encoded_frame(1))
        hub.offer(unavailable)
        hub.offer(State("live"))
        hub.offer(encoded_frame(2))

        assert await reader.next_item() == State("live")
        assert await reader.next_item() == encoded_frame(2)
        hub.offer(unavailable)
    with hub.reader() as joiner:
        assert await joiner.next_item() == unavailable
        assert joiner.wants_key


async def test_after_the_end_nothing_is_waited_for():
    hub = hub_of(Kind.JPEG)
    with hub.reader() as reader, hub.reader() as plain:
        hub.offer(State("ended", "publisher-left", "The presenter has stopped."))

        assert await reader.next_item() == State(
            "ended", "publisher-left", "The presenter has stopped."
        )
        with pytest.raises(SourceLost, match="The presenter has stopped"):
            await reader.next_item()
        with pytest.raises(SourceLost, match="The presenter has stopped"):
            await take(plain)


async def test_who_joins_h264_asks_for_a_key_frame_and_gets_nothing_before_it():
    wishes: list[float] = []
    hub = hub_of(Kind.H264, lambda: wishes.append(0))
    with hub.reader() as reader:
        hub.offer(h264(1))
        waiting = asyncio.ensure_future(take(reader))
        await until(lambda: reader.is_waiting)
        hub.offer(h264(2))
        hub.offer(h264(3, is_key=True))

        assert (await waiting).sequence == 3
        assert len(wishes) == 1


async def test_who_joins_tiles_or_pictures_forces_nothing_once_there_is_a_picture():
    for kind, key in ((Kind.TILES, tiles(1, tile(0, 0, b"a"), is_key=True)), (Kind.JPEG, None)):
        wishes: list[float] = []
        hub = hub_of(kind, lambda wishes=wishes: wishes.append(0))
        hub.offer(key or encoded_frame(1))
        for _ in range(50):
            with hub.reader() as reader:
                assert (await take(reader)).sequence == 1

        assert wishes == []


async def test_key_frames_are_forced_at_a_bounded_rate_however_many_join():
    loop = asyncio.get_running_loop()
    forced: list[float] = []
    hub = hub_of(Kind.H264, lambda: answer())
    sequences = iter(range(10_000))

    def answer() -> None:
        forced.append(loop.time())
        loop.call_soon(lambda: hub.offer(h264(next(sequences), is_key=True)))

    async def join() -> None:
        with hub.reader() as reader:
            assert (await take(reader)).is_key

    for _ in range(4):
        await asyncio.gather(*[join() for _ in range(100)])

    spacings = [later - earlier for earlier, later in zip(forced, forced[1:], strict=False)]
    assert len(forced) == 4
    assert min(spacings) >= 0.24


async def test_a_stalled_reader_asks_for_no_key_frame_before_it_takes_again():
    wishes: list[float] = []
    wished = asyncio.Event()
    hub = hub_of(Kind.H264, lambda: wishes.append(0) or wished.set())  # type: ignore[func-returns-value]
    with hub.reader() as reader:
        hub.offer(h264(0, is_key=True))
        await take(reader)
        for sequence in range(1, 100):
            hub.offer(h264(sequence))
        assert wishes == []
        assert reader.wants_key

        waiting = asyncio.ensure_future(take(reader))
        await asyncio.wait_for(wished.wait(), BOUND_S)
        hub.offer(h264(100, is_key=True))

        assert (await waiting).sequence == 100


@pytest.mark.parametrize("kind", [Kind.JPEG, Kind.TILES])
async def test_a_viewer_that_lost_its_picture_is_served_from_what_is_kept(kind: Kind):
    wishes: list[float] = []
    hub = hub_of(kind, lambda: wishes.append(0))
    picture = tiles(3, tile(0, 0, b"a"), is_key=True) if kind is Kind.TILES else encoded_frame(3)
    with hub.reader() as reader:
        hub.offer(picture)
        await take(reader)
        waiting = asyncio.ensure_future(take(reader))
        await until(lambda: reader.is_waiting)
        reader.ask_key()

        assert (await waiting).message == picture.message
    assert wishes == []


async def test_a_viewer_that_asks_for_key_frames_all_the_time_gets_one_a_second_at_most():
    wishes: list[float] = []
    hub = hub_of(Kind.H264, lambda: wishes.append(0))
    with hub.reader() as reader:
        hub.offer(h264(0, is_key=True))
        await take(reader)
        for sequence in range(1, 100):
            reader.ask_key()
            hub.offer(h264(sequence, is_key=sequence == 99))

        assert (await take(reader)).sequence == 99
    assert len(wishes) <= 1


async def test_it_says_how_long_nobody_has_taken_anything():
    hub = hub_of(Kind.JPEG)
    with hub.reader() as reader:
        waiting = asyncio.ensure_future(take(reader))
        await until(lambda: reader.is_waiting)
        assert reader.stalled_s == 0

        hub.offer(encoded_frame(1))
        await waiting
        await asyncio.sleep(0.02)
        assert reader.stalled_s >= 0.01


async def test_encoding_is_told_to_wait_while_the_loop_is_behind():
    hub = hub_of(Kind.JPEG)

    for sequence in range(MOST_IN_CROSSING):
        assert not hub.is_behind
        hub.publish(encoded_frame(sequence))

    assert hub.is_behind
    await asyncio.sleep(0)
    assert not hub.is_behind


@pytest.mark.parametrize("kind", [Kind.JPEG, Kind.H264, Kind.TILES])
async def test_thousands_of_frames_past_stalled_readers_leave_memory_flat(kind: Kind):
    hub = hub_of(kind)

    def frame(sequence: int) -> EncodedFrame:
        is_key = sequence % 300 == 0
        if kind is Kind.TILES:
            return tiles(sequence, tile(sequence % 8 * 64, 0, bytes(5000)), is_key=is_key)
        return encoded_frame(sequence, kind=kind, is_key=is_key, size_bytes=5000)

    with hub.reader(), hub.reader(), hub.reader() as joined_and_took_one:
        hub.offer(frame(0))
        await take(joined_and_took_one)
        for sequence in range(1, 200):
            hub.offer(frame(sequence))
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for sequence in range(200, 4000):
            hub.offer(frame(sequence))
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert after - before < 200_000
    assert sys.getrefcount(hub) < 10
