"""What every relay can do.  Async."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from streaming.core.errors import ScreenError
from streaming.core.hub import Reader
from streaming.core.items import Item

Watch = Callable[[str, str], AbstractContextManager[Reader]]  # by codec and tier


class RelayLost(ScreenError):
    """The relay cannot be reached, or no process has the screen now."""


class Offering(Protocol):
    """One process's lease of a screen: it has the pictures, and the others get them from it."""

    lost: asyncio.Event  # set when the lease is lost; nobody gets anything any more then

    async def close(self) -> None:
        """Give the lease back; who followed gets RelayLost.  Safe to call twice."""


class Following(Protocol):
    """One codec and tier of a screen, from the process that has it."""

    async def next_item(self) -> Item:
        """What comes next, as of a Reader; items may be lost where this process is slow, by the
        rules of the codec, and that costs nobody else any.

        Raises RelayLost when the process that has the screen goes away.
        """

    def ask_key(self) -> None:
        """A picture that stands alone is wanted.  Returns at once."""

    def report(self, *, is_slow: bool) -> None:
        """Whether too many of this process's viewers cannot keep up.  Returns at once."""

    async def close(self) -> None:
        """Safe to call twice."""


class Relay(Protocol):
    """Screens are named by any short text of letters, digits and -.  All on one event loop."""

    async def offer(self, screen: str, watch: Watch) -> Offering | None:
        """Take the lease of `screen`, and give to others what `watch` gives; only what somebody
        follows is watched.  None: another process has the lease; one that died had it for a few
        seconds at most.

        Raises RelayLost when the relay cannot be reached.
        """

    async def follow(self, screen: str, codec: str, tier: str) -> Following:
        """Raises RelayLost when no process has the lease of `screen`."""

    async def close(self) -> None:
        """Let go of what is shared between all offerings."""
