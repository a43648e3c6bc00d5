"""What journeys about screens share: reading the test pattern off a page, and a line that is slow."""

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Any, Self

import numpy as np
from playwright.sync_api import Page, expect

from streaming.core.sources.time_row import read_time

WIDTH, HEIGHT = 640, 360
PATTERN = f"pattern:{WIDTH}x{HEIGHT}"
PLAIN_HOST = "plain.test"  # to a browser another machine: no secure context
READ_ROW = """([width, height]) => {
    const [canvas, image] = ["canvas", "image"].map((id) => document.getElementById(id));
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(image.hidden ? canvas : image, 0, 0, width, height);
    return [...context.getImageData(0, Math.round(height / 32), width, 1).data];
}"""
PIECE_BYTES = 2048
SMALL_BUFFER_BYTES = 8192


def picture_time(page: Page) -> float | None:
    """When the pattern that is shown was drawn, in seconds since 1970, by the pixels of the page."""
    row = np.array(page.evaluate(READ_ROW, [WIDTH, HEIGHT]), dtype=np.uint8).reshape(1, WIDTH, 4)
    time_us = read_time(np.repeat(row[:, :, :3], HEIGHT, axis=0))
    return None if time_us is None else time_us / 1e6


def wait_for_picture_after(page: Page, moment: float, *, timeout_s: float = 30.0) -> float:
    """Wait until a picture drawn after `moment` is shown; return when it was drawn."""
    deadline = time.monotonic() + timeout_s
    shown: float | None = None
    while time.monotonic() < deadline:
        shown = picture_time(page)
        if shown is not None and shown > moment:
            return shown
        page.wait_for_timeout(50)
    raise AssertionError(f"still {shown}, not after {moment}")


def expect_canvas(page: Page, **data: Any) -> None:
    """Wait until the canvas says so: codec, state, tier."""
    for name, value in data.items():
        expect(page.locator("#canvas")).to_have_attribute(f"data-{name}", value, timeout=30_000)


class Line:
    """A proxy on a port of its own, between a browser and a server, that may be slow or dead.

    bytes_per_s: what is let through from the server; None: all.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self.bytes_per_s: float | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://localhost:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._dead: set[socket.socket] = set()
        self._is_down = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        end(self._listener, *self._open)

    def die(self) -> None:
        """What is open now lets nothing through any more and is not closed; what comes is sound."""
        self._dead.update(self._open)

    def go_down(self) -> None:
        """As if the server had stopped."""
        self._is_down = True
        end(*self._open)

    def come_up(self) -> None:
        self._is_down = False

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._is_down:
                end(client)
                continue
            upstream = socket.socket()
            upstream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER_BYTES)
            upstream.connect(("127.0.0.1", self._server_port))
            self._open += [client, upstream]
            for source, target, is_slow in ((client, upstream, False), (upstream, client, True)):
                threading.Thread(
                    target=self._pass_on, args=(source, target, is_slow), daemon=True
                ).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_slow: bool) -> None:
        try:
            while piece := source.recv(PIECE_BYTES):
                if is_slow and self.bytes_per_s:
                    time.sleep(len(piece) / self.bytes_per_s)
                if source not in self._dead:
                    target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of the two is gone, and so is the other soon


def end(*sockets: socket.socket) -> None:
    """Close them, whatever another thread is doing with them."""
    for each in sockets:
        with contextlib.suppress(OSError):  # it may be closed already
            each.shutdown(socket.SHUT_RDWR)
        each.close()
