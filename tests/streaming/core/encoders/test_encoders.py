"""What each encoder, at each tier, must do."""

from collections.abc import Callable, Iterator
from functools import partial

import cv2
import numpy as np
import pytest

from streaming.core.encoders.base import Adjusts, Encoder, Refines
from streaming.core.encoders.opening import ENCODERS, TIERS, open_encoder
from streaming.core.frame import Frame
from streaming.core.wire import PUBLISHED, Kind, unpack
from tests.streaming.core.encoders.shown import Screen
from tests.streaming.core.pictures import difference, drawn, framed

Open = Callable[..., Encoder]
KINDS = {**PUBLISHED, "tiles": Kind.TILES}
ROUGH, FINE = 8.0, 4.0  # how far colours may be off, of 255
MOST_REFINING = 200
SCENES = [(codec, tier) for codec in ENCODERS for tier in TIERS]


@pytest.fixture(params=SCENES, ids="-".join)
def codec_and_tier(request) -> tuple[str, str]:
    return request.param


@pytest.fixture
def opened(codec_and_tier) -> Iterator[Open]:
    codec, tier = codec_and_tier
    made: list[Encoder] = []

    def opener(width: int, height: int, fps: float = 30) -> Encoder:
        made.append(open_encoder(codec, tier=tier, width=width, height=height, fps=fps))
        return made[-1]

    yield opener
    for encoder in made:
        encoder.close()


@pytest.fixture
def seen(codec_and_tier) -> Callable[[Frame], np.ndarray]:
    """What a viewer of this tier should see."""
    return partial(expected, codec_and_tier[0], codec_and_tier[1])


def expected(codec: str, tier: str, frame: Frame) -> np.ndarray:
    pixels = frame.pixels
    if tier == "light":
        size = max(frame.width // 2, 1), max(frame.height // 2, 1)
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    if codec == "h264":
        below, beside = (max(16, side + side % 2) - side for side in pixels.shape[:2])
        pixels = np.pad(pixels, ((0, below), (0, beside), (0, 0)), mode="edge")
    return pixels


def settle(encoder: Encoder, screen: Screen, frame: Frame, *, sequence: int) -> int:
    """Give captures of a still screen until nothing more is wanted; the next sequence."""
    for _ in range(MOST_REFINING):
        if not (isinstance(encoder, Refines) and encoder.is_refining):
            return sequence
        screen.show(encoder.encode(framed(frame.pixels, sequence=sequence), wants_key=False))
        sequence += 1
    raise AssertionError("it refines for ever")


@pytest.mark.parametrize(
    "size", [(320, 200), (321, 201), (65, 129), (1, 1), (130, 98), (1920, 1080)]
)
def test_the_first_frame_is_a_key_frame_of_the_whole_picture(opened, seen, size):
    encoder, screen, frame = opened(*size), Screen(), drawn(*size)

    first = encoder.encode(frame, wants_key=False)

    assert first is not None
    assert first.is_key
    shown = screen.show(first)
    assert shown.shape[:2] == (encoder.config["height"], encoder.config["width"])
    assert difference(shown, seen(frame)) < ROUGH


def test_a_moving_picture_is_followed(opened, seen):
    encoder, screen = opened(320, 200), Screen()

    for sequence in range(0, 90, 3):  # a hundred milliseconds apart: the light tier shows all
        frame = drawn(320, 200, sequence=sequence)
        shown = screen.show(encoder.encode(frame, wants_key=False))
        assert difference(shown, seen(frame)) < ROUGH


def test_a_picture_that_stands_still_becomes_fine_and_then_costs_nothing(
    opened, seen, codec_and_tier
):
    encoder, screen = opened(640, 400), Screen()
    for sequence in range(10):
        frame = drawn(640, 400, sequence=sequence)
        encoded = encoder.encode(frame, wants_key=False)
        if encoded:
            screen.show(encoded)

    sequence = settle(encoder, screen, frame, sequence=10)

    assert difference(screen.show(None), seen(frame)) < FINE
    if codec_and_tier[0] == "jpeg":
        return  # they stand alone: nobody gives a still picture to be encoded again
    for later in range(sequence, sequence + 30):
        assert encoder.encode(framed(frame.pixels, sequence=later), wants_key=False) is None


def test_sequence_time_and_kind_are_those_of_the_frame(opened, codec_and_tier):
    encoder = opened(320, 200)

    for sequence in (7, 11):
        frame = drawn(320, 200, sequence=sequence)
        encoded = encoder.encode(frame, wants_key=False)

        assert encoded is not None
        message = unpack(encoded.message)
        assert (encoded.sequence, message.sequence) == (sequence, sequence)
        assert encoded.captured_at_us == message.captured_at_us == frame.captured_at_us
        assert encoded.kind == message.kind == KINDS[codec_and_tier[0]]
        assert encoded.is_key == message.is_key
        assert encoded.message[encoded.payload_start :] == message.payload


def test_a_key_frame_that_is_wanted_shows_the_picture_to_a_new_viewer(opened, seen):
    encoder = opened(320, 200)
    for sequence in range(5):
        encoder.encode(drawn(320, 200, sequence=sequence), wants_key=False)
    frame = drawn(320, 200, sequence=5)

    key = encoder.encode(frame, wants_key=True)

    assert key is not None
    assert key.is_key
    assert difference(Screen().show(key), seen(frame)) < ROUGH


def test_a_still_picture_too_is_encoded_for_a_new_viewer(opened, seen):
    encoder, screen, frame = opened(320, 200), Screen(), drawn(320, 200)
    screen.show(encoder.encode(frame, wants_key=False))
    sequence = settle(encoder, screen, frame, sequence=1)

    key = encoder.encode(framed(frame.pixels, sequence=sequence), wants_key=True)

    assert difference(Screen().show(key), seen(frame)) < ROUGH


def test_the_config_says_what_a_viewer_needs(opened, codec_and_tier):
    codec, tier = codec_and_tier
    config = opened(1280, 720).config

    size = (640, 360) if tier == "light" else (1280, 720)
    assert (config["codec"], config["width"], config["height"]) == (codec, *size)
    assert config["fps"] == (10 if tier == "light" else 30)
    assert ("description" in config) == (codec == "h264")


def test_lower_quality_takes_fewer_bytes_and_is_still_the_picture(opened, seen):
    encoder = opened(640, 400)
    assert isinstance(encoder, Adjusts)
    noise = np.random.default_rng(3)

    def bytes_of(first: int) -> int:
        total = 0
        for sequence in range(first, first + 180, 6):
            grain = noise.integers(0, 90, (400, 640, 4), np.uint8)
            encoded = encoder.encode(
                framed(drawn(640, 400).pixels // 2 + grain, sequence=sequence), wants_key=False
            )
            total += len(encoded.message)
        return total

    best = bytes_of(0)
    encoder.adjust(quality_ratio=0.1, fps=5)
    worse = bytes_of(180)

    assert worse < best * 0.8
    assert encoder.config["fps"] == 5
    frame = drawn(640, 400, sequence=400)
    key = encoder.encode(frame, wants_key=True)
    assert difference(Screen().show(key), seen(frame)) < ROUGH * 2


def test_one_closes_twice(opened):
    encoder = opened(320, 200)
    encoder.encode(drawn(320, 200), wants_key=False)

    encoder.close()
    encoder.close()


def test_a_frame_is_left_as_it_was(opened):
    frame = drawn(321, 201)
    before = frame.pixels.copy()
    frame.pixels.flags.writeable = False

    opened(321, 201).encode(frame, wants_key=True)

    assert (frame.pixels == before).all()
