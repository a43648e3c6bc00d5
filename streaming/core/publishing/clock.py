"""The server's clock, as a publisher knows it."""

import time

from streaming.core.encoders.base import EncodedFrame
from streaming.core.wire import HEAD, KEY_FRAME, SEQUENCES

UNNOTICED_US = 2000
OLDER_COUNTS_LESS = 1.1


class ServerClock:
    """Pictures tell their time by the server's clock: viewers know no other.

    A ping and its answer tell how far it is ahead; those that took the shortest tell it best.
    """

    def __init__(self) -> None:
        self._ahead_us = 0
        self._shortest_us = float("inf")

    def note(self, sent_at: float, server_at: float, *, now_us: int) -> None:
        """All in microseconds since 1970."""
        took_us = now_us - sent_at
        if took_us <= self._shortest_us:
            self._shortest_us = took_us
            self._ahead_us = round(server_at - (sent_at + now_us) / 2)
        self._shortest_us *= OLDER_COUNTS_LESS

    def by_server(self, frame: EncodedFrame) -> bytes:
        """Its message, with the server's time in its head."""
        if abs(self._ahead_us) < UNNOTICED_US:
            return frame.message
        head = HEAD.pack(
            frame.kind,
            KEY_FRAME if frame.is_key else 0,
            0,
            frame.sequence % SEQUENCES,
            max(0, frame.captured_at_us + self._ahead_us),
        )
        return head + frame.message[HEAD.size :]


def now_us() -> int:
    return time.time_ns() // 1000
