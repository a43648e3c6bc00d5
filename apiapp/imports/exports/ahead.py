"""One item ahead: what a generator makes in a thread of its own, for one that must not wait blindly."""

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
PATIENCE_S = 0.2  # how soon a thread notices that nobody wants its item any more
FAREWELL_S = 30.0  # for what was cancelled to end


class Ahead(Generic[T]):
    """Iterate over it: the items, and None whenever there was none for `tick_s`.

    cancel: makes `items` end early, from another thread.  `close` has to be called; it returns
    once the thread has ended.
    """

    def __init__(
        self, items: Generator[T, None, None], *, cancel: Callable[[], None], tick_s: float = 1.0
    ) -> None:
        self._items = items
        self._cancel = cancel
        self._tick_s = tick_s
        self._made: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(maxsize=1)
        self._is_closed = threading.Event()
        # A daemon: a query without end must not keep the server from ending.
        self._thread = threading.Thread(target=self._make, name="export", daemon=True)

    def __iter__(self) -> Iterator[T | None]:
        self._thread.start()
        while True:
            try:
                item, error = self._made.get(timeout=self._tick_s)
            except queue.Empty:
                yield None
                continue
            if item is None:
                self._thread.join()
                if error:
                    raise error
                return
            yield item

    def close(self) -> None:
        self._is_closed.set()
        if self._thread.is_alive():
            self._cancel()
            self._thread.join(FAREWELL_S)

    # --- in the thread
    def _make(self) -> None:
        try:
            for item in self._items:
                if not self._put(item, None):
                    break
            self._items.close()
            self._put(None, None)
        except BaseException as error:  # noqa: BLE001
            self._put(None, error)  # for the one who iterates

    def _put(self, item: T | None, error: BaseException | None) -> bool:
        while not self._is_closed.is_set():
            try:
                self._made.put((item, error), timeout=PATIENCE_S)
            except queue.Full:
                continue
            return True
        return False
