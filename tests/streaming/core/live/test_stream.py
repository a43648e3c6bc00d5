"""A screen in this process, from its first viewer to its last."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from streaming.core.errors import SourceLost, SourceUnavailable
from streaming.core.items import Config, State
from streaming.core.live.stream import LiveStream
from tests.streaming.core.live.screens import Codecs, Screen, ScreenSource, colour_of
from tests.streaming.core.live.waiting import BOUND_S, frame_of, item_of, own_threads, until


@asynccontextmanager
async def stream_of(
    screen: Screen, codecs: Codecs | None = None, *, idle_s: float = 60, fps: float = 60
) -> AsyncIterator[LiveStream]:
    stream = LiveStream(
        open_source=screen.open,
        open_encoder=(codecs or Codecs()).open,
        fps=fps,
        idle_s=idle_s,
        name="the screen of the test",
    )
    try:
        yield stream
    finally:
        await stream.close()


async def test_nothing_runs_before_the_first_viewer():
    screen, codecs = Screen(), Codecs()
    async with stream_of(screen, codecs) as stream:
        assert own_threads() == []
        assert screen.attempts == 0
        assert stream.status().state == "idle"


@pytest.mark.parametrize("codec", ["h264", "tiles", "jpeg"])
async def test_a_viewer_is_told_the_config_and_gets_a_whole_picture_first(codec: str):
    screen = Screen()
    screen.colour = 7
    async with stream_of(screen) as stream:
        with stream.watch(codec) as reader:
            config = await item_of(reader, lambda item: isinstance(item, Config))
            first = await frame_of(reader)

            assert isinstance(config, Config)
            assert config.members == {"codec": codec, "width": 64, "height": 48, "fps": 60}
            assert first.is_key
            assert colour_of(first) == 7
            assert stream.status().readers == {codec: 1}


@pytest.mark.parametrize("codec", ["h264", "tiles", "jpeg"])
async def test_who_joins_a_screen_that_stands_still_gets_the_picture_of_now(codec: str):
    screen = Screen()
    async with stream_of(screen) as stream:
        with stream.watch(codec) as first:
            await frame_of(first)
            screen.colour = 9
            while colour_of(await frame_of(first)) != 9:
                pass
            with stream.watch(codec) as second:
                joined = await frame_of(second)

    assert joined.is_key
    assert colour_of(joined) == 9


async def test_a_still_screen_is_not_encoded_again():
    screen = Screen()
    async with stream_of(screen) as stream:
        with stream.watch("jpeg") as reader:
            await frame_of(reader)
            await until(lambda: screen.opened[0].grabbed > 10)
            offered = reader.offered  # the first, which may have been asked for once more meanwhile
            await until(lambda: screen.opened[0].grabbed > 30)

            assert reader.offered == offered <= 2
            screen.colour = 1
            assert colour_of(await frame_of(reader)) == 1


async def test_viewers_of_one_codec_share_each_encoded_picture():
    codecs = Codecs()
    async with stream_of(Screen(is_moving=True), codecs) as stream:
        with stream.watch("jpeg") as first, stream.watch("jpeg") as second:
            seen = {frame.sequence: frame for frame in [await frame_of(first) for _ in range(20)]}
            other = await frame_of(second)

    assert len(codecs.opened) == 1
    assert seen.get(other.sequence, other) is other


async def test_a_codec_is_encoded_only_while_somebody_watches_it():
    codecs = Codecs()
    async with stream_of(Screen(is_moving=True), codecs) as stream:
        with stream.watch("jpeg") as reader:
            with stream.watch("h264") as other, stream.watch("tiles", "light") as third:
                for watched in (reader, other, third):
                    await frame_of(watched)
                assert len(codecs.open_encoders) == 3
            await until(lambda: len(codecs.open_encoders) == 1)
            await frame_of(reader)

            assert sorted(own_threads()) == ["capture", "encode jpeg full"]


async def test_after_the_last_viewer_everything_is_released():
    screen, codecs = Screen(is_moving=True), Codecs()
    async with stream_of(screen, codecs, idle_s=0.05) as stream:
        with stream.watch("jpeg") as reader:
            await frame_of(reader)
        await until(lambda: not own_threads())

        assert screen.open_sources == 0
        assert codecs.open_encoders == []
        assert stream.is_resting
        assert stream.status().state == "idle"


async def test_a_viewer_whose_task_is_cancelled_has_left():
    screen, codecs = Screen(is_moving=True), Codecs()
    async with stream_of(screen, codecs, idle_s=0) as stream:
        has_frame = asyncio.Event()

        async def view() -> None:
            with stream.watch("jpeg") as reader:
                while True:
                    await reader.next_frame()
                    has_frame.set()

        viewer = asyncio.create_task(view())
        await asyncio.wait_for(has_frame.wait(), BOUND_S)
        viewer.cancel()
        await until(lambda: not own_threads())

        assert stream.is_resting
        assert codecs.open_encoders == []


async def test_until_it_stops_the_source_is_kept_open_and_not_asked_for_pictures():
    screen = Screen(is_moving=True)
    async with stream_of(screen) as stream:
        with stream.watch("jpeg") as reader:
            await frame_of(reader)
        await until(lambda: own_threads() == ["capture"])
        grabbed = screen.opened[0].grabbed
        await asyncio.sleep(0.1)
        assert screen.opened[0].grabbed <= grabbed + 1

        screen.is_moving, screen.colour = False, 77
        with stream.watch("jpeg") as reader:
            first = await frame_of(reader)

        assert colour_of(first) == 77  # the picture of now, not the one that was kept
        assert len(screen.opened) == 1


@pytest.mark.parametrize("codec", ["h264", "tiles", "jpeg"])
async def test_after_a_rest_the_next_viewers_first_picture_is_a_whole_one_of_now(codec: str):
    screen = Screen()
    async with stream_of(screen, idle_s=0) as stream:
        for colour in (1, 2, 3):
            screen.colour = colour
            with stream.watch(codec) as reader:
                first = await frame_of(reader)
                assert (first.is_key, colour_of(first)) == (True, colour)
            await until(lambda: stream.is_resting)

    assert len(screen.opened) == 3
    assert screen.open_sources == 0


@pytest.mark.parametrize("idle_s", [0, 60])
@pytest.mark.parametrize("codec", ["h264", "tiles", "jpeg"])
async def test_the_next_viewers_first_picture_waits_for_no_tick_and_is_not_of_before(
    codec: str, idle_s: float
):
    screen = Screen()
    async with stream_of(screen, idle_s=idle_s, fps=1 / (10 * BOUND_S)) as stream:
        for colour in (1, 2, 3):
            screen.colour = colour
            with stream.watch(codec) as reader:
                first = await frame_of(reader)
                assert (first.is_key, colour_of(first)) == (True, colour)


async def test_viewers_that_come_and_go_never_open_the_source_twice_at_once():
    screen, most_open = Screen(is_moving=True), 0
    async with stream_of(screen, idle_s=0) as stream:
        for _ in range(20):
            with stream.watch("jpeg") as reader:
                await frame_of(reader)
                most_open = max(most_open, screen.open_sources)
            await asyncio.sleep(0)

    assert most_open == 1
    assert screen.open_sources == 0


async def test_another_size_is_told_before_its_pictures_and_gets_another_encoder():
    screen, codecs = Screen(is_moving=True), Codecs()
    async with stream_of(screen, codecs) as stream:
        with stream.watch("h264") as reader:
            await frame_of(reader)
            screen.size = (128, 96)
            config = await item_of(
                reader, lambda item: isinstance(item, Config) and item.members["width"] == 128
            )
            first = await frame_of(reader)

            assert isinstance(config, Config)
            assert config.members["height"] == 96
            assert first.is_key
            assert len(codecs.open_encoders) == 1
            assert (stream.status().width, stream.status().height) == (128, 96)


async def test_a_source_that_is_not_there_is_told_with_its_sentence_and_comes_by_itself():
    screen = Screen()
    screen.is_there = False
    async with stream_of(screen) as stream:
        with stream.watch("jpeg") as reader:
            told = await item_of(reader, lambda item: item == unavailable)
            assert stream.status().reason == "no-display"
            screen.is_there, screen.colour = True, 3

            assert told == unavailable
            assert colour_of(await frame_of(reader)) == 3
            assert stream.status().state == "live"


async def test_why_there_is_no_picture_is_in_the_log_once_each_time_it_happens(
    caplog: pytest.LogCaptureFixture,
):
    screen, said = Screen(), "the screen of the test: There is no display. Connect one."
    async with stream_of(screen) as stream:
        with stream.watch("jpeg") as reader:
            for times in (1, 2):
                attempts, screen.is_there = screen.attempts, False
                await item_of(reader, lambda item: item == unavailable)
                await until(lambda before=attempts: screen.attempts >= before + 2)
                assert caplog.messages.count(said) == times
                screen.is_there = True
                await item_of(reader, lambda item: item == State("live"))


unavailable = State("unavailable", "no-display", "There is no display. Connect one.")


async def test_a_source_that_is_lost_is_told_and_opened_again():
    screen = Screen(is_moving=True)
    async with stream_of(screen) as stream:
        with stream.watch("h264") as reader, stream.watch("tiles") as other:
            await frame_of(reader)
            screen.is_there = False
            lost = State("unavailable", "lost", "The display went away.")
            await item_of(reader, lambda item: item == lost)
            await item_of(reader, lambda item: item == unavailable)
            screen.is_there = True

            await item_of(reader, lambda item: item == State("live"))
            assert (await frame_of(reader)).is_key
            await item_of(other, lambda item: item == State("live"))
            assert (await frame_of(other)).is_key
            assert screen.open_sources == 1


async def test_who_joins_while_the_source_is_away_is_told_so():
    screen = Screen()
    screen.is_there = False
    async with stream_of(screen) as stream:
        with stream.watch("jpeg") as first:
            await item_of(first, lambda item: item == unavailable)
            with stream.watch("jpeg") as second, stream.watch("tiles") as third:
                await item_of(second, lambda item: item == unavailable)
                await item_of(third, lambda item: item == unavailable)


class StandIn(ScreenSource):
    instead_of = SourceUnavailable("There is no display here.", reason="no-display")


async def test_a_source_that_stands_in_for_another_says_why_while_it_is_live():
    screen = Screen()
    screen.open = lambda: StandIn(screen)  # type: ignore[method-assign]
    async with stream_of(screen) as stream:
        with stream.watch("jpeg") as reader:
            await frame_of(reader)
            status = stream.status()

    assert (status.state, status.reason) == ("live", "no-display")
    assert status.detail == "There is no display here."


async def test_while_the_presenter_pauses_nothing_is_shown():
    screen = Screen(is_moving=True)
    async with stream_of(screen) as stream:
        with stream.watch("jpeg") as reader:
            await frame_of(reader)
            stream.pause()
            await item_of(reader, lambda item: item == State("paused"))
            grabbed = screen.opened[0].grabbed
            with stream.watch("jpeg") as joiner:
                assert await joiner.next_item() == State("paused")
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(joiner.next_frame(), 0.1)
            assert screen.opened[0].grabbed == grabbed

            stream.resume()
            await item_of(reader, lambda item: item == State("live"))
            await frame_of(reader)


async def test_a_stream_that_ends_says_why_to_those_who_watch_and_those_who_come():
    screen = Screen(is_moving=True)
    async with stream_of(screen) as stream:
        with stream.watch("jpeg") as reader:
            await frame_of(reader)
            stream.end("deleted", "The screen was deleted.")
            ended = State("ended", "deleted", "The screen was deleted.")
            assert await item_of(reader, lambda item: item == ended)
            with pytest.raises(SourceLost, match="The screen was deleted"):
                await frame_of(reader)
        with stream.watch("tiles") as late:
            assert await item_of(late, lambda item: item == ended)
        assert stream.status().state == "ended"
        await until(lambda: not own_threads())


async def test_closing_ends_every_thread_while_viewers_watch():
    screen = Screen(is_moving=True)
    stream = LiveStream(open_source=screen.open, open_encoder=Codecs().open, fps=60, idle_s=60)
    with stream.watch("jpeg") as reader, stream.watch("h264") as other:
        await frame_of(reader)
        await frame_of(other)
        await stream.close()

        assert own_threads() == []
        assert screen.open_sources == 0
        await item_of(reader, lambda item: isinstance(item, State) and item.state == "ended")


def test_a_loop_that_ends_without_closing_leaves_no_thread_at_work():
    screen = Screen(is_moving=True)
    watched = []  # and never left

    async def view_and_forget() -> None:
        stream = LiveStream(open_source=screen.open, open_encoder=Codecs().open, fps=60, idle_s=60)
        watched.append(stream.watch("jpeg"))
        watched[0].__enter__()
        await until(lambda: bool(screen.opened and screen.opened[0].grabbed))

    asyncio.run(view_and_forget())
    for thread in threading.enumerate():
        if thread.name in {"capture", "encode jpeg full"}:
            thread.join(BOUND_S)

    assert own_threads() == []
    assert screen.open_sources == 0


async def test_a_viewer_that_never_takes_costs_the_others_no_frame():
    async with stream_of(Screen(is_moving=True)) as stream:
        with stream.watch("h264") as stalled, stream.watch("h264") as reader:
            sequences = [(await frame_of(reader)).sequence for _ in range(60)]

            assert (reader.dropped, reader.taken) == (0, 60)
            assert stalled.dropped > 40
    assert sequences == sorted(sequences)


async def test_an_encoder_that_is_slow_skips_pictures_and_does_not_hold_up_the_capture():
    screen, codecs = Screen(is_moving=True), Codecs()
    go_on = threading.Event()
    codecs.before_encoding = lambda: go_on.wait(BOUND_S) and None
    async with stream_of(screen, codecs) as stream:
        with stream.watch("jpeg") as reader:
            await until(lambda: bool(screen.opened) and screen.opened[0].grabbed > 20)
            go_on.set()
            await until(lambda: len(codecs.encoded) > 1)
            await frame_of(reader)

    first, second, *_ = codecs.encoded
    assert second - first > 10


async def test_an_encoder_that_fails_is_told_and_the_other_codecs_go_on(
    monkeypatch: pytest.MonkeyPatch,
):
    screen, codecs = Screen(is_moving=True), Codecs()
    logged: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", logged.append)
    async with stream_of(screen, codecs) as stream:
        with stream.watch("jpeg") as good:
            await frame_of(good)
            codecs.before_encoding = fail_in_h264
            with stream.watch("h264") as bad:
                told = await item_of(
                    bad, lambda item: isinstance(item, State) and item.state == "unavailable"
                )
            await frame_of(good)

    assert isinstance(told, State)
    assert told.reason == "encoder-failed"
    assert [str(args.exc_value) for args in logged] == ["the codec broke"]


def fail_in_h264() -> None:
    if threading.current_thread().name.startswith("encode h264"):
        raise RuntimeError("the codec broke")


async def test_a_capture_that_fails_by_a_bug_is_told_logged_and_begun_again(
    monkeypatch: pytest.MonkeyPatch,
):
    screen = Screen(is_moving=True)
    logged: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", logged.append)
    async with stream_of(screen) as stream:
        with stream.watch("jpeg") as reader:
            await frame_of(reader)
            screen.opened[0].grab = fail  # type: ignore[method-assign]
            await item_of(reader, lambda item: isinstance(item, State) and item.reason == "failed")
            await item_of(reader, lambda item: item == State("live"))
            await frame_of(reader)

    assert [str(args.exc_value) for args in logged] == ["the driver broke"]


def fail() -> None:
    raise RuntimeError("the driver broke")
