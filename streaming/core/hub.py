"""Hands each encoded frame to every viewer; the one crossing from encoding threads to the loop."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streaming.core.encoders.base import EncodedFrame
from streaming.core.errors import SourceLost
from streaming.core.items import Config, Item, State
from streaming.core.slots import MEMORIES, Slot
from streaming.core.wire import Kind

# A key frame is many times the size of another and goes to every viewer.
JOINER_SPACING_S = 0.25  # however many join: the first picture comes within 300 ms
LOSER_SPACING_S = 1.0  # however many are slow: they cost the others little
MOST_IN_CROSSING = 4  # frames that the loop has not come to yet, until encoding waits for it


class Reader:
    """One viewer's slot.  Everything here runs on the event loop.

    Leave it alone for as long as the viewer cannot take more: frames are lost then, by the rule of
    the codec, and counted in `dropped`.
    """

    def __init__(
        self,
        slot: Slot,
        ask_key: Callable[[float], None],
        clock: Callable[[], float],
        config: Config | None = None,
        state: State | None = None,
    ) -> None:
        self._slot = slot
        self._ask_key = ask_key
        self._clock = clock
        self._config = self._newest_config = config
        self._state = state
        self._ended: State | None = None
        self._has_shown = False
        self._arrived = asyncio.Event()
        self._left_alone_since: float | None = clock()
        self.taken = 0
        # What the viewer says of itself, and what is advised to it.
        self.latency_ms: float | None = None
        self.dropped_there = 0
        self.is_advised_light = False

    @property
    def dropped(self) -> int:
        """Frames that this viewer was too slow for."""
        return self._slot.dropped

    @property
    def offered(self) -> int:
        """Frames that it could have had."""
        return self._slot.offered

    @property
    def wants_key(self) -> bool:
        """Whether it can show nothing before a key frame comes."""
        return self._slot.wants_key

    @property
    def is_waiting(self) -> bool:
        """Whether it would take a frame now."""
        return self._left_alone_since is None

    @property
    def stalled_s(self) -> float:
        """For how long nobody has asked for the next item; 0: somebody waits for it now."""
        return 0.0 if self._left_alone_since is None else self._clock() - self._left_alone_since

    def report(self, *, latency_ms: float | None, dropped: int) -> None:
        """The viewer's own figures: from capture to its screen, and frames it has thrown away."""
        self.latency_ms = latency_ms
        self.dropped_there = max(self.dropped_there, dropped)

    def ask_key(self) -> None:
        """The viewer has lost its picture and must begin anew."""
        if self._slot.begin_anew():
            self._ask_key(LOSER_SPACING_S)
        else:
            self._arrived.set()

    async def next_item(self) -> Item:
        """Wait for what comes next: a new config before its frames, a state, or a frame.

        Raises SourceLost once the state `ended` was returned.
        """
        self._left_alone_since = None
        try:
            while (item := self._take()) is None:
                self._arrived.clear()
                await self._arrived.wait()
        finally:
            self._left_alone_since = self._clock()
        return item

    async def next_frame(self) -> EncodedFrame:
        """Wait for a frame newer than the last one; for viewers that need no config.

        Raises SourceLost when the stream has ended.
        """
        while not isinstance(item := await self.next_item(), EncodedFrame):
            pass
        return item

    def tell(self, item: Item) -> None:
        """Keep the newest of each kind for the viewer."""
        if isinstance(item, EncodedFrame):
            self._slot.offer(item)
            if self.is_waiting and self._slot.wants_key:
                self._ask()
                return
        elif isinstance(item, Config):
            if not item.continues(self._newest_config):
                self._slot.clear()
            self._config = self._newest_config = item
        else:
            self._state = item
            if item.state != "live":
                self._slot.clear()
        self._arrived.set()

    def _take(self) -> Item | None:
        if self._ended:
            raise SourceLost(self._ended.detail)
        state, self._state = self._state, None
        if state:
            self._ended = state if state.state == "ended" else None
            return state
        config, self._config = self._config, None
        return config or self._take_frame()

    def _take_frame(self) -> EncodedFrame | None:
        frame = self._slot.take()
        if frame is None and self._slot.wants_key:
            self._ask()
        if frame is not None:
            self.taken += 1
            self._has_shown = True
        return frame

    def _ask(self) -> None:
        self._ask_key(LOSER_SPACING_S if self._has_shown else JOINER_SPACING_S)


class KeyWishes:
    """Any number of wishes for a key frame, passed on with a least spacing between two."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_wanted: Callable[[], None]) -> None:
        self._loop = loop
        self._on_wanted = on_wanted
        self._last = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def ask(self, spacing_s: float) -> None:
        due = max(self._last + spacing_s, self._loop.time())
        if self._timer and self._timer.when() <= due:
            return
        self.cancel()
        if due <= self._loop.time():
            self._pass_on()
        else:
            self._timer = self._loop.call_at(due, self._pass_on)

    def fulfil(self) -> None:
        """A key frame has come, whoever asked for it."""
        self.cancel()
        self._last = self._loop.time()

    def cancel(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None

    def _pass_on(self) -> None:
        self._timer = None
        self._last = self._loop.time()
        self._on_wanted()


class FrameHub:
    """The viewers of one codec at one quality; each gets the same bytes.

    on_key_wanted: called on the loop when a viewer can go on only with a key frame, or has no first
    picture yet; not more often than the spacings above say, however many want one.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, kind: Kind, on_key_wanted: Callable[[], None]
    ) -> None:
        self.kind = kind
        self._loop = loop
        self._memory = MEMORIES[kind]()
        self._wishes = KeyWishes(loop, on_key_wanted)
        self._readers: dict[Reader, None] = {}
        self._config: Config | None = None
        self._state: State | None = None
        self._published = 0
        self._arrived = 0

    def publish(self, item: Item) -> None:
        """Called from the one thread that encodes for this hub; returns at once."""
        if self.is_over:
            return
        self._published += 1
        self._loop.call_soon_threadsafe(self._arrive, item)

    @property
    def is_over(self) -> bool:
        """Whether the loop has ended, so that nobody will read any more."""
        return self._loop.is_closed()

    @property
    def is_behind(self) -> bool:
        """Whether the loop has not come to the last frames yet: better encode a newer one later.

        May be asked from any thread: each of the two numbers has one writer.
        """
        return self._published - self._arrived >= MOST_IN_CROSSING

    def _arrive(self, item: Item) -> None:
        self._arrived += 1
        self.offer(item)

    def offer(self, item: Item) -> None:
        """The same as `publish`, for who is on the loop already."""
        self._remember(item)
        for reader in self._readers:
            reader.tell(item)

    def _remember(self, item: Item) -> None:
        if isinstance(item, EncodedFrame):
            self._memory.keep(item)
            if item.is_key:
                self._wishes.fulfil()
            return
        if isinstance(item, Config):
            is_good = item.continues(self._config)
            self._config = item
        else:
            is_good = item.state == "live"
            self._state = item
        if not is_good:
            self._memory.forget()

    @property
    def state(self) -> State | None:
        """What was told last."""
        return self._state

    @property
    def readers(self) -> tuple[Reader, ...]:
        return tuple(self._readers)

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """Subscribe for the length of a `with` block."""
        reader = Reader(
            self._memory.slot(), self._wishes.ask, self._loop.time, self._config, self._state
        )
        self._readers[reader] = None
        try:
            yield reader
        finally:
            del self._readers[reader]
            if not self._readers:
                self._wishes.cancel()
