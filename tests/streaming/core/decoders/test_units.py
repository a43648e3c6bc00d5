import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.core.decoders.units import MOST_UNITS, inspect
from streaming.core.errors import BadMessage, FrameTooLarge
from tests.streaming.core.decoders.published import HEIGHT, MOST_BYTES, WIDTH, h264, units

START = b"\x00\x00\x00\x01"
KEY, FOLLOWING = (bytes(message.payload) for message in h264()[:2])
SPS, PPS, SLICE, IDR = 0x67, 0x68, 0x41, 0x65


def look(content: bytes, *, is_key: bool = True, size=(WIDTH, HEIGHT), most_bytes=MOST_BYTES):
    return inspect(memoryview(content), is_key=is_key, size=size, most_bytes=most_bytes)


def without(*kinds: int) -> bytes:
    return b"".join(unit for unit in units(h264()[0]) if unit[4] not in kinds)


def test_what_our_encoder_makes_is_taken():
    key, following = look(KEY), look(FOLLOWING, is_key=False)

    assert (key.is_key, following.is_key) == (True, False)
    assert (key.parameters.width, key.parameters.height) == (WIDTH, HEIGHT)
    assert key.parameters.codec_string.startswith("avc1.42c0")
    assert following.parameters is None


@pytest.mark.parametrize(
    ("content", "is_key", "says"),
    [
        (b"", True, "start code"),
        (b"\x65\x88", True, "start code"),
        (b"\x00\x00" + KEY, True, "start code"),
        (START, True, "type 0"),
        (KEY, False, "key frame flag"),
        (FOLLOWING, True, "key frame flag"),
        (without(SPS), True, "needs its SPS and PPS"),
        (without(PPS), True, "needs its SPS and PPS"),
        (without(IDR), False, "no picture"),
        (START + b"\x62\x00", False, "type 2"),
        (START + b"\x7c\x00", False, "type 28"),
        (START + bytes([SLICE | 0x80, 0]), False, "type 1"),
        (FOLLOWING * (MOST_UNITS + 1), False, "256 NAL units"),
        (START + bytes([SPS, 66, 0, 30]) + b"\x55" * 300 + KEY, True, "256 bytes"),
        (START + bytes([SPS, 110, 0, 30]) + b"\xff" * 200 + KEY, True, "profile"),
        (START + bytes([SPS, 66, 0, 30]), True, "ends too early"),
    ],
)
def test_what_is_no_such_picture_is_refused(content, is_key, says):
    with pytest.raises(BadMessage, match=says):
        look(content, is_key=is_key)


def test_each_sps_must_have_the_announced_size():
    other = next(unit for unit in units(h264(1, 640, 480)[0]) if unit[4] == SPS)

    for content, is_key in ((other + KEY, True), (KEY + other, True), (other + FOLLOWING, False)):
        with pytest.raises(BadMessage, match="640x480 px, and 320x200 were announced"):
            look(content, is_key=is_key)


def test_too_many_bytes_are_refused():
    with pytest.raises(FrameTooLarge):
        look(KEY, most_bytes=len(KEY) - 1)


def test_millions_of_units_cost_no_time():
    started = time.process_time()

    with pytest.raises(BadMessage):
        look((b"\x00\x00\x01\x41") * 1_000_000, is_key=False, most_bytes=10_000_000)

    assert time.process_time() - started < 5


@settings(max_examples=300)
@given(st.data())
def test_damaged_ones_are_taken_or_refused(data):
    content = bytearray(data.draw(st.sampled_from((KEY, FOLLOWING))))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, min(60, len(content) - 1)))] = data.draw(
            st.integers(0, 255)
        )
    for is_key in (True, False):
        try:
            look(bytes(content), is_key=is_key)
        except BadMessage as error:
            assert str(error)
