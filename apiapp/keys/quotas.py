"""Plain Python: quotas, how far they are used, and how that is told.

Header fields: draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

QUOTA = re.compile(r"([0-9]+)/([smhd])")
WINDOWS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
UNIT_NAMES = {"s": "second", "m": "minute", "h": "hour", "d": "day"}


@dataclass(frozen=True, slots=True)
class Quota:
    """So many requests in each window of so many seconds."""

    name: str
    count: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Usage:
    """A quota as one caller has used it; reset_s: seconds until its window ends."""

    quota: Quota
    used: int
    reset_s: int

    @property
    def remaining(self) -> int:
        return max(0, self.quota.count - self.used)

    @property
    def is_over(self) -> bool:
        return self.used > self.quota.count


def quotas_of(policy: str, text: str) -> tuple[Quota, ...]:
    """`50/h,200/d` as quotas.  Raises ValueError."""
    quotas = []
    for part in text.split(","):
        found = QUOTA.fullmatch(part.strip())
        if not found:
            raise ValueError(f"{part!r} is no quota: write 50/h, or 50/h,200/d")
        unit = found[2]
        name = f"{policy}-{UNIT_NAMES[unit]}"
        quotas.append(Quota(name, int(found[1]), WINDOWS_S[unit]))
    return tuple(quotas)


def headers_for(usages: Sequence[Usage]) -> dict[str, str]:
    """RateLimit-Policy and RateLimit; Retry-After where a quota is used up."""
    if not usages:
        return {}
    policy = ", ".join(f'"{u.quota.name}";q={u.quota.count};w={u.quota.window_s}' for u in usages)
    state = ", ".join(f'"{u.quota.name}";r={u.remaining};t={u.reset_s}' for u in usages)
    return {"RateLimit-Policy": policy, "RateLimit": state}


def wait_s(usages: Sequence[Usage]) -> int | None:
    """Seconds until the next request is taken; None: at once."""
    return max((max(1, usage.reset_s) for usage in usages if usage.is_over), default=None)
