"""Async: what viewers' and publishers' sockets have in common."""

import asyncio
from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer

from streaming.staying import End
from streaming.texts import Send, send_text

GOODBYE_S = 0.5  # for the last text to one who may take nothing


class Socket(AsyncWebsocketConsumer):
    """Its whole stay is one task, which ends when the other side leaves."""

    left_with: int | None = None  # the code that the other side closed with
    _attending: asyncio.Task[None] | None = None

    async def attend(self) -> None:
        """From the handshake to the end.  Cancelled when the other side has left."""
        raise NotImplementedError

    async def connect(self) -> None:
        await self.accept()  # a browser does not see the code of a socket that never opened
        self._attending = asyncio.create_task(self.attend())

    async def disconnect(self, code: int) -> None:
        self.left_with = code
        if self._attending:
            self._attending.cancel()
            await asyncio.wait({self._attending})
            if not self._attending.cancelled():
                self._attending.result()

    async def dispatch(self, message: Any) -> None:
        """Without looking after this thread's database connection each time: there is none."""
        await getattr(self, get_handler_name(message))(message)

    @property
    def name(self) -> str:
        """Of the screen."""
        return str(self.scope["url_route"]["kwargs"]["name"])

    @property
    def send_message(self) -> Send:
        """Sends ASGI's messages as they are."""
        send: Any = self.base_send
        return send

    async def say_goodbye(self, message: dict[str, Any], end: End) -> None:
        """The last text, and the close; whoever has left hears neither."""
        said = {**message, "reason": end.reason, "detail": end.detail}
        try:
            async with asyncio.timeout(GOODBYE_S):
                await send_text(self.send_message, said)
        except TimeoutError:
            pass
        except OSError:
            return
        await self.close(end.code)
