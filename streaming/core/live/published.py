"""A screen whose pictures a publisher sends, here or in another process.  Runs on the event loop."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streaming.core.adapting import Level
from streaming.core.decoders.jpeg import check_jpeg
from streaming.core.decoders.units import inspect
from streaming.core.encoders.base import EncodedFrame
from streaming.core.errors import BadMessage
from streaming.core.hub import JOINER_SPACING_S, FrameHub, KeyWishes, Reader
from streaming.core.items import Config, State
from streaming.core.live.arriving import Arriving, DecodedSource, OpenDecoder
from streaming.core.live.audience import Audience, Key
from streaming.core.live.pipeline import OpenEncoder, Pipeline
from streaming.core.live.stream import STOPPING, Status
from streaming.core.wire import HEAD, MAX_FPS, Kind, PublishedConfig, unpack

DECODED_IDLE_S = 1.0  # decoding goes on so long when the last who needed it has left
NOBODY = State("idle", "no-publisher", "Nobody shares this screen at the moment.")


class Publication:
    """One publisher's stay, from its config to its end.

    on_key_wanted: asks the publisher for a key frame.  on_viewers: is told how many watch.
    """

    def __init__(
        self,
        stream: "PublishedStream",
        config: PublishedConfig,
        *,
        most_bytes: int,
        on_key_wanted: Callable[[], None],
        on_viewers: Callable[[int], None],
    ) -> None:
        self.config = config
        self.members = {
            "codec": config.codec,
            "width": config.width,
            "height": config.height,
            "fps": config.fps,
        }
        self.on_key_wanted = on_key_wanted
        self.on_viewers = on_viewers
        self._stream = stream
        self._most_bytes = most_bytes

    @property
    def is_current(self) -> bool:
        """Whether it was not ended, and no newer one has taken its place."""
        return self._stream.publication is self

    @property
    def is_described(self) -> bool:
        """Whether viewers' decoders have all they need; H.264 says it with its first key frame."""
        return self.config.kind is not Kind.H264 or "description" in self.members

    def offer(self, message: bytes) -> None:
        """A message of the publisher's, of the kind its config announced; passed on untouched.

        Raises BadMessage, FrameTooLarge, DecoderLost: it should be sent away then.
        """
        frame, members = self._look_at(message)
        if self.is_current:
            self._stream.offer(frame, members)

    def change(self, config: PublishedConfig) -> None:
        """The frames from now on are of another size.  Raises BadMessage for another codec."""
        if config.codec != self.config.codec:
            raise BadMessage("the codec cannot change while you publish: connect again")
        self.config = config
        sizes = {"width": config.width, "height": config.height, "fps": config.fps}
        self.members = {"codec": config.codec, **sizes}
        if self.is_current:
            self._stream.change()

    def end(self, reason: str, detail: str) -> None:
        """The publisher has left; viewers are told why.  Safe to call twice."""
        if self.is_current:
            self._stream.end(reason, detail)

    def _look_at(self, message: bytes) -> tuple[EncodedFrame, dict[str, object]]:
        """The frame, and what viewers must know of it.  Raises BadMessage, FrameTooLarge."""
        parts = unpack(message)
        config, members = self.config, self.members
        if parts.kind is not config.kind:
            raise BadMessage(f"kind {parts.kind:d} does not go with the codec {config.codec}")
        size = config.width, config.height
        is_key = True
        if config.kind is Kind.JPEG:
            check_jpeg(parts.payload, size=size, most_bytes=self._most_bytes)
        else:
            is_key = parts.is_key
            unit = inspect(parts.payload, is_key=is_key, size=size, most_bytes=self._most_bytes)
            if unit.parameters:
                members = {**members, "description": unit.parameters.codec_string}
        frame = EncodedFrame(
            parts.kind, is_key, parts.sequence, parts.captured_at_us, message, HEAD.size
        )
        return frame, members


