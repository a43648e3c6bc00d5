"""What mss does not tell of an X11 desktop: its pointer and its windows.

Spoken over XCB, whose functions return when the server goes away; Xlib would end the process.
"""

import contextlib
import re
from collections.abc import Iterator
from ctypes import POINTER, Structure, c_int16, c_uint8, c_uint16, c_uint32
from dataclasses import dataclass
from typing import Any

import numpy as np
from mss.exception import ScreenShotError
from mss.linux import xcb
from mss.linux.xcb import LIB, Window
from mss.linux.xcbhelpers import XError, XProtoError, initialize_xcb_typed_func
from numpy.typing import NDArray

from streaming.core.sources.damage import Damage

VIEWABLE = 2
UNTIL_END = 1024  # units of 4 bytes, of a title
MOST_WINDOWS = 20_000
IDENTIFIER = re.compile(r"0x[0-9a-fA-F]{1,8}|[0-9]{1,10}")


class _Head(Structure):
    _fields_ = (
        ("response_type", c_uint8),
        ("detail", c_uint8),
        ("sequence", c_uint16),
        ("length", c_uint32),
    )


class _Tree(Structure):
    _fields_ = (
        ("head", _Head),
        ("root", c_uint32),
        ("parent", c_uint32),
        ("count", c_uint16),
        ("pad", c_uint8 * 14),
    )


class _Translated(Structure):
    _fields_ = (("head", _Head), ("child", c_uint32), ("x", c_int16), ("y", c_int16))


class _Attributes(Structure):
    _fields_ = (
        ("head", _Head),
        ("visual", c_uint32),
        ("kind", c_uint16),
        ("gravities", c_uint8 * 2),
        ("backing", c_uint32 * 2),
        ("save_under", c_uint8),
        ("map_is_installed", c_uint8),
        ("map_state", c_uint8),
        ("override_redirect", c_uint8),
        ("colormap", c_uint32),
        ("event_masks", c_uint32 * 2),
        ("do_not_propagate_mask", c_uint16),
        ("pad", c_uint16),
    )


@dataclass(frozen=True, slots=True)
class Pointer:
    """left, top: where its picture begins on the desktop.

    pixels: shape (height, width, 4), BGRA, the colours multiplied by alpha already.
    """

    left: int
    top: int
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a window is on the desktop; is_seen: not minimised, nor on another workspace."""

    left: int
    top: int
    width: int
    height: int
    is_seen: bool


class XServer:
    """A connection of its own.  Every method raises one of mss's errors, or AssertionError where
    a reply never came: the server is gone."""

    def __init__(self, display: str) -> None:
        self._connection, screen = xcb.connect(display)
        self._root = xcb.setup_roots(xcb.get_setup(self._connection))[screen].root
        self._is_open = True
        tell_ctypes()
        self._damage = damage_of(self._connection, self._root.value)
        fixes = xcb.get_extension_data(self._connection, LIB.xfixes_id)
        self._has_pointer = bool(fixes.present)
        if self._has_pointer:
            xcb.xfixes_query_version(
                self._connection, xcb.XFIXES_MAJOR_VERSION, xcb.XFIXES_MINOR_VERSION
            )

    def pointer(self) -> Pointer | None:
        """None: the server tells nothing of it."""
        if not self._has_pointer:
            return None
        image = xcb.xfixes_get_cursor_image(self._connection)
        colours = bytes(xcb.xfixes_get_cursor_image_cursor_image(image))
        pixels = np.frombuffer(colours, np.uint8).reshape(image.height, image.width, 4)
        return Pointer(left=image.x - image.xhot, top=image.y - image.yhot, pixels=pixels)

    def has_damage(self) -> bool:
        """Whether anything was drawn since this was asked last; to be asked after `pointer`.  True
        where the server does not tell."""
        return self._damage.has_come() if self._damage else True

    def find_window(self, wanted: str) -> int | None:
        """The id of a window by id, by title, or by a part of its title; None: there is none."""
        if IDENTIFIER.fullmatch(wanted):
            number = int(wanted, 0) if wanted.startswith("0x") else int(wanted)
            return number if self.place_of(number) else None
        partly = None
        for window in self._windows():
            title = self._title(window)
            if title == wanted:
                return window
            if partly is None and wanted.casefold() in title.casefold():
                partly = window
        return partly

    def place_of(self, window: int) -> Place | None:
        """None: there is no such window (any more)."""
        try:
            size = xcb.get_geometry(self._connection, Window(window))
            cookie = LIB.xcb.xcb_get_window_attributes(self._connection, window)
            seen = cookie.reply(self._connection).map_state == VIEWABLE
            root = self._root.value
            cookie = LIB.xcb.xcb_translate_coordinates(self._connection, window, root, 0, 0)
            corner = cookie.reply(self._connection)
        except XProtoError:
            return None
        return Place(corner.x, corner.y, size.width, size.height, seen)

    def _windows(self) -> Iterator[int]:
        """Every window, the outer before the inner."""
        waiting = [self._root.value]
        for _ in range(MOST_WINDOWS):
            if not waiting:
                return
            window = waiting.pop(0)
            yield window
            waiting += self._children(window)

    def _children(self, window: int) -> list[int]:
        try:
            tree = LIB.xcb.xcb_query_tree(self._connection, window).reply(self._connection)
        except XProtoError:  # closed meanwhile
            return []
        found = LIB.xcb.xcb_query_tree_children(tree)
        return list(found[: tree.count])

    def _title(self, window: int) -> str:
        for name in ("_NET_WM_NAME", "WM_NAME"):
            atom = xcb.intern_atom(self._connection, name, only_if_exists=True)
            if atom is None:
                continue
            try:
                value = xcb.get_property(
                    self._connection, 0, Window(window), atom, xcb.XCB_NONE, 0, UNTIL_END
                )
            except XProtoError:
                return ""
            title = bytes(xcb.get_property_value(value))
            if title:
                return title.decode(errors="replace")
        return ""

    def close(self) -> None:
        """Safe to call twice, and when the server is gone."""
        if self._is_open:
            self._is_open = False
            with contextlib.suppress(XError):  # the server went away before
                xcb.disconnect(self._connection)


def damage_of(connection: Any, root: int) -> Damage | None:
    try:
        return Damage(connection, root)
    except ScreenShotError:
        return None


def tell_ctypes() -> None:
    """Declare the functions that mss does not use itself."""
    lib = LIB.xcb
    connection = POINTER(xcb.Connection)
    initialize_xcb_typed_func(lib, "xcb_query_tree", [connection, c_uint32], _Tree)
    lib.xcb_query_tree_children.argtypes = [POINTER(_Tree)]
    lib.xcb_query_tree_children.restype = POINTER(c_uint32)
    initialize_xcb_typed_func(lib, "xcb_get_window_attributes", [connection, c_uint32], _Attributes)
    initialize_xcb_typed_func(
        lib,
        "xcb_translate_coordinates",
        [connection, c_uint32, c_uint32, c_int16, c_int16],
        _Translated,
    )
