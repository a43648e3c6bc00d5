"""How others are called from here."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outbound:
    """secret_keys: that seal what connections keep, the newest first; none: SECRET_KEY does.

    at_once: how many requests to this process may wait for others' answers at the same time.
    now_s: how long each of them may; more time has what is done in the background.
    record_bytes: of an answer that are kept with its call.  keep_s: how long calls are kept.
    payment_return_urls: below which customers may be led back to after paying.
    """

    secret_keys: tuple[str, ...]
    at_once: int
    now_s: float
    record_bytes: int
    keep_s: float
    payment_return_urls: tuple[str, ...]


def outbound_config(env: Any) -> Outbound:
    """Of the environment."""
    return Outbound(
        secret_keys=tuple(env.list("OUTBOUND_SECRET_KEYS", default=[])),
        at_once=env.int("OUTBOUND_AT_ONCE", default=8),
        now_s=env.float("OUTBOUND_NOW_S", default=30.0),
        record_bytes=env.int("OUTBOUND_RECORD_BYTES", default=256 * 1024),
        keep_s=env.float("OUTBOUND_KEEP_DAYS", default=30.0) * 24 * 3600,
        payment_return_urls=tuple(env.list("PAYMENT_RETURN_URLS", default=[])),
    )
