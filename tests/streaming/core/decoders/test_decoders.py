"""What each decoder must do."""

import pytest

from streaming.core.decoders import opening
from streaming.core.errors import BadMessage, DecoderLost, FrameTooLarge
from streaming.core.wire import PUBLISHED, PublishedConfig
from tests.streaming.core.decoders import published
from tests.streaming.core.decoders.published import HEIGHT, MOST_BYTES, WIDTH, message
from tests.streaming.core.pictures import difference, drawn


def config(codec: str, width: int = WIDTH, height: int = HEIGHT) -> PublishedConfig:
    return PublishedConfig(codec, width, height, 30.0, "")


def sent(codec: str) -> bytes:
    return published.jpeg() if codec == "jpeg" else bytes(published.h264()[0].payload)


@pytest.fixture(params=PUBLISHED)
def codec(request) -> str:
    return request.param


@pytest.fixture
def decoder(codec):
    opened = opening.open_decoder(config(codec), most_bytes=MOST_BYTES)
    yield opened
    opened.close()


def test_a_picture_is_shown_as_it_was_sent(codec, decoder):
    got = message(PUBLISHED[codec], sent(codec), sequence=7)

    frame = decoder.decode(got, arrived_ns=123)

    assert difference(frame.pixels, drawn(WIDTH, HEIGHT).pixels) < 4
    assert (frame.width, frame.height, frame.pixels.shape[2]) == (WIDTH, HEIGHT, 4)
    assert frame.pixels.flags.c_contiguous
    assert (frame.sequence, frame.captured_ns, frame.captured_at_us) == (7, 123, 5_007)
    assert not decoder.wants_key


def test_a_frame_that_was_handed_out_does_not_change(codec, decoder):
    first = decoder.decode(message(PUBLISHED[codec], sent(codec)), arrived_ns=0)
    before = first.pixels.copy()
    others = published.h264()[1:] if codec == "h264" else [message(PUBLISHED[codec], jpeg_of(9))]

    for other in others:
        assert decoder.decode(other, arrived_ns=0) is not None

    assert (first.pixels == before).all()


def jpeg_of(sequence: int) -> bytes:
    return published.jpeg(colorsubsampling="420") if sequence else b""


def test_a_picture_of_another_size_is_refused(codec):
    small = opening.open_decoder(config(codec, 64, 64), most_bytes=MOST_BYTES)

    with pytest.raises(BadMessage, match="320x200 px, and 64x64 were announced"):
        small.decode(message(PUBLISHED[codec], sent(codec)), arrived_ns=0)
    small.close()


def test_a_picture_of_too_many_bytes_is_refused(codec):
    content = sent(codec)
    tight = opening.open_decoder(config(codec), most_bytes=len(content) - 1)

    with pytest.raises(FrameTooLarge, match=f"{len(content)} bytes"):
        tight.decode(message(PUBLISHED[codec], content), arrived_ns=0)
    tight.close()


def test_what_is_no_picture_is_refused(codec, decoder):
    for nonsense in (b"", b"\x00", b"nonsense" * 100, b"\xff\xd8", b"\x00\x00\x01"):
        with pytest.raises(BadMessage):
            decoder.decode(message(PUBLISHED[codec], nonsense), arrived_ns=0)


def test_one_closes_twice(codec):
    opened = opening.open_decoder(config(codec), most_bytes=MOST_BYTES)
    opened.decode(message(PUBLISHED[codec], sent(codec)), arrived_ns=0)

    opened.close()
    opened.close()


def test_what_a_machine_lacks_is_said_with_the_reason(monkeypatch, codec):
    monkeypatch.setitem(opening.MISSING, codec, "No module named 'av'")

    with pytest.raises(DecoderLost, match="cannot be decoded on this machine: No module"):
        opening.open_decoder(config(codec), most_bytes=MOST_BYTES)
