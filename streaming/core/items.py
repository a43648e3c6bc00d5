"""What a viewer is given: pictures, and between them what it must know to show them."""

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from streaming.core.encoders.base import EncodedFrame

StateName = Literal["idle", "starting", "live", "paused", "unavailable", "ended"]
STATES: tuple[StateName, ...] = get_args(StateName)


@dataclass(frozen=True, slots=True)
class Config:
    """How the frames after it are to be read: `codec`, `width`, `height`, `fps` and what else a
    decoder needs.  A new one comes whenever any of that changes."""

    members: dict[str, Any]

    def continues(self, before: "Config | None") -> bool:
        """Whether pictures from before are still good: only the rate has changed."""
        return before is not None and {**self.members, "fps": 0} == {**before.members, "fps": 0}


@dataclass(frozen=True, slots=True)
class State:
    """What the screen does now.

    reason: a stable word for programs; detail: a sentence for people.  Both may be empty.
    After `ended` nothing comes any more; after `unavailable` and `paused` it may be `live` again.
    """

    state: StateName
    reason: str = field(default="")
    detail: str = field(default="")


Item = Config | State | EncodedFrame
