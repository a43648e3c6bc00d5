import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from streaming.core.decoders.jpeg import JpegDecoder, jpeg_size
from streaming.core.errors import BadMessage
from streaming.core.wire import Kind
from tests.streaming.core.decoders.published import HEIGHT, MOST_BYTES, WIDTH, jpeg, message
from tests.streaming.core.pictures import difference, drawn

GOOD = jpeg()
START_OF_SCAN = b"\xff\xda"


def decode(content: bytes, width: int = WIDTH, height: int = HEIGHT):
    decoder = JpegDecoder(width=width, height=height, most_bytes=MOST_BYTES)
    return decoder.decode(message(Kind.JPEG, content), arrived_ns=0)


def by_pillow(**options: object) -> bytes:
    written = io.BytesIO()
    Image.fromarray(drawn(WIDTH, HEIGHT).pixels[..., 2::-1]).save(written, "JPEG", **options)
    return written.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (7, 13), (321, 201), (1920, 1080)])
def test_the_size_is_read_from_the_head(size):
    assert jpeg_size(memoryview(jpeg(*size))) == size


@pytest.mark.parametrize(
    "content",
    [
        by_pillow(quality=90),
        by_pillow(quality=90, optimize=True, comment=b"a comment \xff\xda", exif=b"Exif\x00\x00xx"),
        by_pillow(quality=90, subsampling=0),
        cv2.imencode(".jpg", drawn(WIDTH, HEIGHT).pixels[..., :3])[1].tobytes(),
    ],
)
def test_jpegs_of_other_encoders_are_taken(content):
    assert difference(decode(content).pixels, drawn(WIDTH, HEIGHT).pixels) < 5


def test_grey_ones_are_taken():
    grey = cv2.imencode(".jpg", np.full((HEIGHT, WIDTH), 90, np.uint8))[1].tobytes()

    assert np.abs(decode(grey).pixels[..., :3].astype(int) - 90).max() < 3


def test_progressive_ones_are_refused():
    with pytest.raises(BadMessage, match="progressive"):
        decode(by_pillow(progressive=True))


def test_many_passes_over_the_picture_are_refused():
    scan = GOOD.index(START_OF_SCAN)

    with pytest.raises(BadMessage, match="scans"):
        decode(GOOD[:-2] + GOOD[scan : scan + 20] * 5000)


def test_a_head_that_lies_about_the_size_is_refused_before_anything_is_decoded():
    at = GOOD.index(b"\xff\xc0") + 5
    lie = GOOD[:at] + b"\xff\xff\xff\xff" + GOOD[at + 4 :]

    with pytest.raises(BadMessage, match="65535x65535 px"):
        decode(lie)


def test_two_heads_are_refused():
    at = GOOD.index(b"\xff\xc0")
    length = 2 + int.from_bytes(GOOD[at + 2 : at + 4])

    with pytest.raises(BadMessage, match="more than one frame"):
        decode(GOOD[:at] + GOOD[at : at + length] + GOOD[at:])


def test_colours_for_printing_are_refused():
    written = io.BytesIO()
    Image.new("CMYK", (WIDTH, HEIGHT)).save(written, "JPEG")

    with pytest.raises(BadMessage, match="colours"):
        decode(written.getvalue())


@pytest.mark.parametrize("kept", [3, 20, 200, len(GOOD) // 2, len(GOOD) - 100])
def test_one_that_is_cut_short_is_refused(kept):
    with pytest.raises(BadMessage):
        decode(GOOD[:kept])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_one_is_shown_or_refused(data):
    content = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    try:
        frame = decode(bytes(content))
    except BadMessage as error:
        assert str(error)
    else:
        assert frame.pixels.shape == (HEIGHT, WIDTH, 4)


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_have_a_size_or_are_refused(content):
    for jpeg_like in (content, b"\xff\xd8" + content, b"\xff\xd8\xff\xc0" + content):
        try:
            jpeg_size(memoryview(jpeg_like))
        except BadMessage as error:
            assert str(error)
