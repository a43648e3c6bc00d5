"""Adapting what is sent to those who watch."""

import asyncio
from collections.abc import Iterator

import pytest

from streaming.core.adapting import LATE_MS, LEVELS
from streaming.core.live import audience
from streaming.core.live.stream import LiveStream
from tests.streaming.core.live.screens import Codecs, Screen
from tests.streaming.core.live.waiting import frame_of, until

SLOW = 2 * LATE_MS


@pytest.fixture(autouse=True)
def _windows_are_short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(audience, "WINDOW_S", 0.02)
    yield


def stream_of(codecs: Codecs) -> LiveStream:
    screen = Screen(is_moving=True)
    return LiveStream(open_source=screen.open, open_encoder=codecs.open, fps=60, idle_s=0)


async def test_where_too_many_are_late_quality_falls_and_then_the_rate_and_both_come_back():
    codecs = Codecs()
    stream = stream_of(codecs)
    with stream.watch("jpeg") as reader:

        async def view(latency_ms: float) -> None:
            while True:
                await reader.next_frame()
                reader.report(latency_ms=latency_ms, dropped=0)

        viewing = asyncio.create_task(view(SLOW))
        await until(
            lambda: bool(codecs.opened) and len(codecs.opened[0].adjusted) >= len(LEVELS) - 1
        )
        viewing.cancel()
        fallen = codecs.opened[0].adjusted[: len(LEVELS) - 1]
        viewing = asyncio.create_task(view(10))
        await until(lambda: codecs.opened[0].adjusted[-1] == (1.0, 60))
        viewing.cancel()
    await stream.close()

    assert fallen == [(level.quality_ratio, 60 * level.rate_ratio) for level in LEVELS[1:]]


async def test_one_late_viewer_of_many_is_advised_and_changes_nothing_for_the_others():
    codecs = Codecs()
    stream = stream_of(codecs)
    with (
        stream.watch("jpeg") as late,
        stream.watch("jpeg") as second,
        stream.watch("jpeg") as third,
    ):

        async def view() -> None:
            while True:
                for reader in (late, second, third):
                    await frame_of(reader)
                late.report(latency_ms=SLOW, dropped=0)

        viewing = asyncio.create_task(view())
        await until(lambda: late.is_advised_light)
        viewing.cancel()

        assert not second.is_advised_light
        assert codecs.opened[0].adjusted == []
    await stream.close()


async def test_the_light_tier_stays_as_it_is():
    codecs = Codecs()
    stream = stream_of(codecs)
    with stream.watch("jpeg", "light") as reader:

        async def view() -> None:
            while True:
                await frame_of(reader)
                reader.report(latency_ms=SLOW, dropped=0)

        viewing = asyncio.create_task(view())
        await until(lambda: reader.is_advised_light)
        viewing.cancel()

        assert codecs.opened[0].adjusted == []
    await stream.close()
