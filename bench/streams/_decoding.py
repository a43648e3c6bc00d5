"""A viewer that decodes: `python -m bench.streams._decoding PORT PATH KEY`.

A path under /ws/ is a WebSocket, any other a multipart answer.  One line is printed with the first
picture; for each line on standard input comes one of JSON: for each picture since the last, how many
ms after it was painted, and after it was captured, it was decoded; null where it is not known.
"""

import http.client
import json
import sys
import threading
import time
from collections.abc import Iterator

import av
import numpy as np
import simplejpeg
from av.codec.context import Flags
from numpy.typing import NDArray
from websockets.sync.client import connect

from bench.streams import _barcode
from streaming.core.wire import Kind, Message, read_config, unpack, unpack_tiles

Grey = NDArray[np.uint8]
GREEN = 1  # of BGRX: as good as grey for black and white


class Viewer:
    """Shows what comes, as a browser would; the time is read from the brightness."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("h264", "r")
        self._codec.thread_count = 1
        self._codec.flags |= Flags.low_delay
        self._canvas = np.zeros((0, 0, 4), np.uint8)

    def configure(self, message: Message) -> None:
        config = read_config(message.payload)
        self._canvas = np.zeros((config["height"], config["width"], 4), np.uint8)

    def show(self, message: Message) -> Grey | None:
        match message.kind:
            case Kind.H264:
                return self._show_h264(bytes(message.payload))
            case Kind.TILES:
                return self._show_tiles(message.payload)
            case Kind.JPEG:
                return show_jpeg(bytes(message.payload))
        return None

    def _show_h264(self, unit: bytes) -> Grey | None:
        pictures = self._codec.decode(av.Packet(unit))
        if not pictures:
            return None
        plane = pictures[-1].planes[0]
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        return lines[: plane.height, : plane.width]

    def _show_tiles(self, payload: memoryview) -> Grey:
        for tile in unpack_tiles(payload):
            part = simplejpeg.decode_jpeg(bytes(tile.jpeg), colorspace="BGRX")
            self._canvas[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] = part
        return self._canvas[..., GREEN]


def show_jpeg(content: bytes) -> Grey:
    shown: Grey = simplejpeg.decode_jpeg(content, colorspace="BGRX", strict=False)
    return shown[..., GREEN]


def of_socket(port: int, path: str, key: str) -> Iterator[tuple[Grey | None, int | None]]:
    """What is shown, and when it was captured."""
    viewer = Viewer()
    headers = {"Authorization": f"Bearer {key}"}
    url = f"ws://127.0.0.1:{port}{path}"
    options = {"max_size": None, "compression": None, "max_queue": 1}  # as little waits as can be
    with connect(url, additional_headers=headers, **options) as socket:
        for content in socket:
            if isinstance(content, str):
                continue
            message = unpack(content)
            if message.kind is Kind.CONFIG:
                viewer.configure(message)
            else:
                yield viewer.show(message), message.captured_at_us


def of_multipart(port: int, path: str, key: str) -> Iterator[tuple[Grey | None, int | None]]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
    response = connection.getresponse()
    if response.status != 200:
        raise SystemExit(f"refused: {response.status} {response.read(300)!r}")
    length = 0
    while line := response.readline():
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "content-length":
            length = int(value)
        elif not line.strip() and length:
            yield show_jpeg(response.read(length)), None
            length = 0


class Lateness:
    """Of each picture: [ms since it was painted, ms since it was captured]."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._each: list[tuple[float | None, float | None]] = []

    def note(self, grey: Grey | None, captured_at_us: int | None) -> None:
        now_us = time.time_ns() // 1000
        painted_us = None if grey is None else _barcode.read(grey)
        with self._lock:
            self._each.append((since(painted_us, now_us), since(captured_at_us, now_us)))

    def taken(self) -> list[tuple[float | None, float | None]]:
        with self._lock:
            each, self._each = self._each, []
        return each


def since(then_us: int | None, now_us: int) -> float | None:
    return None if then_us is None else (now_us - then_us) / 1000


def answer_questions(lateness: Lateness) -> None:
    while sys.stdin.readline():
        print(json.dumps(lateness.taken()), flush=True)


def main(port: int, path: str, key: str) -> None:
    lateness = Lateness()
    threading.Thread(target=answer_questions, args=[lateness], daemon=True).start()
    shown = of_socket if path.startswith("/ws/") else of_multipart
    for number, (grey, captured_at_us) in enumerate(shown(port, path, key)):
        lateness.note(grey, captured_at_us)
        if number == 0:
            print("ready", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
