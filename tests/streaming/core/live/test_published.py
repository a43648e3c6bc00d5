"""A screen that somebody publishes; with the real codecs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import numpy as np
import pytest

from streaming.core.decoders.opening import open_decoder
from streaming.core.encoders.base import EncodedFrame, Encoder
from streaming.core.encoders.opening import open_encoder
from streaming.core.errors import BadMessage, FrameTooLarge
from streaming.core.frame import Frame
from streaming.core.items import Config
from streaming.core.live.published import Publication, PublishedStream
from streaming.core.wire import Kind, PublishedConfig, pack, read_published_config
from tests.streaming.core.live.waiting import frame_of, item_of, own_threads, state_of, until

MOST_BYTES = 200_000


class Publisher:
    """What would be at the other end of a publisher's socket."""

    def __init__(
        self, stream: PublishedStream, codec: str = "jpeg", size: tuple[int, int] = (64, 48)
    ):
        self.keys_wanted = 0
        self.viewers: list[int] = []
        self.sequence = 0
        self.encoder: Encoder
        self.config = self._config(codec, size)
        self.publication: Publication = stream.publish(
            self.config, on_key_wanted=self._want_key, on_viewers=self.viewers.append
        )

    def send(self, shade: int = 0, *, wants_key: bool = False) -> EncodedFrame:
        pixels = np.full((self.config.height, self.config.width, 4), shade, np.uint8)
        frame = Frame(pixels, time.monotonic_ns(), time.time_ns() // 1000, self.sequence)
        encoded = self.encoder.encode(frame, wants_key=wants_key or self._key_is_due())
        assert encoded
        self.sequence += 1
        self.publication.offer(encoded.message)
        return encoded

    def resize(self, size: tuple[int, int]) -> None:
        self.config = self._config(self.config.codec, size)
        self.publication.change(self.config)

    def _config(self, codec: str, size: tuple[int, int]) -> PublishedConfig:
        width, height = size
        self.encoder = open_encoder(codec, tier="full", width=width, height=height, fps=30)
        self._wants_key = False
        return PublishedConfig(codec=codec, width=width, height=height, fps=30.0, title="")

    def _want_key(self) -> None:
        self.keys_wanted += 1
        self._wants_key = True

    def _key_is_due(self) -> bool:
        is_due, self._wants_key = self._wants_key, False
        return is_due


@asynccontextmanager
async def published() -> AsyncIterator[PublishedStream]:
    stream = PublishedStream(
        open_encoder=open_encoder,
        open_decoder=partial(open_decoder, most_bytes=MOST_BYTES),
        most_bytes=MOST_BYTES,
    )
    try:
        yield stream
    finally:
        await stream.close()
        assert own_threads() == []


@pytest.mark.parametrize("codec", ["h264", "jpeg"])
async def test_what_arrives_is_passed_on_as_it_is_and_nothing_is_decoded(codec: str):
    async with published() as stream:
        publisher = Publisher(stream, codec)
        with stream.watch(codec) as reader:
            sent = [publisher.send(shade) for shade in (10, 20)]
            config = await item_of(reader, lambda item: isinstance(item, Config))
            got = await frame_of(reader)

            assert own_threads() == []
            assert got.message in [frame.message for frame in sent]
            assert isinstance(config, Config)
            expected = {"codec": codec, "width": 64, "height": 48, "fps": 30.0}
            assert {**config.members, **expected} == config.members
            assert config.members.get("description", "").startswith("avc1." * (codec == "h264"))
            assert stream.status().state == "live"


@pytest.mark.parametrize(
    ("sent", "watched"), [("jpeg", "tiles"), ("jpeg", "h264"), ("h264", "jpeg")]
)
async def test_viewers_of_other_codecs_get_a_decoded_version_while_there_are_any(
    sent: str, watched: str
):
    async with published() as stream:
        publisher = Publisher(stream, sent)
        publisher.send(200)
        with stream.watch(watched) as reader:
            getting = asyncio.ensure_future(frame_of(reader))
            while not getting.done():
                publisher.send(publisher.sequence % 250)
                await asyncio.sleep(0.02)
            frame = getting.result()

            assert (
                frame.kind is {"tiles": Kind.TILES, "h264": Kind.H264, "jpeg": Kind.JPEG}[watched]
            )
            assert frame.is_key
        await until(lambda: own_threads() == [])


async def test_the_light_tier_is_smaller_than_what_is_published():
    async with published() as stream:
        publisher = Publisher(stream, "jpeg")
        with stream.watch("jpeg", "light") as reader:
            publisher.send(3)
            config = await item_of(reader, lambda item: isinstance(item, Config))

    assert isinstance(config, Config)
    assert (config.members["width"], config.members["height"]) == (32, 24)


async def test_who_joins_h264_has_the_publisher_asked_for_a_key_frame():
    async with published() as stream:
        publisher = Publisher(stream, "h264")
        publisher.send(1)
        publisher.send(2)
        with stream.watch("h264") as reader:
            waiting = asyncio.ensure_future(frame_of(reader))
            await until(lambda: publisher.keys_wanted > 0)
            asked = publisher.keys_wanted
            sent = publisher.send(3)

            assert (await waiting).message == sent.message
            assert sent.is_key
            assert asked == 1


async def test_a_joiner_of_pictures_that_stand_still_sees_the_newest():
    async with published() as stream:
        publisher = Publisher(stream, "jpeg")
        with stream.watch("jpeg") as first:
            sent = publisher.send(7)
            await frame_of(first)
            with stream.watch("jpeg") as second:
                assert (await frame_of(second)).message == sent.message


async def test_the_publisher_hears_how_many_watch():
    async with published() as stream:
        publisher = Publisher(stream)
        with stream.watch("jpeg"), stream.watch("jpeg"):
            pass

        assert publisher.viewers == [0, 1, 2, 1, 0]


async def test_when_the_publisher_leaves_viewers_are_told_and_the_next_one_can_come():
    async with published() as stream:
        publisher = Publisher(stream)
        with stream.watch("jpeg") as reader:
            publisher.send(1)
            await frame_of(reader)
            publisher.publication.end("publisher-left", "The presenter has stopped sharing.")

            ended = await state_of(reader, "ended")
            assert ended.detail == "The presenter has stopped sharing."
        with stream.watch("jpeg") as waiting:
            assert (await state_of(waiting, "idle")).reason == "no-publisher"
            assert stream.status().state == "idle"
            following = Publisher(stream)
            sent = following.send(9)

            assert (await frame_of(waiting)).message == sent.message


async def test_viewers_wait_for_a_publisher_in_every_codec():
    async with published() as stream:
        with stream.watch("tiles") as tiles, stream.watch("jpeg") as jpeg:
            await state_of(tiles, "idle")
            publisher = Publisher(stream, "jpeg")
            publisher.send(5)

            assert (await frame_of(tiles)).kind is Kind.TILES
            assert (await frame_of(jpeg)).kind is Kind.JPEG


async def test_the_newest_publisher_wins_and_viewers_stay():
    async with published() as stream:
        old = Publisher(stream, "jpeg")
        with stream.watch("jpeg") as reader, stream.watch("h264") as other:
            old.send(1)
            await frame_of(reader)
            await frame_of(other)
            new = Publisher(stream, "h264", size=(96, 64))
            old.send(2)
            old.publication.end("left", "")

            def is_new(item: object) -> bool:
                return isinstance(item, Config) and item.members["width"] == 96

            getting = asyncio.gather(item_of(reader, is_new), item_of(other, is_new))
            while not getting.done():
                new.send(new.sequence % 250)
                await asyncio.sleep(0.02)
            await getting
            assert not old.publication.is_current
            assert stream.status().width == 96


async def test_another_size_reaches_viewers_of_both_kinds():
    async with published() as stream:
        publisher = Publisher(stream, "jpeg")
        with stream.watch("jpeg") as passed, stream.watch("tiles") as decoded:
            publisher.send(1)
            await frame_of(passed)
            await frame_of(decoded)
            publisher.resize((128, 96))
            publisher.send(2)
            for reader in (passed, decoded):
                config = await item_of(reader, lambda item: isinstance(item, Config))
                assert isinstance(config, Config)
                assert config.members["width"] == 128
                await frame_of(reader)


async def test_while_it_pauses_nothing_is_shown():
    async with published() as stream:
        publisher = Publisher(stream)
        with stream.watch("jpeg") as reader:
            publisher.send(1)
            await frame_of(reader)
            stream.pause()
            publisher.send(2)
            await state_of(reader, "paused")
            stream.resume()
            sent = publisher.send(3)

            assert (await frame_of(reader)).message == sent.message


JPEG = {"codec": "jpeg", "width": 64, "height": 48, "fps": 30}
H264 = {**JPEG, "codec": "h264"}


def message(kind: Kind, payload: bytes, *, is_key: bool = True) -> bytes:
    return pack(kind, payload, is_key=is_key, sequence=0, captured_at_us=0)


@pytest.mark.parametrize(
    ("config", "bad"),
    [
        (JPEG, b""),
        (JPEG, b"\x04"),
        (JPEG, message(Kind.JPEG, b"")),
        (JPEG, message(Kind.JPEG, b"\xff\xd8\xff\xda")),
        (JPEG, message(Kind.H264, b"\0\0\1\x65")),
        (JPEG, message(Kind.TILES, b"\0\0")),
        (H264, message(Kind.H264, b"")),
        (H264, message(Kind.H264, b"no start code")),
        (H264, message(Kind.H264, b"\0\0\0\1\x65only a slice")),
        (H264, message(Kind.JPEG, b"\xff\xd8")),
    ],
)
async def test_what_is_no_picture_is_refused_and_shown_to_nobody(config: dict, bad: bytes):
    async with published() as stream:
        publication = stream.publish(
            read_published_config(str(config).replace("'", '"')),
            on_key_wanted=lambda: None,
            on_viewers=lambda count: None,
        )
        with stream.watch(config["codec"]) as reader, pytest.raises(BadMessage):
            publication.offer(bad)

        assert reader.offered == 0


async def test_a_picture_that_is_too_large_is_refused():
    async with published() as stream:
        publisher = Publisher(stream)
        with pytest.raises(FrameTooLarge):
            publisher.publication.offer(message(Kind.JPEG, bytes(MOST_BYTES + 1)))


async def test_a_codec_cannot_be_changed_in_between():
    async with published() as stream:
        publisher = Publisher(stream, "jpeg")
        with pytest.raises(BadMessage, match="connect again"):
            publisher.publication.change(PublishedConfig("h264", 64, 48, 30.0, ""))


async def test_pictures_that_break_the_decoder_send_the_publisher_away():
    """A head as announced, and nothing behind it: only decoding finds out."""
    async with published() as stream:
        publisher = Publisher(stream, "jpeg")
        with stream.watch("tiles"):
            sent = publisher.send(1)
            broken = sent.message[: len(sent.message) // 2 + 200]

            async def go_on() -> None:
                while True:
                    publisher.publication.offer(broken[:-120])
                    await asyncio.sleep(0.01)

            with pytest.raises(BadMessage):
                await asyncio.wait_for(go_on(), 20)


async def test_thousands_of_frames_for_stalled_viewers_are_not_kept():
    async with published() as stream:
        publisher = Publisher(stream, "jpeg")
        with stream.watch("jpeg") as stalled, stream.watch("tiles"):
            sent = publisher.send(1)
            for _ in range(3000):
                publisher.publication.offer(sent.message)

            assert stalled.dropped > 2990
