"""Async: what of screens lives as long as the server does."""

from typing import Any

from streaming import streams
from streaming.staying import doors

LEAVING_S = 1.0  # for viewers to be told, of the few seconds that a server has to stop


async def live_with_server(receive: Any, send: Any) -> None:
    """ASGI's lifespan: when the server stops, viewers are told first, then capturing ends."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await doors.close(within_s=LEAVING_S)
            await streams.close_all()
            await send({"type": "lifespan.shutdown.complete"})
            return
