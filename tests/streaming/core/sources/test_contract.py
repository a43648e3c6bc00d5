"""What holds of every source."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from streaming.core.errors import SourceLost, SourceUnavailable
from streaming.core.sources.base import FrameSource
from streaming.core.sources.desktop import Desktop
from streaming.core.sources.local import open_local
from streaming.core.sources.opening import StandIn
from streaming.core.sources.pattern import PatternSource
from streaming.core.sources.video import open_video
from tests.streaming.core.sources.displays import VirtualDisplay
from tests.streaming.core.sources.videos import write_video

Make = Callable[[], FrameSource]


@pytest.fixture(scope="module")
def desktop() -> Iterator[Desktop]:
    with VirtualDisplay(640, 480) as display:
        yield display.desktop


@pytest.fixture(
    params=[
        "pattern",
        "stand-in",
        "video",
        *(pytest.param(kind, marks=pytest.mark.xvfb) for kind in ("local", "local:5,5,33x21")),
    ]
)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    kind = request.param
    if kind == "pattern":
        return PatternSource
    if kind == "stand-in":
        why = SourceUnavailable("no", reason="no-display")
        return lambda: StandIn(PatternSource(), instead_of=why)
    if kind == "video":
        path = write_video(tmp_path / "video.avi")
        return lambda: open_video(path)
    desktop = request.getfixturevalue("desktop")
    return lambda: open_local(kind.partition(":")[2], desktop)


@pytest.fixture
def source(make: Make) -> Iterator[FrameSource]:
    opened = make()
    yield opened
    opened.close()


def test_a_frame_has_four_bytes_a_pixel_in_one_piece(source: FrameSource) -> None:
    frame = source.grab()

    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.shape == (frame.height, frame.width, 4)
    assert frame.pixels.flags.c_contiguous


def test_frames_are_counted_from_zero(source: FrameSource) -> None:
    assert [source.grab().sequence for _ in range(7)] == list(range(7))


def test_a_frame_says_when_it_was_captured(source: FrameSource) -> None:
    before_ns, before_us = time.monotonic_ns(), time.time_ns() // 1000

    frames = [source.grab(), source.grab()]

    times_ns = [before_ns, *(frame.captured_ns for frame in frames), time.monotonic_ns()]
    times_us = [before_us, *(frame.captured_at_us for frame in frames), time.time_ns() // 1000]
    assert times_ns == sorted(times_ns)
    assert times_us == sorted(times_us)


def test_a_frame_stays_as_it_was_when_others_follow(source: FrameSource) -> None:
    first = source.grab()
    as_it_was = first.pixels.copy()
    others = [source.grab() for _ in range(6)]

    assert np.array_equal(first.pixels, as_it_was)
    newer = [other.pixels for other in others if other.pixels is not first.pixels]
    assert not any(np.shares_memory(first.pixels, pixels) for pixels in newer)


def test_a_frame_outlives_its_source(make: Make) -> None:
    opened = make()
    frame = opened.grab()
    as_it_was = frame.pixels.copy()
    opened.close()

    assert np.array_equal(frame.pixels, as_it_was)


def test_closing_twice_does_no_harm(source: FrameSource) -> None:
    source.grab()

    source.close()
    source.close()


def test_nothing_comes_from_a_closed_source(source: FrameSource) -> None:
    source.close()

    with pytest.raises(SourceLost):
        source.grab()


def test_it_can_be_opened_again_and_again_and_keeps_no_file_open(make: Make) -> None:
    make().close()
    before = sorted(Path("/proc/self/fd").iterdir())

    for _ in range(20):
        opened = make()
        assert opened.grab().sequence == 0
        opened.close()

    assert len(sorted(Path("/proc/self/fd").iterdir())) <= len(before)
