"""A source, and the encoders that are watched: all their threads.  Runs on the event loop."""

import asyncio
import logging
import time
from collections.abc import Callable
from threading import Thread

from streaming.core.adapting import Level
from streaming.core.encoders.base import Encoder
from streaming.core.hub import FrameHub
from streaming.core.items import State
from streaming.core.live.audience import Key
from streaming.core.live.capture import Capture, OpenSource, Seen
from streaming.core.live.lane import Lane

JOINED_WITHIN_S = 2.0  # of the time that a server has to stop

logger = logging.getLogger(__name__)

OpenEncoder = Callable[..., Encoder]  # as streaming.core.encoders.opening.open_encoder


class Pipeline:
    """A Feed that captures while somebody watches, and idle_s longer; encodes what is watched.

    name: of what is captured, for the log; empty: nothing is logged.
    """

    def __init__(
        self,
        *,
        open_source: OpenSource,
        open_encoder: OpenEncoder,
        fps: float,
        idle_s: float,
        name: str,
    ) -> None:
        self._open_source = open_source
        self._open_encoder = open_encoder
        self._fps = fps
        self._idle_s = idle_s
        self._name = name
        self._logged = ""
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[Key, Lane] = {}
        self._capture: Capture | None = None
        self._is_paused = False
        self._idle: asyncio.TimerHandle | None = None
        self._threads: list[Thread] = []  # that may still run

    @property
    def is_resting(self) -> bool:
        """Whether nothing of it runs."""
        return self._capture is None and not self._lanes

    @property
    def state(self) -> State:
        if self._capture:
            return self._capture.state
        return State("paused" if self._is_paused else "idle")

    @property
    def seen(self) -> Seen:
        return self._capture.seen if self._capture else Seen(fps=self._fps)

    def begin(self, key: Key, hub: FrameHub) -> None:
        codec, tier = key

        def encoder(width: int, height: int, fps: float) -> Encoder:
            return self._open_encoder(codec, tier=tier, width=width, height=height, fps=fps)

        lane = self._lanes[key] = Lane(hub, encoder, name=f"{codec} {tier}")
        self._start(lane.thread)
        self._wake_up().join(lane)

    def cease(self, key: Key) -> None:
        lane = self._lanes.pop(key, None)
        if lane is None:
            return
        lane.stop()
        if self._capture:
            self._capture.leave(lane)
        if self._lanes:
            return
        if self._loop.is_closed():  # whoever watched is only now thrown away
            self.rest()
        else:
            self._idle = self._loop.call_later(self._idle_s, self.rest)

    def want_key(self, key: Key) -> None:
        if key in self._lanes:
            self._lanes[key].want_key()

    def set_level(self, key: Key, level: Level) -> None:
        if key in self._lanes:
            self._lanes[key].set_level(level)

    def look_after(self) -> None:
        """Begin again where capturing has ended by an error that nobody thought of."""
        if self._capture is None or self._capture.thread.is_alive():
            return
        self._capture = None
        capture = self._wake_up()
        for lane in self._lanes.values():
            capture.join(lane)

    def pause(self) -> None:
        self._is_paused = True
        if self._capture:
            self._capture.pause()

    def resume(self) -> None:
        self._is_paused = False
        if self._capture:
            self._capture.resume()

    def rest(self) -> None:
        """Capture no more, until somebody watches again."""
        if self._idle:
            self._idle.cancel()
        if self._capture:
            self._capture.stop()
        self._capture = self._idle = None

    async def close(self) -> None:
        """Wait until nothing runs any more; a thread that hangs is left behind."""
        for key in list(self._lanes):
            self.cease(key)
        self.rest()
        threads, self._threads = self._threads, []
        await asyncio.to_thread(_join, threads)

    def _wake_up(self) -> Capture:
        """The capture that runs; started if there is none."""
        if self._idle:
            self._idle.cancel()
            self._idle = None
        if self._capture is None:
            last = [thread for thread in self._threads if thread.name == "capture"]
            after = last[-1] if last else None
            self._capture = Capture(
                self._open_source, fps=self._fps, on_state=self._log, after=after
            )
            if self._is_paused:
                self._capture.pause()
            self._start(self._capture.thread)
        return self._capture

    def _log(self, state: State) -> None:
        """Say once why there is no picture, or another one; not again with each attempt."""
        if state.state not in ("live", "unavailable") or state.detail == self._logged:
            return
        self._logged = state.detail
        if state.detail and self._name:
            logger.warning("%s: %s", self._name, state.detail)

    def _start(self, thread: Thread) -> None:
        self._threads = [known for known in self._threads if known.is_alive()]
        self._threads.append(thread)
        thread.start()


def _join(threads: list[Thread]) -> None:
    """Blocking, for as long as a server that stops can wait."""
    until = time.monotonic() + JOINED_WITHIN_S
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
