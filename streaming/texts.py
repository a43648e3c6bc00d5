"""Async: the texts of a socket, JSON objects with a `type`, beside its pictures."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from streaming.core.errors import BadMessage
from streaming.staying import End

MAX_CHARS = 4096
PER_S = 20.0  # texts, on average; a viewer needs one a second
AT_ONCE = 60.0
MOST = 2.0**53  # of a number

Send = Callable[[dict[str, Any]], Awaitable[None]]


def read(text: str | None) -> dict[str, Any]:
    """The object in a text.  Raises BadMessage."""
    if text is None or len(text) > MAX_CHARS:
        raise BadMessage(f"a message is a text of at most {MAX_CHARS} characters")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise BadMessage("a message is a JSON object")
    return message


def number(message: dict[str, Any], name: str, *, most: float) -> float | None:
    """A number of 0 to `most`; None: it is not said.  Raises BadMessage."""
    value = message.get(name)
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 <= value <= most:  # NaN is not, either
        raise BadMessage(f"{name} must be a number from 0 to {most:g}")
    return float(value)


class Allowance:
    """How many messages the other side may send: so many a second, some at once."""

    def __init__(self, *, per_s: float = PER_S, at_once: float = AT_ONCE) -> None:
        self._per_s, self._at_once = per_s, at_once
        self._left = at_once
        self._at = time.monotonic()

    def spend(self, cost: float = 1.0) -> bool:
        """False: it is used up."""
        now = time.monotonic()
        self._left = min(self._at_once, self._left + (now - self._at) * self._per_s)
        self._at = now
        self._left -= cost
        return self._left >= 0


def pong(ping: dict[str, Any]) -> dict[str, Any]:
    """The members of the answer, from which the other side learns how its clock differs.

    server_at: microseconds since 1970.  Raises BadMessage.
    """
    sent_at = number(ping, "sent_at", most=MOST)
    return {"sent_at": sent_at, "server_at": time.time_ns() // 1000}


class Teller:
    """Tells the other side the newest of each type: who is slow hears of now, not of then."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._untold: dict[str, dict[str, Any]] = {}
        self._is_something = asyncio.Event()

    def tell(self, kind: str, **members: Any) -> None:
        """Returns at once."""
        self._untold[kind] = {"type": kind, **members}
        self._is_something.set()

    async def run(self) -> End:
        """Send what there is to tell, until the task is cancelled."""
        while True:
            await self._is_something.wait()
            self._is_something.clear()
            untold, self._untold = self._untold, {}
            for message in untold.values():
                await send_text(self._send, message)


async def send_text(send: Send, message: dict[str, Any]) -> None:
    text = json.dumps(message, ensure_ascii=False)
    await send({"type": "websocket.send", "text": text})