class PublishedStream:
    """A Stream of whoever publishes; the newest publisher wins.

    Viewers of the publisher's codec get its bytes as they are.  For the others they are decoded,
    and encoded again, while there are any.

    on_publication: called whenever a publisher has come.
    """

    def __init__(
        self, *, open_encoder: OpenEncoder, open_decoder: OpenDecoder, most_bytes: int
    ) -> None:
        self.publication: Publication | None = None
        self.on_publication: Callable[[], None] = lambda: None
        self._open_decoder = open_decoder
        self._most_bytes = most_bytes
        self._pipeline = Pipeline(
            open_source=self._open_decoded,
            open_encoder=open_encoder,
            fps=MAX_FPS,
            idle_s=DECODED_IDLE_S,
            name="a publisher's pictures",
        )
        self._audience = Audience(self)
        self._wishes = KeyWishes(asyncio.get_running_loop(), self._ask_publisher)
        self._state = NOBODY
        self._arriving: Arriving | None = None

    # --- for viewers --------------------------------------------------------------------------------

    @contextmanager
    def watch(self, codec: str, tier: str = "full") -> Iterator[Reader]:
        try:
            with self._audience.watch((codec, tier)) as reader:
                self._tell_publisher()
                yield reader
        finally:
            self._tell_publisher()

    def status(self) -> Status:
        readers, state = self._audience.by_codec(), self._state
        if self.publication is None:
            return Status(state.state, state.reason, state.detail, readers=readers)
        config = self.publication.config
        sizes = config.width, config.height, config.fps
        return Status(state.state, state.reason, state.detail, *sizes, readers)

    async def close(self) -> None:
        self.publication = None
        self._state = STOPPING
        self._audience.close(STOPPING)
        self._wishes.cancel()
        await self._pipeline.close()

    # --- for the publisher --------------------------------------------------------------------------

    def publish(
        self,
        config: PublishedConfig,
        *,
        on_key_wanted: Callable[[], None],
        on_viewers: Callable[[int], None],
    ) -> Publication:
        """From now on this publisher's frames are shown."""
        self.publication = Publication(
            self,
            config,
            most_bytes=self._most_bytes,
            on_key_wanted=on_key_wanted,
            on_viewers=on_viewers,
        )
        self._state = State("starting")
        for key in self._audience.hubs:
            self._pipeline.cease(key)
        self._pipeline.rest()
        for key, hub in self._audience.hubs.items():
            self.begin(key, hub)
        self._tell_publisher()
        self.on_publication()
        return self.publication

    def offer(self, frame: EncodedFrame, members: dict[str, object]) -> None:
        """A frame of the publication's.  Raises BadMessage, DecoderLost when it proved to be bad."""
        assert self.publication
        hub = self._audience.hubs.get(self._passed)
        if members != self.publication.members:
            self.publication.members = members
            self._tell_config(hub)
        if self._state.state == "starting":
            self._state = State("live")
            if hub:
                hub.offer(self._state)
        if frame.is_key:
            self._wishes.fulfil()
        if self._state.state != "live":
            return
        if hub:
            hub.offer(frame)
        self._decode(frame)

    def change(self) -> None:
        """The publication's config has changed."""
        assert self.publication
        self._tell_config(self._audience.hubs.get(self._passed))
        if self._arriving:
            self._arriving.change(self.publication.config)

    def pause(self) -> None:
        """Show nothing until `resume`; viewers are told."""
        if self.publication:
            self._state = State("paused")
            self._audience.tell(self._state)

    def resume(self) -> None:
        if self._state.state == "paused":
            self._state = State("live")
            self._audience.tell(self._state)
            self._wishes.ask(JOINER_SPACING_S)

    def end(self, reason: str, detail: str) -> None:
        """The publisher has left: viewers are told why; who comes later waits for the next one."""
        self.publication, self._state = None, NOBODY
        self._audience.end(State("ended", reason, detail))
        self._wishes.cancel()
        self._pipeline.rest()

    # --- as the feed of its audience ----------------------------------------------------------------

    def begin(self, key: Key, hub: FrameHub) -> None:
        if self.publication is None:
            hub.offer(self._state)
        elif key == self._passed:
            hub.offer(self._state)
            self._tell_config(hub)
        else:
            if self._pipeline.is_resting:
                self._arriving = Arriving(self.publication.config)
            self._pipeline.begin(key, hub)
            self._wishes.ask(JOINER_SPACING_S)

    def cease(self, key: Key) -> None:
        self._pipeline.cease(key)

    def want_key(self, key: Key) -> None:
        if self.publication and key == self._passed:
            self._wishes.ask(JOINER_SPACING_S)
        else:
            self._pipeline.want_key(key)

    def set_level(self, key: Key, level: Level) -> None:
        self._pipeline.set_level(key, level)

    def look_after(self) -> None:
        self._pipeline.look_after()

    # ------------------------------------------------------------------------------------------------

    @property
    def _passed(self) -> Key:
        """What the publisher sends is passed on to the viewers of this."""
        return (self.publication.config.codec if self.publication else "", "full")

    def _tell_config(self, hub: FrameHub | None) -> None:
        if hub and self.publication and self.publication.is_described:
            hub.offer(Config(dict(self.publication.members)))

    def _decode(self, frame: EncodedFrame) -> None:
        if self._pipeline.is_resting or self._arriving is None:
            return
        self._arriving.offer(frame)
        if self._arriving.error:
            raise self._arriving.error
        if self._arriving.wants_key:
            self._wishes.ask(JOINER_SPACING_S)

    def _open_decoded(self) -> DecodedSource:
        """Called by the capturing thread; what it reads is set before that is started."""
        assert self._arriving
        return DecodedSource(self._arriving, self._open_decoder)

    def _ask_publisher(self) -> None:
        if self.publication:
            self.publication.on_key_wanted()

    def _tell_publisher(self) -> None:
        if self.publication:
            self.publication.on_viewers(sum(self._audience.by_codec().values()))
