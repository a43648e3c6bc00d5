"""Putting pictures on an X screen, with nothing but libX11 and its shared memory extension."""

import ctypes
from ctypes import POINTER, Structure, c_char_p, c_int, c_uint, c_ulong, c_void_p

import numpy as np
from numpy.typing import NDArray

IPC_PRIVATE, IPC_CREAT, IPC_RMID = 0, 0o1000, 0
OWNER_ONLY = 0o600
Z_PIXMAP, DEPTH = 2, 24


class SharedSegment(Structure):
    """XShmSegmentInfo."""

    _fields_ = (
        ("shmseg", c_ulong),
        ("shmid", c_int),
        ("shmaddr", c_void_p),
        ("readOnly", c_int),
    )


class ImageHead(Structure):
    """The beginning of XImage."""

    _fields_ = (
        ("width", c_int),
        ("height", c_int),
        ("xoffset", c_int),
        ("format", c_int),
        ("data", c_void_p),
    )


def libraries() -> tuple[ctypes.CDLL, ctypes.CDLL, ctypes.CDLL]:
    x11, extensions = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXext.so.6")
    libc = ctypes.CDLL(None, use_errno=True)
    x11.XOpenDisplay.restype, x11.XOpenDisplay.argtypes = c_void_p, [c_char_p]
    for name, result in (
        ("XDefaultRootWindow", c_ulong),
        ("XDefaultScreen", c_int),
        ("XSync", c_int),
    ):
        getattr(x11, name).restype = result
    for name in ("XDefaultVisual", "XDefaultGC"):
        getattr(x11, name).restype = c_void_p
        getattr(x11, name).argtypes = [c_void_p, c_int]
    x11.XDefaultRootWindow.argtypes = x11.XDefaultScreen.argtypes = [c_void_p]
    x11.XSync.argtypes = [c_void_p, c_int]
    extensions.XShmCreateImage.restype = POINTER(ImageHead)
    extensions.XShmCreateImage.argtypes = [
        *(c_void_p, c_void_p, c_uint, c_int, c_void_p),
        *(POINTER(SharedSegment), c_uint, c_uint),
    ]
    extensions.XShmAttach.argtypes = [c_void_p, POINTER(SharedSegment)]
    extensions.XShmPutImage.argtypes = [
        *(c_void_p, c_ulong, c_void_p, POINTER(ImageHead)),
        *(c_int, c_int, c_int, c_int, c_uint, c_uint, c_int),
    ]
    libc.shmat.restype = c_void_p
    libc.shmat.argtypes = [c_int, c_void_p, c_int]
    libc.shmget.argtypes = [c_int, ctypes.c_size_t, c_int]
    return x11, extensions, libc


class Canvas:
    """The whole screen: draw in `pixels` (BGRX), then `put` what was drawn on."""

    def __init__(self, display: str, width: int, height: int) -> None:
        self._x11, self._extensions, libc = libraries()
        self._display = self._x11.XOpenDisplay(display.encode())
        if not self._display:
            raise SystemExit(f"no X server at {display}")
        screen = self._x11.XDefaultScreen(self._display)
        self._window = self._x11.XDefaultRootWindow(self._display)
        self._context = self._x11.XDefaultGC(self._display, screen)
        self._segment = SharedSegment()
        self._image = self._extensions.XShmCreateImage(
            self._display,
            self._x11.XDefaultVisual(self._display, screen),
            DEPTH,
            Z_PIXMAP,
            None,
            ctypes.byref(self._segment),
            width,
            height,
        )
        self._segment.shmid = libc.shmget(IPC_PRIVATE, width * height * 4, IPC_CREAT | OWNER_ONLY)
        self._segment.shmaddr = libc.shmat(self._segment.shmid, None, 0)
        self._image.contents.data = self._segment.shmaddr
        self._extensions.XShmAttach(self._display, ctypes.byref(self._segment))
        self._x11.XSync(self._display, 0)
        libc.shmctl(self._segment.shmid, IPC_RMID, None)  # it goes with the last that has it
        memory = (ctypes.c_uint8 * (width * height * 4)).from_address(self._segment.shmaddr)
        self.pixels: NDArray[np.uint8] = np.frombuffer(memory, np.uint8).reshape(height, width, 4)

    def put(self, x: int, y: int, width: int, height: int) -> None:
        """Show a part of it; back when it is shown."""
        self._extensions.XShmPutImage(
            *(self._display, self._window, self._context, self._image),
            *(x, y, x, y, width, height, 0),
        )
        self._x11.XSync(self._display, 0)
