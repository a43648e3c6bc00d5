"""How others are told what happens here."""

from dataclasses import dataclass
from typing import Any

# After each failure, the first attempt is made at once: all of it lasts a day.
RETRY_S = "5,60,300,1800,7200,18000,28800,28800"


@dataclass(frozen=True, slots=True)
class Webhooks:
    """retry_s: the waits between the attempts at one delivery; after the last it has failed.

    attempt_s: how long one attempt may take.  keep_s: for how long deliveries, and ids of what came
    in, are kept.  sources: of events that are to be looked for, by their paths.
    """

    retry_s: tuple[float, ...]
    attempt_s: float
    keep_s: float
    sources: tuple[str, ...] = ("myproject.screen_events.look",)


def webhooks_config(env: Any) -> Webhooks:
    """Of the environment."""
    return Webhooks(
        retry_s=tuple(map(float, env.str("WEBHOOK_RETRY_S", default=RETRY_S).split(","))),
        attempt_s=env.float("WEBHOOK_ATTEMPT_S", default=15.0),
        keep_s=env.float("WEBHOOK_KEEP_DAYS", default=30.0) * 24 * 3600,
    )
