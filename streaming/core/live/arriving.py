"""A publisher's frames on their way to the thread that decodes them, and what it makes of them."""

import time
from collections.abc import Callable
from threading import Condition

from streaming.core.decoders.base import Decoder
from streaming.core.encoders.base import EncodedFrame
from streaming.core.errors import BadMessage, DecoderLost, SourceLost
from streaming.core.frame import Frame
from streaming.core.slots import MEMORIES
from streaming.core.wire import PublishedConfig, unpack

OpenDecoder = Callable[[PublishedConfig], Decoder]


class Arriving:
    """What waits to be decoded: as much as for a viewer, and lost by the same rules.

    error: what was wrong with the publisher's frames, once something was.
    """

    def __init__(self, config: PublishedConfig) -> None:
        self.error: BadMessage | DecoderLost | None = None
        self.wants_key = True
        self.config = config
        self._slot = MEMORIES[config.kind]().slot()
        self._has_come = Condition()
        self._is_over = False

    def offer(self, frame: EncodedFrame) -> None:
        """Returns at once; `wants_key` says afterwards whether nothing can be shown before one."""
        with self._has_come:
            self._slot.offer(frame)
            self.wants_key = self._slot.wants_key or (self.wants_key and not frame.is_key)
            self._has_come.notify()

    def change(self, config: PublishedConfig) -> None:
        """The frames from now on are of another size."""
        with self._has_come:
            self.config = config
            self._slot.clear()
            self.wants_key = True

    def take(self) -> tuple[PublishedConfig, EncodedFrame]:
        """Wait for the next frame.  Blocking.  Raises SourceLost after `interrupt`."""
        with self._has_come:
            while not self._is_over:
                frame = self._slot.take()
                if frame is not None:
                    return self.config, frame
                self._has_come.wait()
        raise SourceLost("Nobody watches the publisher's decoded pictures any more.")

    def interrupt(self) -> None:
        """Let whoever waits for a frame go, now and later."""
        with self._has_come:
            self._is_over = True
            self._has_come.notify_all()


class DecodedSource:
    """A FrameSource of what a publisher sends.  Blocking."""

    def __init__(self, arriving: Arriving, open_decoder: OpenDecoder) -> None:
        self.rate_fps = arriving.config.fps
        self._arriving = arriving
        self._open_decoder = open_decoder
        self._config = arriving.config
        self._decoder: Decoder | None = None

    def grab(self) -> Frame:
        while True:
            config, encoded = self._arriving.take()
            frame = self._decode(config, encoded)
            if frame is not None:
                return frame

    def interrupt(self) -> None:
        self._arriving.interrupt()

    def close(self) -> None:
        decoder, self._decoder = self._decoder, None
        if decoder is not None:
            decoder.close()

    def _decode(self, config: PublishedConfig, encoded: EncodedFrame) -> Frame | None:
        try:
            decoder = self._decoder_for(config)
            frame = decoder.decode(unpack(encoded.message), arrived_ns=time.monotonic_ns())
        except (BadMessage, DecoderLost) as error:
            self._arriving.error = error
            raise SourceLost(f"The publisher's pictures cannot be decoded: {error}") from error
        if frame is None and decoder.wants_key:
            self._arriving.wants_key = True
        return frame

    def _decoder_for(self, config: PublishedConfig) -> Decoder:
        if self._decoder is None or config != self._config:
            self.close()
            self._decoder, self._config = self._open_decoder(config), config
        return self._decoder
