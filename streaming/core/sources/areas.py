"""Which part of the desktop is captured: what is asked for, and where that lies on it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streaming.core.errors import BadSource, SourceUnavailable

MONITOR = re.compile(r"[1-9][0-9]?")
REGION = re.compile(r"(-?[0-9]{1,5}),(-?[0-9]{1,5}),([0-9]{1,5})x([0-9]{1,5})")
WINDOW = "window="
SPELLINGS = (
    "local (the primary monitor), local:2 (the second), local:all, local:100,50,1280x720 (left, "
    "top, width and height of a region) or local:window=TITLE"
)


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the desktop in pixels; monitors may lie left of or above its origin."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def of(cls, monitor: dict[str, Any]) -> "Region":
        """From a monitor as mss tells it."""
        return cls(monitor["left"], monitor["top"], monitor["width"], monitor["height"])

    def within(self, other: "Region") -> "Region | None":
        """The part of it that lies in `other`; None: nothing does."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        width = min(self.left + self.width, other.left + other.width) - left
        height = min(self.top + self.height, other.top + other.height) - top
        return Region(left, top, width, height) if width > 0 and height > 0 else None


@dataclass(frozen=True, slots=True)
class Monitor:
    """number: counts from 1; 0: the primary one."""

    number: int = 0


@dataclass(frozen=True, slots=True)
class Everything:
    """All monitors in one picture."""


@dataclass(frozen=True, slots=True)
class Window:
    """The window with this title, or with a part of it, or with this X11 id."""

    title: str


Area = Monitor | Everything | Region | Window


def parse_area(text: str) -> Area:
    """Read what follows `local:`.  Raises BadSource."""
    if not text:
        return Monitor()
    if text == "all":
        return Everything()
    if MONITOR.fullmatch(text):
        return Monitor(int(text))
    if text.startswith(WINDOW) and text.removeprefix(WINDOW).strip():
        return Window(text.removeprefix(WINDOW).strip())
    found = REGION.fullmatch(text)
    if not found:
        raise BadSource(f"local:{text} is not a part of the screen. There is {SPELLINGS}.")
    region = Region(*map(int, found.groups()))
    if not (region.width and region.height):
        raise BadSource(f"The region local:{text} has no pixels.")
    return region


def place(area: Monitor | Everything | Region, monitors: Sequence[dict[str, Any]]) -> Region:
    """Where `area` lies, cut to what exists.  monitors: of mss; the first stands for all of them.

    Raises SourceUnavailable.
    """
    desktop = Region.of(monitors[0])
    wanted = area if isinstance(area, Region) else _whole(area, monitors)
    placed = wanted.within(desktop)
    if placed is None:
        raise SourceUnavailable(
            f"The region {wanted.left},{wanted.top},{wanted.width}x{wanted.height} lies outside "
            f"the screen, which is {desktop.width}x{desktop.height} from {desktop.left},"
            f"{desktop.top}. Choose another region.",
            reason="no-such-monitor",
        )
    return placed


def _whole(area: Monitor | Everything, monitors: Sequence[dict[str, Any]]) -> Region:
    if isinstance(area, Everything):
        return Region.of(monitors[0])
    each = monitors[1:] or monitors[:1]  # a server that tells of no monitors has one
    if not area.number:
        return Region.of(next((one for one in each if one.get("is_primary")), each[0]))
    if area.number > len(each):
        raise SourceUnavailable(
            f"There is no monitor {area.number} here. {_count(len(each))} connected; choose "
            f"{'local' if len(each) == 1 else f'local:1 to local:{len(each)}'}.",
            reason="no-such-monitor",
        )
    return Region.of(each[area.number - 1])


def _count(monitors: int) -> str:
    return "One monitor is" if monitors == 1 else f"{monitors} monitors are"
