"""How many bodies one caller may send at the same time to one process.

Each holds a connection and an open file, for as long as its client likes to take.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import Any

from apiapp.uploads.errors import TooManyBodies

KEY = "sluice.place"

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class Places:
    """Of all callers.  Used by the loop and by threads."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._taken: Counter[int] = Counter()

    def enter(self, who: int) -> None:
        """Raises TooManyBodies."""
        with self._lock:
            if self._taken[who] >= self._most:
                raise TooManyBodies(limit=self._most)
            self._taken[who] += 1

    def leave(self, who: int) -> None:
        with self._lock:
            self._taken[who] -= 1
            if not self._taken[who]:
                del self._taken[who]

    def around(self, app: App) -> App:
        """The ASGI app, each of whose requests may take one place and gives it back at its end."""

        async def placed(scope: dict[str, Any], receive: Any, send: Any) -> None:
            scope[KEY] = place = Place(self)
            try:
                await app(scope, receive, send)
            finally:
                place.give_back()

        return placed


class Place:
    """One request's."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._lock = Lock()
        self._who: int | None = None
        self._is_over = False

    def take(self, who: int) -> None:
        """Once it is known who calls; safe to call twice.  Raises TooManyBodies."""
        with self._lock:
            if self._who is None and not self._is_over:  # or its client left meanwhile
                self._places.enter(who)
                self._who = who

    def give_back(self) -> None:
        with self._lock:
            self._is_over = True
            if self._who is not None:
                self._places.leave(self._who)


def take_place(scope: dict[str, Any], who: int) -> None:
    """Raises TooManyBodies."""
    place: Place | None = scope.get(KEY)
    if place:
        place.take(who)
