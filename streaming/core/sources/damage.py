"""Whether anything was drawn on an X11 desktop since one last looked, by the extension DAMAGE.

Its requests are sent as bytes (damageproto 1.1), over XCB itself: the library that has functions for
them is not on every machine.
"""

import struct
from ctypes import (
    POINTER,
    Structure,
    addressof,
    byref,
    c_int,
    c_size_t,
    c_uint,
    c_uint8,
    c_void_p,
    cast,
    create_string_buffer,
    pointer,
    sizeof,
)
from typing import Any

from mss.exception import ScreenShotError
from mss.linux import xcb
from mss.linux.xcb import LIB
from mss.linux.xcbhelpers import XcbExtension

VERSION = (1, 1)
QUERY_VERSION, CREATE, SUBTRACT = 0, 1, 3  # minor opcodes
REPORT_NON_EMPTY = 3  # one event, until it is subtracted
EVENT_MASK = 0x7F  # the highest bit: sent by another client
HEAD_BYTES = 4  # of a request: XCB fills it in
OWN_PARTS = 2  # XCB writes before the parts that it is given


class _Part(Structure):
    _fields_ = (("base", c_void_p), ("length", c_size_t))


class _Request(Structure):
    _fields_ = (
        ("count", c_size_t),
        ("extension", POINTER(XcbExtension)),
        ("opcode", c_uint8),
        ("is_void", c_uint8),
    )


_EXTENSION = XcbExtension(name=b"DAMAGE", global_id=0)  # for the whole process: XCB numbers it once


class Damage:
    """Of everything below a window, over a connection that gets no other events.

    Raises ScreenShotError where the server does not have the extension.
    """

    def __init__(self, connection: Any, window: int) -> None:
        self._connection = connection
        tell_ctypes()
        found = xcb.get_extension_data(connection, _EXTENSION)
        if not found.present:
            raise ScreenShotError("the X server has no DAMAGE")
        self._event = found.first_event
        self._send(QUERY_VERSION, struct.pack("=II", *VERSION), is_void=False)
        self._id = xcb.generate_id(connection).value
        self._send(CREATE, struct.pack("=IIB3x", self._id, window, REPORT_NON_EMPTY))

    def has_come(self) -> bool:
        """Whether something was drawn since the last call; by what the connection has read: ask the
        server something before.  What is drawn from now on counts for the next call."""
        is_damaged = False
        while event := LIB.xcb.xcb_poll_for_event(self._connection):
            is_damaged |= event.contents.value & EVENT_MASK == self._event
            LIB.c.free(cast(event, c_void_p))
        if is_damaged:
            self._send(SUBTRACT, struct.pack("=III", self._id, 0, 0))
        return is_damaged

    def _send(self, opcode: int, fields: bytes, *, is_void: bool = True) -> None:
        """Unchecked; an answer is thrown away."""
        body = create_string_buffer(bytes(HEAD_BYTES) + fields, HEAD_BYTES + len(fields))
        parts = (_Part * (OWN_PARTS + 1))()
        parts[OWN_PARTS] = _Part(addressof(body), len(body))
        request = _Request(1, pointer(_EXTENSION), opcode, is_void)
        first = byref(parts, OWN_PARTS * sizeof(_Part))
        number = LIB.xcb.xcb_send_request(self._connection, 0, first, byref(request))
        if not is_void:
            LIB.xcb.xcb_discard_reply(self._connection, number)
        LIB.xcb.xcb_flush(self._connection)


def tell_ctypes() -> None:
    """Declare the functions that mss does not use itself."""
    lib, connection = LIB.xcb, POINTER(xcb.Connection)
    lib.xcb_poll_for_event.argtypes = [connection]
    lib.xcb_poll_for_event.restype = POINTER(c_uint8)
    lib.xcb_flush.argtypes = [connection]
    lib.xcb_flush.restype = c_int
    lib.xcb_send_request.argtypes = [connection, c_int, c_void_p, c_void_p]
    lib.xcb_send_request.restype = c_uint
