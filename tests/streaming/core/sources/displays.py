"""Displays and windows of the tests' own."""

import contextlib
import os
import subprocess
from ctypes import POINTER, c_char_p, c_int16, c_uint8, c_uint16, c_uint32
from types import TracebackType
from typing import Self

from mss.linux import xcb
from mss.linux.xcb import LIB
from mss.linux.xcbhelpers import VoidCookie, XError

from streaming.core.sources.desktop import Desktop

BACKGROUND_PIXEL, OVERRIDE_REDIRECT = 1 << 1, 1 << 9
UTF8_TITLE, STRING = "WM_NAME", 31


class VirtualDisplay:
    """An Xvfb on a free number."""

    def __init__(self, width: int = 800, height: int = 600) -> None:
        self._size = f"{width}x{height}x24"

    def __enter__(self) -> Self:
        reading, writing = os.pipe()
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", self._size, "-noreset"],
            pass_fds=[writing],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with os.fdopen(reading) as told:
            self.name = f":{told.readline().strip()}"
        assert self.name != ":", "Xvfb did not start"
        return self

    @property
    def desktop(self) -> Desktop:
        return Desktop("linux", self.name)

    def run(self, *command: str) -> None:
        environment = os.environ | {"DISPLAY": self.name}
        subprocess.run(command, env=environment, check=True, capture_output=True)

    def paint(self, colour: str) -> None:
        self.run("xsetroot", "-solid", colour)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()


class Painted:
    """A window of one colour with a title, for the length of a `with` block."""

    def __init__(
        self, display: VirtualDisplay, title: str, *, left: int, top: int, size: tuple[int, int]
    ) -> None:
        self._display, self._title = display, title
        self._left, self._top, self._size = left, top, size

    def __enter__(self) -> Self:
        self._connection, number = xcb.connect(self._display.name)
        root = xcb.setup_roots(xcb.get_setup(self._connection))[number].root
        self.id = xcb.generate_id(self._connection).value
        declare()
        values = (c_uint32 * 2)(0x2060C0, 1)
        LIB.xcb.xcb_create_window_checked(
            self._connection, 0, self.id, root.value, self._left, self._top, *self._size, 0, 1, 0,
            BACKGROUND_PIXEL | OVERRIDE_REDIRECT, values,
        ).check(self._connection)  # fmt: skip
        name = self._title.encode()
        LIB.xcb.xcb_change_property_checked(
            self._connection, 0, self.id, xcb.intern_atom(self._connection, UTF8_TITLE).value,
            STRING, 8, len(name), name,
        ).check(self._connection)  # fmt: skip
        self.show()
        return self

    def show(self) -> None:
        LIB.xcb.xcb_map_window_checked(self._connection, self.id).check(self._connection)

    def minimise(self) -> None:
        LIB.xcb.xcb_unmap_window_checked(self._connection, self.id).check(self._connection)

    def move_and_resize(self, left: int, top: int, width: int, height: int) -> None:
        values = (c_uint32 * 4)(left, top, width, height)
        LIB.xcb.xcb_configure_window_checked(self._connection, self.id, 0b1111, values).check(
            self._connection
        )

    def close(self) -> None:
        LIB.xcb.xcb_destroy_window_checked(self._connection, self.id).check(self._connection)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(XError):  # its display may have been killed
            xcb.disconnect(self._connection)


def declare() -> None:
    connection = POINTER(xcb.Connection)
    numbers = [c_uint32]
    words: dict[str, list] = {
        "create_window": [c_uint8, c_uint32, c_uint32, c_int16, c_int16]
        + [c_uint16] * 4
        + [c_uint32] * 2
        + [POINTER(c_uint32 * 2)],
        "change_property": [c_uint8, c_uint32, c_uint32, c_uint32, c_uint8, c_uint32, c_char_p],
        "map_window": numbers,
        "unmap_window": numbers,
        "destroy_window": numbers,
        "configure_window": [c_uint32, c_uint16, POINTER(c_uint32 * 4)],
    }
    for name, arguments in words.items():
        function = getattr(LIB.xcb, f"xcb_{name}_checked")
        function.argtypes = [connection, *arguments]
        function.restype = VoidCookie
