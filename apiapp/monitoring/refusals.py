"""Counts what is refused before the application hears of it, which has no route and takes no time."""

from collections.abc import Callable
from typing import Any

from apiapp.monitoring.measuring import METHODS, OTHER, SOCKET
from apiapp.monitoring.tally import Kind, Tally

UNREADABLE = "(unreadable)"  # no HTTP, a head too large or too slow
PLAIN_HTTP = "(plain http)"  # where HTTPS is spoken: sent there, or refused


def count_unreadable(tally: Tally) -> Callable[[int], None]:
    """To be called with the status of each such answer."""

    def count(status: int) -> None:
        tally.count(Kind(UNREADABLE, OTHER, status // 100), duration_us=0)

    return count


def count_plain_http(tally: Tally) -> Callable[[dict[str, Any], int], None]:
    """To be called with the ASGI scope and the status of each such answer."""

    def count(scope: dict[str, Any], status: int) -> None:
        told = scope.get("method", SOCKET)
        method = told if told in METHODS or told == SOCKET else OTHER
        tally.count(Kind(PLAIN_HTTP, method, status // 100), duration_us=0)

    return count
