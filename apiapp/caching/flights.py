"""One who looks something up, while the others who want the same wait.  Plain Python, for any thread."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Flights(Generic[Value]):
    """wait_s: after so long those who wait look for themselves."""

    def __init__(self, *, wait_s: float) -> None:
        self._wait_s = wait_s
        self._open: dict[str, Future[Value]] = {}
        self._lock = threading.Lock()

    def fly(self, key: str, look_up: Callable[[], Value]) -> Value:
        """What `look_up` returns here or, for `key`, in the thread that began just before.

        Raises what it raised there.
        """
        with self._lock:
            ahead = self._open.get(key)
            if ahead is None:
                mine = self._open[key] = Future[Value]()
        if ahead is None:
            return self._lead(key, mine, look_up)
        try:
            return ahead.result(self._wait_s)
        except TimeoutError:
            return ahead.result() if ahead.done() else look_up()

    def leave(self, key: str) -> None:
        """Whoever comes from now on does not wait for what was begun before."""
        with self._lock:
            self._open.pop(key, None)

    def leave_all(self) -> None:
        with self._lock:
            self._open.clear()

    def _lead(self, key: str, mine: "Future[Value]", look_up: Callable[[], Value]) -> Value:
        try:
            value = look_up()
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(value)
            return value
        finally:
            with self._lock:
                if self._open.get(key) is mine:
                    del self._open[key]
