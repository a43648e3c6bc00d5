"""What every source can do, and what some can."""

from typing import Protocol

from streaming.core.frame import Frame


class FrameSource(Protocol):
    """Where pixels come from: a screen, a window, a test pattern, a video, a publisher.

    Made by a function that raises SourceUnavailable; used by one thread, the one that made it.
    """

    def grab(self) -> Frame:
        """The picture of now.  Blocks for as long as a capture takes, or until a new picture where
        pictures arrive by themselves.  Its size may change between two calls.

        Raises SourceLost when there will be no more.
        """

    def close(self) -> None:
        """Release the device.  Safe to call twice."""


class SetsItsPace(Protocol):
    """A source whose `grab` waits for the next picture by itself; others are paced by the caller."""

    @property
    def rate_fps(self) -> float:
        """How often a picture comes, about."""
