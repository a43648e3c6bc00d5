import numpy as np
import pytest

from streaming.core.errors import BadSource
from streaming.core.sources.pattern import PatternSource, open_pattern, parse_size
from streaming.core.sources.time_row import read_time


def at(time_ms: int, size: tuple[int, int] = (640, 360)) -> np.ndarray:
    return PatternSource(*size, clock_ns=lambda: time_ms * 1_000_000).grab().pixels


def test_the_same_time_is_the_same_picture() -> None:
    assert np.array_equal(at(1_234_567), at(1_234_567))


def test_it_moves_between_two_frames_at_60_per_second() -> None:
    below_the_time = slice(24, 290)

    assert not np.array_equal(at(1_000_000)[below_the_time], at(1_000_017)[below_the_time])


def test_people_can_read_the_time_of_each_millisecond() -> None:
    clock = slice(290, 330)

    assert not np.array_equal(at(1_000_000)[clock], at(1_000_001)[clock])


@pytest.mark.parametrize("time_ms", range(0, 8000, 137))
def test_it_is_drawn_at_any_moment_of_its_way(time_ms: int) -> None:
    assert at(time_ms, (321, 181)).shape == (181, 321, 4)


def test_a_frame_carries_the_time_that_is_drawn_into_it() -> None:
    frame = PatternSource().grab()

    assert read_time(frame.pixels) == frame.captured_at_us


def test_it_has_the_size_that_is_asked_for() -> None:
    frame = open_pattern("1280x720").grab()

    assert (frame.width, frame.height) == (1280, 720)
    assert parse_size("") == (1920, 1080)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "1280",
        "1280x",
        "x720",
        "0x0",
        "1280x-720",
        "100x100",
        "99999x99999",
        "1280x720 ",
        "１２８０x720",
        "1e3x1e3",
        "7681x4320",
    ],  # fmt: skip
)
def test_other_sizes_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadSource, match="1280x720|choose from"):
        parse_size(text)
