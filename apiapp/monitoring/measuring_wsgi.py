"""Blocking: counts the requests of a WSGI application, as measuring.py does those of an ASGI one."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from apiapp.monitoring.measuring import BROKEN, METHODS, NS_PER_US, OTHER
from apiapp.monitoring.tally import Kind, Tally

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class CountedWsgi:
    """A WSGI application around another.

    route_of: what a path is counted under.  at_request: called before each is answered.
    """

    def __init__(
        self,
        app: Callable[[Environ, StartResponse], Iterable[bytes]],
        *,
        tally: Tally,
        route_of: Callable[[str], str],
        at_request: Callable[[], None],
    ) -> None:
        self._app = app
        self._tally = tally
        self._route_of = route_of
        self._at_request = at_request

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self._at_request()
        path = environ.get("PATH_INFO", "").encode("latin-1").decode(errors="replace")
        method = environ["REQUEST_METHOD"]
        counting = Counting(
            self._tally, self._route_of(path), method if method in METHODS else OTHER
        )
        length = environ.get("CONTENT_LENGTH") or ""
        counting.received_bytes = int(length) if length.isdecimal() else 0

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            counting.status = int(status[:3])
            return start_response(status, headers, *more)

        try:
            counting.answer = self._app(environ, start)
        except BaseException:
            counting.status = BROKEN
            counting.close()
            raise
        return counting


class Counting:
    """An answer on its way, which is counted when the server closes it (PEP 3333)."""

    def __init__(self, tally: Tally, route: str, method: str) -> None:
        self._tally, self._route, self._method = tally, route, method
        self.answer: Iterable[bytes] = ()
        self.status = self.received_bytes = 0
        self._sent_bytes = 0
        self._began_ns = time.perf_counter_ns()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.answer:
            self._sent_bytes += len(piece)
            yield piece

    def close(self) -> None:
        try:
            close = getattr(self.answer, "close", None)
            if close:
                close()
        finally:
            self._tally.count(
                Kind(self._route, self._method, self.status // 100),
                duration_us=(time.perf_counter_ns() - self._began_ns) // NS_PER_US,
                received_bytes=self.received_bytes,
                sent_bytes=self._sent_bytes,
            )
