"""A screen that several processes show, though one alone has its pictures.  On the event loop."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from streaming.core.adapting import LATE_MS, Level
from streaming.core.errors import SourceLost
from streaming.core.hub import FrameHub, Reader
from streaming.core.items import Config, Item, State
from streaming.core.live.audience import Audience, Key
from streaming.core.live.published import NOBODY
from streaming.core.live.stream import STOPPING, Status, Stream
from streaming.core.relay.base import Following, Offering, Relay, RelayLost

AGAIN_S = 0.3  # until another process is looked for again
LOOKING = State("starting")

Filler = Reader | Following


class SharedStream:
    """A Stream that takes its pictures from this process if it has the lease of the screen, else
    from the one that has.

    own: the stream as this process would show it.  may_own: whether it can have pictures; asked
    whenever nobody else has them, and told by `own_now` when that changes.
    """

    def __init__(
        self, screen: str, own: Stream, relay: Relay, *, may_own: Callable[[], bool]
    ) -> None:
        self._screen = screen
        self._own = own
        self._relay = relay
        self._may_own = may_own
        self._audience = Audience(self)
        self._fillings: dict[Key, asyncio.Task[None]] = {}
        self._fillers: dict[Key, Filler] = {}
        self._offering: Offering | None = None
        self._taking = asyncio.Lock()
        self._keeping: asyncio.Task[None] | None = None
        self._state = State("idle")
        self._config: dict[str, Any] = {}

    @contextmanager
    def watch(self, codec: str, tier: str = "full") -> Iterator[Reader]:
        with self._audience.watch((codec, tier)) as reader:
            yield reader

    def status(self) -> Status:
        own = self._own.status()
        if self._has_lease or own.state == "live":
            return Status(
                own.state, own.reason, own.detail, own.width, own.height, own.fps, self._readers
            )
        there = self._config
        sizes = there.get("width", 0), there.get("height", 0), there.get("fps", 0.0)
        state = self._state
        return Status(state.state, state.reason, state.detail, *sizes, self._readers)

    def own_now(self) -> None:
        """This process has pictures now: take the lease, from whoever still has it, and keep it
        until that is over."""
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.get_running_loop().create_task(self._keep())

    async def close(self) -> None:
        """Others that follow this process look for another before anything ends here."""
        tasks = [*self._fillings.values(), *([self._keeping] if self._keeping else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._give_back()
        self._audience.close(STOPPING)
        await self._own.close()

    # --- as the feed of its audience ----------------------------------------------------------------

    def begin(self, key: Key, hub: FrameHub) -> None:
        self._fillings[key] = asyncio.get_running_loop().create_task(self._fill(key, hub))

    def cease(self, key: Key) -> None:
        self._fillings.pop(key).cancel()

    def want_key(self, key: Key) -> None:
        if key in self._fillers:
            self._fillers[key].ask_key()

    def set_level(self, key: Key, level: Level) -> None:
        """The process that has the pictures decides; see look_after."""

    def look_after(self) -> None:
        """To the one that has the pictures this process is one viewer, as slow as too many here."""
        for key, filler in self._fillers.items():
            is_slow = self._audience.is_heeded(key)
            if isinstance(filler, Reader):
                filler.report(latency_ms=2 * LATE_MS if is_slow else None, dropped=0)
            else:
                filler.report(is_slow=is_slow)

    # --- where the pictures are ---------------------------------------------------------------------

    @property
    def _has_lease(self) -> bool:
        return self._offering is not None and not self._offering.lost.is_set()

    @property
    def _readers(self) -> dict[str, int]:
        return self._audience.by_codec()

    async def _fill(self, key: Key, hub: FrameHub) -> None:
        """Give the viewers of one codec what comes, wherever it comes from."""
        while True:
            with suppress(RelayLost, SourceLost):
                if await self._owns():
                    await self._fill_from_here(key, hub)
                else:
                    await self._fill_from_there(key, hub)
            if self._fillings.get(key) is not asyncio.current_task():
                return  # those viewers were told the end
            lacking = LOOKING if self._may_own() else NOBODY
            if hub.state != lacking:
                self._tell(key, hub, lacking)
            await asyncio.sleep(AGAIN_S)

    async def _owns(self) -> bool:
        """Whether the pictures are here; takes the lease if it can be had."""
        async with self._taking:
            if self._has_lease:
                return True
            if not self._may_own():
                return False
            await self._give_back()
            try:
                self._offering = await self._relay.offer(self._screen, self._own.watch)
            except RelayLost:
                return True  # alone, but with pictures
            return self._offering is not None

    async def _give_back(self) -> None:
        offering, self._offering = self._offering, None
        if offering:
            await offering.close()

    async def _keep(self) -> None:
        while self._may_own():
            await self._owns()
            await asyncio.sleep(AGAIN_S)
        async with self._taking:
            await self._give_back()

    async def _fill_from_here(self, key: Key, hub: FrameHub) -> None:
        with self._own.watch(*key) as reader:
            self._fillers[key] = reader
            try:
                while True:
                    self._tell(key, hub, await reader.next_item())
            finally:
                del self._fillers[key]

    async def _fill_from_there(self, key: Key, hub: FrameHub) -> None:
        following = await self._relay.follow(self._screen, *key)
        self._fillers[key] = following
        try:
            while True:
                self._tell(key, hub, await following.next_item())
        finally:
            del self._fillers[key]
            await following.close()

    def _tell(self, key: Key, hub: FrameHub, item: Item) -> None:
        if isinstance(item, Config):
            self._config = item.members
        elif isinstance(item, State):
            self._state = item
            if item.state == "ended":
                self._state = NOBODY
                self._audience.end_key(key, item)  # and with it the task that we are in
                return
        hub.offer(item)
