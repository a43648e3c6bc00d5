"""The in-process broker: kombu's own, made to let a worker stop soon."""

from typing import Any

from kombu.transport import memory

LONGEST_WAIT_S = 0.1


class Transport(memory.Transport):
    def drain_events(  # type: ignore[override]
        self, connection: Any, timeout: float | None = None
    ) -> None:
        """Wait for a message, and look up often: Celery waits 2 s twice before it sees a signal."""
        super().drain_events(connection, timeout=min(timeout or LONGEST_WAIT_S, LONGEST_WAIT_S))
