"""The thread that takes a screen's pictures and shows them to its lanes.  Blocking."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Protocol, runtime_checkable

from streaming.core.changes import is_changed
from streaming.core.errors import BadSource, SourceLost, SourceUnavailable
from streaming.core.frame import Frame
from streaming.core.items import State
from streaming.core.live.lane import Lane
from streaming.core.pacing import NS_PER_S, Pace
from streaming.core.sources.base import FrameSource

OpenSource = Callable[[], FrameSource]
FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 8.0


@runtime_checkable
class StandsIn(Protocol):
    """A source that is shown because the wanted one is not there."""

    @property
    def instead_of(self) -> SourceUnavailable:
        """Why not."""


@runtime_checkable
class Interruptible(Protocol):
    """A source whose `grab` may wait for long."""

    def interrupt(self) -> None:
        """Make `grab` raise SourceLost now; called by any thread."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of the pictures: their size, and how many come a second."""

    width: int = 0
    height: int = 0
    fps: float = 0.0


class Capture:
    """Opens the source, again and again if need be, and takes pictures while there are lanes.

    All but `run` returns at once and may be called by any thread.
    """

    def __init__(
        self,
        open_source: OpenSource,
        *,
        fps: float,
        on_state: Callable[[State], None],
        after: Thread | None = None,
    ) -> None:
        """on_state: called in the thread of `run`."""
        self._open_source = open_source
        self._fps = fps
        self._on_state = on_state
        self._after = after
        self._lock = Lock()
        self._lanes: tuple[Lane, ...] = ()
        self._newest: Frame | None = None
        self._source: FrameSource | None = None
        self._own_fps: float | None = None  # of a source that SetsItsPace
        self._wake = Event()
        self._stopped = Event()
        self._is_paused = False
        self._sequence = 0  # goes on when the source is opened again
        self.state = State("starting")
        self.seen = Seen(fps=fps)
        self.thread = Thread(target=self.run, name="capture", daemon=True)

    def join(self, lane: Lane) -> None:
        """From now on the lane is shown every picture, and at once the newest if it is fresh; if
        nobody has watched, the next is taken now."""
        with self._lock:
            if not self._lanes and self._own_fps is None:
                self._newest = None
                self._wake.set()
            self._lanes = (*self._lanes, lane)
            lane.set_rate(self.seen.fps)
            lane.tell(self.state)
            if self._newest is not None:
                lane.offer(self._newest, is_changed=True)

    def leave(self, lane: Lane) -> None:
        with self._lock:
            self._lanes = tuple(other for other in self._lanes if other is not lane)

    def pause(self) -> None:
        """Take no pictures until `resume`: the presenter wants to show nothing for a while."""
        self._is_paused = True

    def resume(self) -> None:
        self._is_paused = False
        self._wake.set()

    def stop(self) -> None:
        """The thread ends soon; join it where blocking is allowed."""
        self._stopped.set()
        self._wake.set()
        source = self._source
        if source is not None and isinstance(source, Interruptible):
            source.interrupt()

    def run(self) -> None:
        if self._after is not None:
            self._after.join()  # two of us must not hold one camera
        retry_s = FIRST_RETRY_S
        try:
            while not self._is_over():
                had_pictures = self._show_until_lost()
                retry_s = FIRST_RETRY_S if had_pictures else min(retry_s * 2, LONGEST_RETRY_S)
                self._stopped.wait(retry_s)
        finally:
            if not self._stopped.is_set():
                self._tell(
                    State(
                        "unavailable", "failed", "Capturing has failed; the server's log says why."
                    )
                )

    def _is_over(self) -> bool:
        """Stopped, or there is no loop any more that could stop it."""
        return self._stopped.is_set() or any(lane.hub.is_over for lane in self._lanes)

    def _show_until_lost(self) -> bool:
        """Whether there was any picture.  Returns when the source is lost or not to be had."""
        try:
            source = self._source = self._open_source()
        except SourceUnavailable as error:
            self._tell(State("unavailable", error.reason, str(error)))
            return False
        except BadSource as error:
            self._tell(State("unavailable", "bad-source", str(error)))
            return False
        before = self._sequence
        try:
            self._show(source)
        except SourceLost as error:
            self._tell(State("unavailable", "lost", str(error)))
        finally:
            self._source = None
            source.close()
        return self._sequence > before

    def _show(self, source: FrameSource) -> None:
        own_fps = self._own_fps = getattr(source, "rate_fps", None)
        live = self._live(source, min(self._fps, own_fps or self._fps))
        pace = Pace(started_ns=time.monotonic_ns(), rate_fps=self._fps)
        while not self._is_over():
            if self._is_paused or not (self._lanes or own_fps):
                self._rest()
                pace = Pace(started_ns=time.monotonic_ns(), rate_fps=self._fps)
            elif own_fps or self._wait_until(pace.next_due_ns(time.monotonic_ns())):
                self._take(source.grab(), live)

    def _live(self, source: FrameSource, fps: float) -> State:
        """How the state is told once there are pictures."""
        with self._lock:
            self.seen = Seen(fps=fps)
            for lane in self._lanes:
                lane.set_rate(fps)
        if not isinstance(source, StandsIn):
            return State("live")
        return State("live", source.instead_of.reason, str(source.instead_of))

    def _rest(self) -> None:
        """Until somebody watches, or the presenter goes on.  What was seen is not that of now."""
        if self._is_paused and self.state.state != "paused":
            self._tell(State("paused"))
        self._wake.clear()
        with self._lock:
            self._newest = None
            is_needed = not self._is_paused and self._lanes
        if not is_needed and not self._stopped.is_set():
            self._wake.wait()

    def _wait_until(self, due_ns: int) -> bool:
        """Whether it is time now, or somebody has come who has no picture yet; false: stopped."""
        wait_ns = due_ns - time.monotonic_ns()
        if wait_ns > 0:
            self._wake.wait(wait_ns / NS_PER_S)
        self._wake.clear()
        return not self._stopped.is_set()

    def _take(self, frame: Frame, live: State) -> None:
        before = self._newest
        changed = before is None or is_changed(before.pixels, frame.pixels)
        # The picture of now; if it is the same, in the memory of before: encoders know it again.
        pixels = frame.pixels if changed or before is None else before.pixels
        frame = Frame(pixels, frame.captured_ns, frame.captured_at_us, self._sequence)
        self._sequence += 1
        if self.state != live:
            self._tell(live)
        with self._lock:
            self._newest = frame
            self.seen = Seen(frame.width, frame.height, self.seen.fps)
            for lane in self._lanes:
                lane.offer(frame, is_changed=changed)

    def _tell(self, state: State) -> None:
        with self._lock:
            self.state = state
            if state.state != "live":
                self._newest = None
            for lane in self._lanes:
                lane.tell(state)
        self._on_state(state)
