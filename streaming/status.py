"""How a screen is, by what this process does and by what rows tell of the others."""

from dataclasses import dataclass
from datetime import datetime

from streaming import services
from streaming.core.live import stream
from streaming.models import Screen


@dataclass(frozen=True, slots=True)
class Status:
    """state, reason, detail: see core.items.State.

    width, height (px), fps: of its pictures; None while there are none, or in another process.
    """

    state: str
    reason: str = ""
    detail: str = ""
    width: int | None = None
    height: int | None = None
    fps: float | None = None


def status_of(screen: Screen, *, here: stream.Status | None, viewers: int, now: datetime) -> Status:
    """here: of its stream in this process, if there is one.  viewers: in all processes."""
    if here is None or here.state == "idle":
        return from_rows(screen, viewers=viewers, now=now)
    return Status(
        here.state,
        here.reason,
        here.detail,
        here.width or None,
        here.height or None,
        round(here.fps, 1) or None,
    )


def from_rows(screen: Screen, *, viewers: int, now: datetime) -> Status:
    if not screen.is_published:
        return Status("live" if viewers else "idle")
    if services.has_publisher(screen, now=now):
        return Status("live")
    return Status("idle", "no-publisher", "Nobody shares this screen at the moment.")
