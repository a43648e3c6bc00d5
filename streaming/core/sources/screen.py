"""The desktop as mss captures it: on X11 through shared memory, by GDI, by CoreGraphics."""

import contextlib
from typing import Any

import mss
import numpy as np
from mss.exception import ScreenShotError
from numpy.typing import NDArray

from streaming.core.sources.areas import Region
from streaming.core.sources.desktop import Desktop

# What mss raises when the screen is gone.  The last two are how it meets a reply that never came,
# with and without `python -O`: it asserts that there is one, and follows a null pointer.
GONE = (ScreenShotError, AssertionError, ValueError)


class Screen:
    """One connection to the desktop.  What its monitors are is asked once, when it is made.

    Raises what GONE lists, in every method but `close`.
    """

    def __init__(self, desktop: Desktop) -> None:
        options: dict[str, Any] = {}
        if desktop.is_x11:
            options = {"backend": "xshmgetimage", "display": desktop.display}
        self._mss: mss.MSS | None = mss.MSS(**options)
        try:
            self.monitors: list[dict[str, Any]] = self._mss.monitors
        except GONE:
            self.close()
            raise

    def grab(self, region: Region) -> NDArray[np.uint8]:
        """Its pixels, BGRX.  The array's memory is its own: mss copies each picture once."""
        if self._mss is None:
            raise ScreenShotError("closed")
        asked = {
            "left": region.left,
            "top": region.top,
            "width": region.width,
            "height": region.height,
        }
        shot = self._mss.grab(asked)
        pixels = np.frombuffer(shot.raw, dtype=np.uint8)
        return pixels.reshape(shot.size.height, shot.size.width, 4)

    def close(self) -> None:
        """Safe to call twice, and when the display is gone; mss itself would free memory twice."""
        opened, self._mss = self._mss, None
        if opened is not None:
            with contextlib.suppress(*GONE):
                opened.close()
