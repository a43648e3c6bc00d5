import cv2
import numpy as np
import pytest

from streaming.core.sources.pattern import PatternSource
from streaming.core.sources.time_row import check_of, draw_time, read_time

NOW_US = 1_795_259_411_852_835


def pattern_at(time_us: int, width: int = 1920, height: int = 1080) -> np.ndarray:
    return PatternSource(width, height, clock_ns=lambda: time_us * 1000).grab().pixels


@pytest.mark.parametrize("time_us", [0, 1, NOW_US, NOW_US + 1, 2**52 - 1])
@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (1366, 768), (320, 180), (641, 361)])
def test_a_time_reads_back_as_it_was_drawn(time_us: int, size: tuple[int, int]) -> None:
    assert read_time(pattern_at(time_us % 10**15, *size)) == time_us % 10**15


@pytest.mark.parametrize("quality", [95, 50, 20])
@pytest.mark.parametrize("size", [(1920, 1080), (960, 540), (640, 360), (427, 240)])
def test_it_reads_through_scaling_down_and_jpeg(quality: int, size: tuple[int, int]) -> None:
    smaller = cv2.resize(pattern_at(NOW_US)[:, :, :3], size, interpolation=cv2.INTER_AREA)
    _, packed = cv2.imencode(".jpg", smaller, [cv2.IMWRITE_JPEG_QUALITY, quality])

    assert read_time(cv2.imdecode(packed, cv2.IMREAD_COLOR)) == NOW_US


def test_it_reads_from_grey_pictures() -> None:
    grey = cv2.cvtColor(pattern_at(NOW_US), cv2.COLOR_BGRA2GRAY)

    assert read_time(grey) == NOW_US


def test_a_picture_without_a_time_has_none() -> None:
    rng = np.random.default_rng(4)

    assert read_time(np.zeros((1080, 1920, 4), np.uint8)) is None
    assert read_time(np.full((1080, 1920, 4), 255, np.uint8)) is None
    assert read_time(rng.integers(0, 255, (180, 320, 4), np.uint8)) is None
    assert read_time(np.zeros((8, 8, 4), np.uint8)) is None


@pytest.mark.parametrize("block", range(64))
def test_one_block_that_flips_is_noticed(block: int) -> None:
    pixels = pattern_at(NOW_US, 640, 360)
    pixels[:22, block * 10 : block * 10 + 10, :3] ^= 255

    assert read_time(pixels) is None


def test_two_times_in_one_picture_are_not_a_time() -> None:
    """A frame torn between two, within the bits that differ."""
    old, new = pattern_at(NOW_US), pattern_at(NOW_US + 16_667)
    old[:, 48 * 30 :] = new[:, 48 * 30 :]

    assert read_time(old) is None


def test_the_layout_is_the_one_that_is_documented() -> None:
    pixels = np.full((160, 640, 4), 7, np.uint8)
    draw_time(pixels, NOW_US)

    bits = "".join(str(pixels[0, i * 10 + 5, 0] // 255) for i in range(64))
    assert bits == f"1010{NOW_US:052b}{check_of(NOW_US):08b}"
    assert set(np.unique(pixels[:10, :, :3])) == {0, 255}
    assert (pixels[10:] == 7).all()


def test_the_check_is_the_usual_crc_8() -> None:
    assert check_of(int.from_bytes(b"\0\0\0" + b"1234", "big")) == 0xC2
