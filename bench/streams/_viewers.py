"""Viewers that count: `python -m bench.streams._viewers PORT PATH KEY COUNT`, in one process.

A path under /ws/ is a WebSocket, any other a multipart answer.  One line is printed once each has
had a picture; for each line on standard input comes one of JSON with what each had since the last.
"""

import asyncio
import json
import os
import sys
from base64 import b64encode
from typing import Any

import uvloop

BOUNDARY = b"--frame\r\n"
BINARY, PING, PONG, MASKED, FIN = 2, 9, 10, 0x80, 0x80
CONFIG = 1
MEDIUM, LONG = 126, 127  # lengths that are written in two and in eight bytes (RFC 6455, 5.2)


class Counter(asyncio.Protocol):
    """One viewer: how many pictures and bytes came; `first` is done with the first picture."""

    def __init__(self, head: bytes) -> None:
        self.pictures = self.bytes = 0
        self.first = asyncio.get_running_loop().create_future()
        self._head = head
        self._buffer = bytearray()
        self._has_answer = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)
        self._buffer += data
        if not self._has_answer:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self._buffer[:20] and b" 200 " not in self._buffer[:20]:
                raise SystemExit(f"refused: {bytes(self._buffer[:300])!r}")
            del self._buffer[: end + 4]
            self._has_answer = True
        self.read()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.first.done():
            self.first.set_exception(ConnectionError("closed before the first picture"))

    def read(self) -> None:
        """Take what is whole from the buffer."""
        raise NotImplementedError

    def count(self) -> None:
        self.pictures += 1
        if not self.first.done():
            self.first.set_result(None)


class MultipartCounter(Counter):
    _has_begun = False  # the first boundary ends no picture

    def read(self) -> None:
        while (at := self._buffer.find(BOUNDARY)) >= 0:
            del self._buffer[: at + len(BOUNDARY)]
            if self._has_begun:
                self.count()
            self._has_begun = True
        del self._buffer[: -len(BOUNDARY)]


class SocketCounter(Counter):
    def read(self) -> None:
        at = 0
        while (size := frame_size(self._buffer, at)) and len(self._buffer) >= at + sum(size):
            begin, length = at + size[0], size[1]
            kind = self._buffer[at] & 0x0F
            if kind == BINARY and self._buffer[begin] != CONFIG:
                self.count()
            elif kind == PING:
                content = bytes(self._buffer[begin : begin + length])
                self._transport.write(bytes((FIN | PONG, MASKED | length, 0, 0, 0, 0)) + content)
            at = begin + length
        del self._buffer[:at]


def frame_size(buffer: bytearray, at: int) -> tuple[int, int] | None:
    """Bytes of a server's frame: its head and its payload; None: not to be told yet."""
    if len(buffer) < at + 10:
        return (2, buffer[at + 1]) if len(buffer) >= at + 2 and buffer[at + 1] < MEDIUM else None
    length = buffer[at + 1]
    if length == MEDIUM:
        return 4, int.from_bytes(buffer[at + 2 : at + 4])
    if length == LONG:
        return 10, int.from_bytes(buffer[at + 2 : at + 10])
    return 2, length


def head_for(path: str, key: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {key}"]
    if path.startswith("/ws/"):
        lines += ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
        lines += [f"Sec-WebSocket-Key: {b64encode(os.urandom(16)).decode()}"]
    return "\r\n".join([*lines, "", ""]).encode()


def counter_for(path: str, key: str) -> Counter:
    kind = SocketCounter if path.startswith("/ws/") else MultipartCounter
    return kind(head_for(path, key))


async def main(port: int, path: str, key: str, count: int) -> None:
    loop = asyncio.get_running_loop()
    viewers: list[Counter] = []
    for _ in range(count):
        _, viewer = await loop.create_connection(lambda: counter_for(path, key), "127.0.0.1", port)
        viewers.append(viewer)
        await viewer.first
    print("ready", flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps([(viewer.pictures, viewer.bytes) for viewer in viewers]), flush=True)
        for viewer in viewers:
            viewer.pictures = viewer.bytes = 0


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
