"""Whether a call is worth another try, and when."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from apiapp.outbound.errors import CircuitOpen, NetworkFault

IDEMPOTENT = frozenset(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])  # RFC 9110, 9.2.2
# What the other side may get over in a moment.
WORTH_ANOTHER_TRY = frozenset([408, 425, 429, 500, 502, 503, 504])

Draw = Callable[[float, float], float]


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential, with full jitter: each wait is drawn between 0 and a limit that doubles.

    longest_s: of one wait, also of one that the other side asks for by Retry-After.
    """

    attempts: int = 3
    first_s: float = 0.25
    longest_s: float = 20.0
    draw: Draw = random.uniform

    def wait_s(self, attempt: int) -> float:
        """After the attempt of this number, counted from 1."""
        return self.draw(0, min(self.longest_s, self.first_s * 2 ** (attempt - 1)))

    def next_s(self, attempt: int, *, left_s: float, asked_s: float | None = None) -> float | None:
        """How long to wait for the next attempt; None: there is none any more.

        left_s: of all the time that there is.  asked_s: the wait that the other side asks for.
        """
        wait_s = self.wait_s(attempt) if asked_s is None else asked_s
        is_over = attempt >= self.attempts or wait_s > self.longest_s or wait_s >= left_s
        return None if is_over else wait_s


def is_safe(method: str, header_names: Mapping[str, str]) -> bool:
    """Whether the other side does the same if it gets this twice."""
    return method in IDEMPOTENT or "idempotency-key" in {name.lower() for name in header_names}


def may_repeat(fault: NetworkFault, *, is_safe: bool) -> bool:
    """A host that is left alone is not asked; what cannot have arrived harms nobody."""
    return not isinstance(fault, CircuitOpen) and (is_safe or not fault.may_have_arrived)


def retry_after_s(value: str | None, *, now: datetime) -> float | None:
    """Seconds of a Retry-After, which is a number or a date (RFC 9110, section 10.2.3)."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())
