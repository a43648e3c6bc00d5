"""The in-process broker: kombu's own, which waits for a message instead of looking for one."""

import threading
from typing import Any

from kombu.transport import memory

LONGEST_WAIT_S = 0.1  # Celery waits 2 s twice before it sees a signal

_put = threading.Event()  # since somebody began to wait


class Channel(memory.Channel):
    def _put(self, queue: str, message: Any, **options: Any) -> None:
        super()._put(queue, message, **options)
        _put.set()


class Transport(memory.Transport):
    Channel = Channel

    def drain_events(  # type: ignore[override]
        self, connection: Any, timeout: float | None = None
    ) -> None:
        """Deliver a message, at once or when it comes.  Raises TimeoutError soon, whatever was asked
        for."""
        _put.clear()
        try:
            super().drain_events(connection, timeout=0)
        except TimeoutError:
            if not _put.wait(min(timeout or LONGEST_WAIT_S, LONGEST_WAIT_S)):
                raise
            super().drain_events(connection, timeout=0)
