"""The end of a call, however slowly the other side goes on.  Blocking, with a thread beside it.

A time-out of a socket begins anew with each byte; who sends one a second is never late.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

AGAIN_S = 0.05  # while there is no socket yet

FindSocket = Callable[[], socket.socket | None]


class Deadline:
    """When all of a call has to be over."""

    def __init__(self, total_s: float) -> None:
        self.total_s = total_s
        self._ends_at_s = time.monotonic() + total_s

    @property
    def left_s(self) -> float:
        return self._ends_at_s - time.monotonic()

    @property
    def has_passed(self) -> bool:
        return self.left_s <= 0

    def at_most(self, wait_s: float) -> float:
        """`wait_s`, or what is left if that is less; never 0, which sockets take for no limit."""
        return max(0.001, min(wait_s, self.left_s))

    @contextmanager
    def cutting(self, find_socket: FindSocket) -> Iterator[None]:
        """Cut the connection when the time is over: whatever waits for it then fails."""
        is_over = threading.Event()
        thread = threading.Thread(target=self._cut, args=(find_socket, is_over), daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def _cut(self, find_socket: FindSocket, is_over: threading.Event) -> None:
        wait_s = max(0.0, self.left_s)
        while not is_over.wait(wait_s):
            sock = find_socket()
            if sock is not None:
                shut(sock)
            wait_s = AGAIN_S


def shut(sock: socket.socket) -> None:
    """Wake who reads or writes.  Not by SSLSocket's own method, which takes its state away."""
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already
