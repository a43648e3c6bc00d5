import pytest

from streaming.core.encoders.jpeg import JpegEncoder
from streaming.core.encoders.light import LightEncoder
from tests.streaming.core.pictures import drawn


def light(fps: float = 30) -> LightEncoder:
    return LightEncoder(JpegEncoder, width=320, height=200, fps=fps)


def test_ten_pictures_a_second_at_most():
    encoder = light()

    sent = [
        sequence
        for sequence in range(30)
        if encoder.encode(drawn(320, 200, sequence=sequence), wants_key=False)
    ]

    assert sent == list(range(0, 30, 3))


def test_a_slower_source_is_shown_whole():
    encoder = light(fps=5)

    sent = [
        encoder.encode(drawn(320, 200, sequence=sequence), wants_key=False) is not None
        for sequence in range(0, 60, 6)
    ]

    assert all(sent)


def test_the_last_picture_is_not_left_out():
    encoder = light()
    encoder.encode(drawn(320, 200, sequence=0), wants_key=False)

    assert encoder.encode(drawn(320, 200, sequence=1), wants_key=False) is None
    assert encoder.is_refining
    assert encoder.encode(drawn(320, 200, sequence=4), wants_key=False) is not None
    assert not encoder.is_refining


def test_a_new_viewer_does_not_wait():
    encoder = light()
    encoder.encode(drawn(320, 200, sequence=0), wants_key=False)

    assert encoder.encode(drawn(320, 200, sequence=1), wants_key=True) is not None


@pytest.mark.parametrize(("size", "half"), [((1, 1), (1, 1)), ((3, 5), (1, 2)), ((64, 2), (32, 1))])
def test_every_size_has_a_half(size, half):
    config = LightEncoder(JpegEncoder, width=size[0], height=size[1], fps=30).config

    assert (config["width"], config["height"]) == half
