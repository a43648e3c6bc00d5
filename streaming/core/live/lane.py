"""The thread that encodes for the viewers of one codec and tier.  Blocking."""

import time
from collections.abc import Callable
from threading import Condition, Thread

from streaming.core.adapting import Level
from streaming.core.encoders.base import Adjusts, Encoder, Refines
from streaming.core.errors import ScreenError
from streaming.core.frame import Frame
from streaming.core.hub import FrameHub
from streaming.core.items import Config, State
from streaming.core.pacing import NS_PER_S

MakeEncoder = Callable[[int, int, float], Encoder]  # width, height, fps
EARLY_RATIO = 0.1  # of the time between two pictures: captures are not exactly on time
BEHIND_S = 0.02  # until the loop is asked again whether it has come to the frames so far


class Lane:
    """Takes the newest picture whenever it is done with the last; others are passed over.

    All but `run` returns at once and may be called by any thread.
    """

    def __init__(self, hub: FrameHub, make_encoder: MakeEncoder, *, name: str) -> None:
        self.hub = hub
        self._make_encoder = make_encoder
        self._fps = 0.0
        self._level = Level(1.0, 1.0)
        self._changed = Condition()
        self._newest: Frame | None = None
        self._is_due = False
        self._wants_key = True
        self._state: State | None = None
        self._is_stopped = False
        self._encoder: Encoder | None = None
        self._size = (0, 0)
        self._config: object = None
        self._adjusted = (self._level, self._fps)
        self._due_ns = 0
        self.thread = Thread(target=self.run, name=f"encode {name}", daemon=True)

    def offer(self, frame: Frame, *, is_changed: bool) -> None:
        """The picture of now.  is_changed: since the last one; else it is encoded only for who
        joined, or to refine what was sent roughly."""
        encoder = self._encoder
        with self._changed:
            is_first = self._newest is None
            self._newest = frame
            refines = encoder and isinstance(encoder, Refines) and encoder.is_refining
            if is_changed or is_first or refines or self._wants_key:
                self._is_due = True
                self._changed.notify()

    def tell(self, state: State) -> None:
        """What the source does; pictures from before count no more unless it is live."""
        with self._changed:
            self._state = state
            if state.state != "live":
                self._newest, self._is_due, self._wants_key = None, False, True
            self._changed.notify()

    def want_key(self) -> None:
        """A viewer needs a picture that stands alone: of what is shown now, if there is any."""
        with self._changed:
            self._wants_key = True
            self._is_due = self._newest is not None
            self._changed.notify()

    def set_rate(self, fps: float) -> None:
        """How many pictures a second come, or are wanted at most."""
        self._fps = fps

    def set_level(self, level: Level) -> None:
        """How good and how fast, from the next picture on."""
        self._level = level

    def stop(self) -> None:
        """Nobody watches any more.  The thread ends soon; join it where blocking is allowed."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()

    def run(self) -> None:
        try:
            while not self.hub.is_over and self._next():
                pass
        finally:
            self._close_encoder()
            if not self._is_stopped:
                self.hub.publish(
                    State(
                        "unavailable",
                        "encoder-failed",
                        "This way of sending the picture has failed here; choose another one.",
                    )
                )

    def _next(self) -> bool:
        """Wait for something to do and do it; false: stopped."""
        with self._changed:
            while (wait_s := self._wait_s()) is None or wait_s > 0:
                self._changed.wait(wait_s)
            if self._is_stopped:
                return False
            state, self._state = self._state, None
            frame = None if state else self._newest
            wants_key = self._wants_key
            if frame is not None:
                self._is_due = self._wants_key = False
        if state:
            self.hub.publish(state)
        elif frame is not None:
            self._encode(frame, wants_key=wants_key)
        return True

    def _wait_s(self) -> float | None:
        """How long there is nothing to do; None: until somebody says so."""
        if self._is_stopped or self._state:
            return 0
        if not self._is_due:
            return None
        if self.hub.is_behind:
            return BEHIND_S
        return 0 if self._wants_key else (self._due_ns - time.monotonic_ns()) / NS_PER_S

    def _encode(self, frame: Frame, *, wants_key: bool) -> None:
        fps = self._fps * self._level.rate_ratio
        self._due_ns = time.monotonic_ns() + round(NS_PER_S / fps * (1 - EARLY_RATIO))
        try:
            encoder, is_new = self._encoder_for(frame)
        except ScreenError as error:
            self.hub.publish(State("unavailable", "encoder-unavailable", str(error)))
            return
        self._adjust(encoder)
        encoded = encoder.encode(frame, wants_key=wants_key or is_new)
        if encoder.config is not self._config:
            self._config = encoder.config
            self.hub.publish(Config(encoder.config))
        if encoded is not None:
            self.hub.publish(encoded)

    def _encoder_for(self, frame: Frame) -> tuple[Encoder, bool]:
        """The encoder, and whether it is new: there is one per size."""
        size = frame.width, frame.height
        if self._encoder is not None and size == self._size:
            return self._encoder, False
        self._close_encoder()
        made = self._make_encoder(*size, self._fps)
        self._encoder, self._size = made, size
        self._adjusted = (Level(1.0, 1.0), self._fps)
        return made, True

    def _adjust(self, encoder: Encoder) -> None:
        wanted = (self._level, self._fps)
        if wanted == self._adjusted:
            return
        self._adjusted = wanted
        if isinstance(encoder, Adjusts):
            level, fps = wanted
            encoder.adjust(quality_ratio=level.quality_ratio, fps=fps * level.rate_ratio)

    def _close_encoder(self) -> None:
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            encoder.close()
