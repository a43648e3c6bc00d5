"""This machine's screen: a monitor, all of them, a region, or a window.  Blocking."""

import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from streaming.core.errors import BadSource, SourceLost, SourceUnavailable
from streaming.core.frame import Frame
from streaming.core.sources.areas import Area, Region, Window, parse_area, place
from streaming.core.sources.desktop import Desktop, refuse_what_cannot_be_captured
from streaming.core.sources.pointer import draw_pointer
from streaming.core.sources.screen import GONE, Screen

if sys.platform == "linux":
    from streaming.core.sources.stillness import Stillness
    from streaming.core.sources.x11 import Pointer, XServer

LOOK_AGAIN_NS = 1_000_000_000  # how long a change of monitors may go unseen; looking takes 2 ms
GONE_SENTENCE = "The screen went away: its display was closed, or the session ended."


def open_local(options: str, desktop: Desktop) -> "LocalSource":
    """options: what follows `local:`.  Raises BadSource, SourceUnavailable."""
    area = parse_area(options)
    if isinstance(area, Window) and not desktop.is_x11:
        raise BadSource("A single window can be captured on X11 only; choose a region instead.")
    refuse_what_cannot_be_captured(desktop)
    try:
        return LocalSource(area, desktop)
    except GONE as error:
        raise SourceUnavailable(
            f"The screen {desktop.display} cannot be opened: {first_line(error)}. Start Sluice as "
            "the user who is logged in at that screen (its XAUTHORITY is needed too), or choose "
            "another screen by DISPLAY.",
            reason="no-display",
        ) from error


class LocalSource:
    """Pictures of one part of the desktop, with the mouse pointer where the system tells of it.

    A part that changes its size gives pictures of the new size.  A window is captured as it is
    seen: what lies above it is in the picture, and while it is minimised the picture is black.
    """

    def __init__(
        self, area: Area, desktop: Desktop, *, clock_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._area = area
        self._desktop = desktop
        self._clock_ns = clock_ns
        self._sequence = 0
        self._is_closed = False
        self._size = (1, 1)  # height and width of the last picture
        self._screen = Screen(desktop)
        self._looked_ns = clock_ns()
        self._server: XServer | None = None
        self._stillness: Stillness | None = None
        try:
            if desktop.is_x11:
                self._server = XServer(desktop.display)
                self._stillness = Stillness(self._server.has_damage)
            self._window = self._find_window()
            self._region()
        except (*GONE, SourceUnavailable):
            self.close()
            raise

    def grab(self) -> Frame:
        if self._is_closed:
            raise SourceLost("This screen is not captured any more.")
        try:
            pixels = self._capture()
        except SourceUnavailable as error:  # a monitor was unplugged
            raise SourceLost(str(error)) from error
        captured_ns, sequence = time.monotonic_ns(), self._sequence
        self._sequence += 1
        return Frame(pixels, captured_ns, time.time_ns() // 1000, sequence)

    def close(self) -> None:
        self._is_closed = True
        self._screen.close()
        if self._server:
            self._server.close()

    def _capture(self) -> NDArray[np.uint8]:
        try:
            if self._clock_ns() - self._looked_ns >= LOOK_AGAIN_NS:
                self._look_again()
            return self._picture()
        except GONE:
            pass  # perhaps it only became smaller than what was asked for
        try:
            self._look_again()
            return self._picture()
        except GONE as error:
            raise SourceLost(GONE_SENTENCE) from error

    def _look_again(self) -> None:
        """Ask anew what monitors there are: mss asks once, and takes memory for no larger ones."""
        self._looked_ns = self._clock_ns()
        newer = Screen(self._desktop)
        if newer.monitors == self._screen.monitors:
            newer.close()
            return
        self._screen.close()
        self._screen = newer

    def _picture(self) -> NDArray[np.uint8]:
        region = self._region()
        if region is None:
            return np.zeros((*self._size, 4), dtype=np.uint8)
        if self._server is None or self._stillness is None:
            return self._screen.grab(region)
        seen, now_ns = (region, self._server.pointer()), self._clock_ns()
        last = self._stillness.last_if_still(seen, now_ns)
        if last is not None:
            return last
        return self._stillness.keep(seen, self._with_pointer(*seen), now_ns)

    def _with_pointer(self, region: Region, pointer: "Pointer | None") -> NDArray[np.uint8]:
        pixels = self._screen.grab(region)
        self._size = pixels.shape[:2]
        if pointer:
            draw_pointer(pixels, region, pointer.pixels, left=pointer.left, top=pointer.top)
        return pixels

    def _region(self) -> Region | None:
        """What to capture now; None: a window that cannot be seen.

        Raises SourceUnavailable, and SourceLost when the window was closed.
        """
        if not isinstance(self._area, Window):
            return place(self._area, self._screen.monitors)
        assert self._server
        found = self._server.place_of(self._window)
        if found is None:
            raise SourceLost("The window was closed.")
        if not found.is_seen:
            return None
        window = Region(found.left, found.top, found.width, found.height)
        return window.within(Region.of(self._screen.monitors[0]))

    def _find_window(self) -> int:
        if not isinstance(self._area, Window):
            return 0
        assert self._server
        found = self._server.find_window(self._area.title)
        if found is None:
            raise SourceUnavailable(
                f"There is no window with the title {self._area.title!r}. Open it first, or "
                "choose the whole screen.",
                reason="no-such-window",
            )
        return found


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["no answer"])[0]
