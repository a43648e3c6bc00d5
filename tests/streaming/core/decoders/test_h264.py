import os
import random
import signal
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streaming.core import wire
from streaming.core.decoders.h264 import MOST_ENDS, WITHIN_NS, H264Decoder
from streaming.core.encoders.h264 import H264Encoder
from streaming.core.errors import BadMessage, DecoderLost
from streaming.core.wire import Kind
from tests.streaming.core.decoders.published import HEIGHT, MOST_BYTES, WIDTH, h264, message
from tests.streaming.core.pictures import difference, drawn, framed

KEY, *FOLLOWING = h264()


@pytest.fixture
def decoder():
    opened = H264Decoder(width=WIDTH, height=HEIGHT, most_bytes=MOST_BYTES)
    yield opened
    opened.close()


def test_pictures_that_follow_are_shown(decoder):
    for number, sent in enumerate((KEY, *FOLLOWING)):
        frame = decoder.decode(sent, arrived_ns=number)

        assert frame.sequence == number
        assert difference(frame.pixels, drawn(WIDTH, HEIGHT, sequence=number).pixels) < 5


def test_before_a_key_frame_there_is_nothing_to_show(decoder):
    assert decoder.wants_key
    assert decoder.decode(FOLLOWING[0], arrived_ns=0) is None
    assert decoder.process_id is None
    assert decoder.decode(KEY, arrived_ns=0) is not None
    assert not decoder.wants_key


def test_a_process_that_is_killed_costs_the_pictures_until_the_next_key_frame(decoder):
    decoder.decode(KEY, arrived_ns=0)
    killed = decoder.process_id
    os.kill(killed, signal.SIGKILL)

    assert decoder.decode(FOLLOWING[0], arrived_ns=1) is None
    assert decoder.wants_key
    assert decoder.decode(FOLLOWING[1], arrived_ns=2) is None
    assert decoder.decode(KEY, arrived_ns=3) is not None
    assert decoder.process_id != killed
    assert not Path(f"/proc/{killed}").exists()


def test_a_process_that_ends_again_and_again_is_not_started_for_ever(decoder):
    for number in range(MOST_ENDS - 1):
        decoder.decode(KEY, arrived_ns=number)
        os.kill(decoder.process_id, signal.SIGKILL)
        assert decoder.decode(KEY, arrived_ns=number) is None
    decoder.decode(KEY, arrived_ns=10)
    os.kill(decoder.process_id, signal.SIGKILL)

    with pytest.raises(DecoderLost):
        decoder.decode(KEY, arrived_ns=11)


def test_one_that_ends_now_and_then_is_started_again(decoder):
    for number in range(MOST_ENDS + 1):
        decoder.decode(KEY, arrived_ns=number * WITHIN_NS)
        os.kill(decoder.process_id, signal.SIGKILL)
        assert decoder.decode(KEY, arrived_ns=number * WITHIN_NS) is None


def test_a_process_that_hangs_is_ended(decoder, monkeypatch):
    monkeypatch.setattr("streaming.core.decoders.h264.DECODE_S", 0.2)
    decoder.decode(KEY, arrived_ns=0)
    os.kill(decoder.process_id, signal.SIGSTOP)

    assert decoder.decode(FOLLOWING[0], arrived_ns=0) is None
    assert decoder.wants_key


def test_the_process_gets_no_secrets_and_little_to_open(decoder):
    decoder.decode(KEY, arrived_ns=0)
    about = Path(f"/proc/{decoder.process_id}")

    assert b"=" not in (about / "environ").read_bytes().replace(b"LC_CTYPE=", b"")
    limits = dict(
        (line[:25].strip(), line[25:].split()[0])
        for line in (about / "limits").read_text().splitlines()[1:]
    )
    assert limits["Max open files"] == limits["Max core file size"] == "0"
    assert int(limits["Max address space"]) < 8 * 1024**3


def test_nothing_is_left_behind(decoder):
    decoder.decode(KEY, arrived_ns=0)
    pid = decoder.process_id

    assert not list(Path("/dev/shm").glob("sluice-*"))
    decoder.close()

    assert not Path(f"/proc/{pid}").exists()


def test_damaged_streams_are_shown_or_refused_and_a_good_one_after_them_is_shown():
    chance = random.Random(4)
    decoder = H264Decoder(width=WIDTH, height=HEIGHT, most_bytes=MOST_BYTES)
    for _ in range(150):
        sent = chance.choice((KEY, *FOLLOWING))
        content = bytearray(sent.payload)
        for _ in range(chance.randint(1, 20)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        try:
            decoder.decode(
                message(Kind.H264, bytes(content), is_key=sent.is_key), arrived_ns=WITHIN_NS
            )
        except BadMessage as error:
            assert str(error)

    frame = decoder.decode(KEY, arrived_ns=0)
    decoder.close()

    assert difference(frame.pixels, drawn(WIDTH, HEIGHT).pixels) < 5


@pytest.mark.parametrize("width", [320, 328])
@pytest.mark.parametrize(("space", "full"), [(1, False), (5, False), (5, True), (2, False)])
def test_colours_are_those_that_the_stream_says(width, space, full):
    frame = drawn(width, HEIGHT)
    picture = av.VideoFrame.from_ndarray(frame.pixels, format="bgra").reformat(
        format="yuvj420p" if full else "yuv420p",
        dst_colorspace={1: "ITU709"}.get(space, "ITU601"),
        dst_color_range="JPEG" if full else "MPEG",
    )
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, HEIGHT, picture.format.name
    codec.framerate, codec.time_base = 30, Fraction(1, 30)
    codec.options = {"tune": "zerolatency", "profile": "high", "crf": "10"}
    codec.colorspace, codec.color_range = space, 2 if full else 1
    (packet,) = codec.encode(picture)
    decoder = H264Decoder(width=width, height=HEIGHT, most_bytes=MOST_BYTES)

    shown = decoder.decode(message(Kind.H264, bytes(packet)), arrived_ns=0)
    decoder.close()

    assert difference(shown.pixels, frame.pixels) < 3


def test_a_stream_in_other_colours_than_announced_by_its_profile_is_refused(decoder):
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv444p"
    codec.framerate = 30
    codec.options = {"tune": "zerolatency"}
    picture = av.VideoFrame.from_ndarray(np.zeros((3, HEIGHT, WIDTH), np.uint8), format="yuv444p")
    (packet,) = codec.encode(picture)

    with pytest.raises(BadMessage, match="profile"):
        decoder.decode(message(Kind.H264, bytes(packet)), arrived_ns=0)


def test_eight_k_is_decoded_within_its_memory():
    encoder = H264Encoder(width=7680, height=4320, fps=30)
    blank = framed(np.full((4320, 7680, 4), 90, np.uint8))
    sent = encoder.encode(blank, wants_key=True)
    decoder = H264Decoder(width=7680, height=4320, most_bytes=16_000_000)

    frame = decoder.decode(wire.unpack(sent.message), arrived_ns=0)
    decoder.close()

    assert frame.pixels.shape == (4320, 7680, 4)
