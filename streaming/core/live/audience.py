"""Who watches a screen in this process, by codec and tier.  Runs on the event loop."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from streaming.core.adapting import (
    WINDOW_S,
    Course,
    Level,
    ViewerWindow,
    is_advised_light,
    must_be_heeded,
    next_course,
    slow_in_a_row,
)
from streaming.core.hub import FrameHub, Reader
from streaming.core.items import Item, State
from streaming.core.wire import Kind

KINDS = {"h264": Kind.H264, "tiles": Kind.TILES, "jpeg": Kind.JPEG}
TIERS = ("full", "light")

Key = tuple[str, str]  # codec, tier


class Feed(Protocol):
    """Where an audience's frames come from; offers or publishes them to the hubs it is given."""

    def begin(self, key: Key, hub: FrameHub) -> None:
        """The first viewer of this codec and tier has come."""

    def cease(self, key: Key) -> None:
        """The last one has left."""

    def want_key(self, key: Key) -> None:
        """A viewer needs a key frame to go on, or has no picture yet."""

    def set_level(self, key: Key, level: Level) -> None:
        """How good and how fast the pictures should be, for what the viewers can take."""

    def look_after(self) -> None:
        """Called once a window while somebody watches."""


@dataclass(slots=True)
class Counts:
    """What was known of a reader at the end of the last window."""

    offered: int = 0
    dropped: int = 0
    slow_windows: int = 0


class Audience:
    """A hub for each codec and tier that is watched, and one look a window at who keeps up.

    Only the tier `full` is adapted: `light` is what is left for those who cannot take it.
    """

    def __init__(self, feed: Feed) -> None:
        self.hubs: dict[Key, FrameHub] = {}
        self._feed = feed
        self._loop = asyncio.get_running_loop()
        self._counts: dict[Reader, Counts] = {}
        self._courses: dict[Key, Course] = {}
        self._heeded: set[Key] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closed: State | None = None

    @contextmanager
    def watch(self, key: Key) -> Iterator[Reader]:
        """Watch for the length of a `with` block."""
        hub = self.hubs.get(key) or self._open(key)
        try:
            with hub.reader() as reader:
                self._follow(reader)
                try:
                    yield reader
                finally:
                    self._unfollow(reader)
        finally:
            if not hub.readers and self.hubs.get(key) is hub:
                self._close(key)

    def tell(self, item: Item) -> None:
        """Tell all of them."""
        for hub in self.hubs.values():
            hub.offer(item)

    def end(self, state: State) -> None:
        """Tell all of them that nothing comes any more; who comes later waits for what is next."""
        for key in list(self.hubs):
            self.end_key(key, state)

    def end_key(self, key: Key, state: State) -> None:
        """The same for those of one codec and tier."""
        self.hubs[key].offer(state)
        self._close(key)

    def is_heeded(self, key: Key) -> bool:
        """Whether too many of them could not keep up in the last window."""
        return key in self._heeded

    def close(self, state: State) -> None:
        """The same, and tell it to whoever comes later too."""
        self._closed = state
        self.end(state)

    def by_codec(self) -> dict[str, int]:
        readers: Counter[str] = Counter()
        for (codec, _), hub in list(self.hubs.items()):  # also asked from other threads
            readers[codec] += len(hub.readers)
        return dict(readers)

    def _open(self, key: Key) -> FrameHub:
        codec, tier = key
        if tier not in TIERS:
            raise KeyError(tier)
        hub = FrameHub(self._loop, KINDS[codec], lambda: self._feed.want_key(key))
        if self._closed:
            hub.offer(self._closed)
            return hub
        self.hubs[key] = hub
        self._feed.begin(key, hub)
        return hub

    def _close(self, key: Key) -> None:
        del self.hubs[key]
        self._courses.pop(key, None)
        self._heeded.discard(key)
        self._feed.cease(key)

    def _follow(self, reader: Reader) -> None:
        self._counts[reader] = Counts()
        if self._timer is None:
            self._timer = self._loop.call_later(WINDOW_S, self._look)

    def _unfollow(self, reader: Reader) -> None:
        del self._counts[reader]
        if not self._counts and self._timer:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = self._loop.call_later(WINDOW_S, self._look)
        for key, hub in self.hubs.items():
            windows = [self._window(reader) for reader in hub.readers]
            _, tier = key
            self._heeded.discard(key)
            if must_be_heeded(windows):
                self._heeded.add(key)
            if tier == "full":
                course = next_course(self._courses.get(key, Course()), windows)
                self._courses[key] = course
                self._feed.set_level(key, course.level)
        self._feed.look_after()

    def _window(self, reader: Reader) -> ViewerWindow:
        counts = self._counts[reader]
        dropped = reader.dropped + reader.dropped_there
        window = ViewerWindow(
            offered=reader.offered - counts.offered,
            dropped=dropped - counts.dropped,
            latency_ms=reader.latency_ms,
            stalled_s=reader.stalled_s,
        )
        slow_windows = slow_in_a_row(counts.slow_windows, window)
        self._counts[reader] = Counts(reader.offered, dropped, slow_windows)
        reader.is_advised_light = is_advised_light(slow_windows)
        reader.latency_ms = None  # one that reports no more is not late for ever
        return window
