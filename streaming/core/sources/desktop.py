"""Whether this machine's screen can be captured at all, and if not, what to do about it."""

import ctypes
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

from streaming.core.errors import SourceUnavailable

CORE_GRAPHICS = "/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics"

NO_DISPLAY = (
    "There is no screen here: DISPLAY is not set. Start Sluice from a terminal on the desktop, or "
    "set DISPLAY (for example DISPLAY=:0). A machine without a screen can show a virtual one: "
    "Xvfb :1 -screen 0 1920x1080x24, then DISPLAY=:1. Or set SCREEN_SOURCE to pattern or to a "
    "video file."
)
WAYLAND = (
    "This is a Wayland session, which lets no program capture the screen in the way Sluice does; "
    "the picture would be black. Share the screen from a browser instead (Share this screen), or "
    "log out and choose an X11 session (Xorg) at the login. If DISPLAY names a real X server, "
    "start Sluice with WAYLAND_DISPLAY and XDG_SESSION_TYPE unset."
)
NO_PERMISSION = (
    "macOS does not let Sluice record the screen. Open System Settings, Privacy & Security, "
    "Screen & System Audio Recording, switch on the terminal that Sluice runs in, and start "
    "Sluice again."
)


@dataclass(frozen=True, slots=True)
class Desktop:
    """What is known of the session that this process runs in.

    platform: as sys.platform says it.  display: an X11 display, or empty: none is named.
    """

    platform: str
    display: str = ""
    is_wayland: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str], *, platform: str = sys.platform) -> Self:
        is_wayland = bool(environment.get("WAYLAND_DISPLAY")) or (
            environment.get("XDG_SESSION_TYPE") == "wayland"
        )
        return cls(platform=platform, display=environment.get("DISPLAY", ""), is_wayland=is_wayland)

    @property
    def is_x11(self) -> bool:
        return self.platform == "linux"


def macos_lets_us_record() -> bool:
    """Whether this program may record the screen.  If not, macOS asks its user, once.

    Before macOS 10.15 there was nothing to ask for.
    """
    graphics = ctypes.CDLL(CORE_GRAPHICS)
    if not hasattr(graphics, "CGPreflightScreenCaptureAccess"):
        return True
    graphics.CGPreflightScreenCaptureAccess.restype = ctypes.c_bool
    graphics.CGRequestScreenCaptureAccess.restype = ctypes.c_bool
    return bool(
        graphics.CGPreflightScreenCaptureAccess() or graphics.CGRequestScreenCaptureAccess()
    )


def refuse_what_cannot_be_captured(
    desktop: Desktop, *, may_record: Callable[[], bool] = macos_lets_us_record
) -> None:
    """Raises SourceUnavailable: `wayland`, `no-display`, `no-permission`."""
    if desktop.is_x11 and desktop.is_wayland:
        raise SourceUnavailable(WAYLAND, reason="wayland")
    if desktop.is_x11 and not desktop.display:
        raise SourceUnavailable(NO_DISPLAY, reason="no-display")
    if desktop.platform == "darwin" and not may_record():
        raise SourceUnavailable(NO_PERMISSION, reason="no-permission")
