import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.core.annexb import nal_units, sequence_parameters
from streaming.core.encoders.h264 import H264Encoder
from streaming.core.errors import BadMessage
from tests.streaming.core.pictures import drawn

# High profile, cropped from 1088 lines; baseline, with what a display should know after it.
HIGH_1080P = "67640028acd940780227e5c05a808080a0000003002000000781e30632c0"
BASELINE_640X480 = "6742c01ed900a03db011000003000100000300320f162e48"


@pytest.mark.parametrize(
    ("sps", "width", "height", "codec"),
    [
        (HIGH_1080P, 1920, 1080, "avc1.640028"),
        (BASELINE_640X480, 640, 480, "avc1.42c01e"),
    ],
)
def test_size_and_codec_are_read_from_the_sps(sps, width, height, codec):
    read = sequence_parameters(b"\x00\x00\x00\x01" + bytes.fromhex(sps))

    assert (read.width, read.height, read.codec_string) == (width, height, codec)


@pytest.mark.parametrize("size", [(16, 16), (64, 48), (130, 66), (1366, 768), (1920, 1080)])
def test_the_size_that_our_encoder_writes_is_read(size):
    encoder = H264Encoder(width=size[0], height=size[1], fps=30)
    frame = encoder.encode(drawn(*size), wants_key=True)
    assert frame is not None

    read = sequence_parameters(frame.message[frame.payload_start :])

    assert (read.width, read.height) == size
    assert read.codec_string == encoder.config["description"]


def test_units_are_found_between_start_codes_of_three_and_of_four_bytes():
    stream = b"\x00\x00\x00\x01\x67\x01\x00\x00\x01\x68\x00\x00\x00\x01\x65\xff"

    assert list(nal_units(stream)) == [b"\x67\x01", b"\x68", b"\x65\xff"]


@given(st.binary(max_size=60))
def test_an_sps_of_any_bytes_is_read_or_refused(content):
    try:
        read = sequence_parameters(b"\x00\x00\x01\x67" + content)
    except BadMessage:
        return
    assert read.width > 0
    assert read.height > 0


@pytest.mark.parametrize("stream", [b"", b"\x00\x00\x01", b"\x00\x00\x01\x65\x01", b"nothing"])
def test_without_an_sps_it_says_so(stream):
    with pytest.raises(BadMessage, match="no SPS"):
        sequence_parameters(stream)
