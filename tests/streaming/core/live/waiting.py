"""What tests of streams wait for, and for how long at most."""

import asyncio
import threading
from collections.abc import Callable

from streaming.core.encoders.base import EncodedFrame
from streaming.core.hub import Reader
from streaming.core.items import Item, State

BOUND_S = 100  # on a machine that is busy with other tests too


async def frame_of(reader: Reader) -> EncodedFrame:
    return await asyncio.wait_for(reader.next_frame(), BOUND_S)


async def item_of(reader: Reader, is_wanted: Callable[[Item], bool]) -> Item:
    async with asyncio.timeout(BOUND_S):
        while not is_wanted(item := await reader.next_item()):
            pass
    return item


async def state_of(reader: Reader, name: str) -> State:
    """Wait until the screen is told to be so."""
    item = await item_of(reader, lambda item: isinstance(item, State) and item.state == name)
    assert isinstance(item, State)
    return item


async def until(is_so: Callable[[], bool]) -> None:
    """Threads tell nobody when they are done; look until it is so."""
    async with asyncio.timeout(BOUND_S):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def own_threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return sorted(name for name in names if name == "capture" or name.startswith("encode"))
