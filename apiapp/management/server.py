"""Async: uvicorn's server, which the application hears of before its clients do."""

import asyncio
import socket
from collections.abc import Callable

import uvicorn

STOP_S = 4.0  # from when it is asked to: 5 s is promised in all


class Server(uvicorn.Server):
    """Tells the application that it stops while clients are there still: answers without end can
    then end by themselves, and sockets with a reason.  Who is there after STOP_S is cut off."""

    stop_s = STOP_S
    at_end: Callable[[], None] = staticmethod(lambda: None)  # blocking; nobody is answered any more

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self.stop_s
        await self.lifespan.shutdown()
        usual_s, left_s = self.config.timeout_graceful_shutdown, max(0.0, until - loop.time())
        # uvicorn says int, and hands it to asyncio.wait_for.
        self.config.timeout_graceful_shutdown = min(usual_s or left_s, left_s)  # type: ignore[assignment]
        await super().shutdown(sockets)
        await asyncio.to_thread(self.at_end)
