import cv2
import numpy as np
import pytest

from streaming.core.annexb import IDR, PPS, SPS, TYPE_BITS, nal_units
from streaming.core.encoders.h264 import (
    BEST_BITS_S,
    BUFFER_S,
    REFINING_S,
    H264Encoder,
    coded_side,
    level_for,
)
from tests.streaming.core.encoders.shown import Screen
from tests.streaming.core.pictures import difference, drawn, framed


def unit_types(frame) -> list[int]:
    return [unit[0] & TYPE_BITS for unit in nal_units(frame.message[frame.payload_start :])]


def test_each_key_frame_has_all_that_a_decoder_needs():
    encoder = H264Encoder(width=320, height=200, fps=30)

    frames = [
        encoder.encode(drawn(320, 200, sequence=sequence), wants_key=sequence == 3)
        for sequence in range(5)
    ]

    assert [frame.is_key for frame in frames] == [True, False, False, True, False]
    for frame in frames:
        types = unit_types(frame)
        assert types.count(IDR) == frame.is_key
        assert (SPS in types, PPS in types) == (frame.is_key, frame.is_key)
        assert frame.message[frame.payload_start :].startswith((b"\0\0\0\1", b"\0\0\1"))


def test_a_key_frame_comes_at_least_every_twenty_seconds():
    encoder = H264Encoder(width=64, height=64, fps=2)

    keys = [
        encoder.encode(drawn(64, 64, sequence=sequence), wants_key=False).is_key
        for sequence in range(81)
    ]

    assert [index for index, is_key in enumerate(keys) if is_key] == [0, 40, 80]


def test_each_frame_is_there_at_once():
    encoder = H264Encoder(width=320, height=200, fps=30)

    for sequence in range(10):
        frame = encoder.encode(drawn(320, 200, sequence=sequence), wants_key=False)
        assert frame.sequence == sequence
        assert len(frame.message) > frame.payload_start


def test_full_motion_keeps_to_its_rate():
    encoder, noise = H264Encoder(width=1280, height=720, fps=30), np.random.default_rng(1)
    still = noise.integers(0, 256, (720, 1280 + 300, 4), np.uint8)

    total = 0
    for sequence in range(60):
        pixels = np.ascontiguousarray(still[:, sequence * 5 : sequence * 5 + 1280])
        total += len(encoder.encode(framed(pixels, sequence=sequence), wants_key=False).message)

    assert total * 8 <= BEST_BITS_S * (2 + BUFFER_S) * 1.15


@pytest.mark.parametrize("size", [(1680, 1050), (1366, 768), (66, 130), (33, 17), (7, 3)])
def test_colours_are_in_their_places_at_every_size(size):
    encoder, frame = H264Encoder(width=size[0], height=size[1], fps=30), drawn(*size)

    shown = Screen().show(encoder.encode(frame, wants_key=True))

    assert shown.shape == (coded_side(size[1]), coded_side(size[0]), 4)
    assert difference(shown[: size[1], : size[0]], frame.pixels) < 8


@pytest.mark.parametrize(
    ("size", "fps", "level"),
    [
        ((640, 360), 10, "3.1"),
        ((1280, 720), 30, "3.1"),
        ((1920, 1080), 30, "4.0"),
        ((1920, 1080), 60, "4.2"),
        ((3840, 2160), 30, "5.1"),
        ((3840, 2160), 60, "5.2"),
        ((7680, 4320), 60, "6.2"),
    ],
)
def test_the_level_is_the_lowest_that_has_room(size, fps, level):
    assert level_for(width=size[0], height=size[1], fps=fps) == level


def test_webcodecs_is_told_constrained_baseline():
    assert H264Encoder(width=1920, height=1080, fps=30).config["description"] == "avc1.42c028"
    assert H264Encoder(width=1920, height=1080, fps=60).config["description"] == "avc1.42c02a"


def test_another_rate_begins_with_a_key_frame_and_the_same_does_not():
    encoder = H264Encoder(width=320, height=200, fps=30)
    encoder.encode(drawn(320, 200), wants_key=False)

    encoder.adjust(quality_ratio=1.0, fps=30)
    same = encoder.encode(drawn(320, 200, sequence=1), wants_key=False)
    encoder.adjust(quality_ratio=0.5, fps=15)
    other = encoder.encode(drawn(320, 200, sequence=2), wants_key=False)

    assert (same.is_key, other.is_key) == (False, True)
    assert encoder.config["fps"] == 15


def test_a_letter_on_a_fine_picture_needs_no_refining():
    encoder, page = H264Encoder(width=640, height=400, fps=30), drawn(640, 400).pixels
    sequence = 0
    while sequence == 0 or encoder.is_refining:
        encoder.encode(framed(page, sequence=sequence), wants_key=False)
        sequence += 1
    typed = page.copy()
    typed[300:310, 300:306] = 255

    frame = encoder.encode(framed(typed, sequence=sequence), wants_key=False)

    assert not encoder.is_refining
    assert difference(Screen().show(encoder.encode(framed(typed), wants_key=True)), typed) < 4
    assert len(frame.message) < 1000


def wandering(count: int, *, width: int = 640, height: int = 360):
    """A photograph with grain that the view wanders over, as frames."""
    chance = np.random.default_rng(3)
    rough = chance.integers(0, 256, (height // 8, (width + count * 4) // 8 + 1, 4), np.uint8)
    world = cv2.resize(rough, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    for sequence in range(count):
        view = world[:, sequence * 4 : sequence * 4 + width]
        yield framed(np.ascontiguousarray(view), sequence=sequence)


def at_a_low_rate() -> H264Encoder:
    """Where wandering pictures take more than they may."""
    encoder = H264Encoder(width=640, height=360, fps=30)
    encoder.adjust(quality_ratio=0.25, fps=30)
    return encoder


def test_after_motion_a_still_picture_becomes_fine():
    encoder, screen = at_a_low_rate(), Screen()
    for moved in wandering(100):
        shown = screen.show(encoder.encode(moved, wants_key=False))
    in_motion = difference(shown, moved.pixels)

    frames = 0
    while encoder.is_refining:
        frames += 1
        shown = screen.show(
            encoder.encode(framed(moved.pixels, sequence=100 + frames), wants_key=False)
        )

    assert difference(shown, moved.pixels) < in_motion
    assert frames <= REFINING_S * 30 + 4


def test_motion_that_lasts_goes_on_from_one_key_frame_within_its_rate():
    encoder, screen = at_a_low_rate(), Screen()
    sent = []
    for moved in wandering(150):
        sent.append(encoder.encode(moved, wants_key=False))
        shown = screen.show(sent[-1])

    assert sum(frame.is_key for frame in sent) == 2  # the first, and once it is known to last
    assert sum(len(frame.message) for frame in sent) * 8 <= BEST_BITS_S * 0.25 * (5 + 1 + BUFFER_S)
    assert difference(shown, moved.pixels) < 20
    assert encoder.config["fps"] == 30


def test_who_watches_is_not_told_anew_of_what_stays_the_same():
    encoder = at_a_low_rate()
    config = encoder.config

    for moved in wandering(70):
        frame = encoder.encode(moved, wants_key=False)
        assert frame.is_key == (moved.sequence in (0, 60))

    assert encoder.config is config
