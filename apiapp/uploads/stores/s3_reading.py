"""Read an object from any offset, as a file.  Blocking."""

import io
import os
from collections.abc import Callable
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ConnectionClosedError

from apiapp.uploads.stores.s3_errors import unavailable_told

ATTEMPTS = 3  # to go on where a connection broke
BUFFER_BYTES = 2**20
FIRST_WINDOW_BYTES, LONGEST_WINDOW_BYTES = 2**20, 64 * 2**20


class Body(Protocol):
    """As of an answer of boto3."""

    def read(self, size: int) -> bytes: ...

    def close(self) -> None: ...


class ObjectReader(io.RawIOBase):
    """Asks for bytes when they are read, from where they are read.

    It asks for a window, a longer one each time: who wants a little makes nothing else be sent, and
    who reads on makes few requests.

    begin: asks for the bytes from one offset to another; raises what boto3 raises.
    """

    def __init__(self, begin: Callable[[int, int], Body], *, size_bytes: int) -> None:
        self._begin = begin
        self._size_bytes = size_bytes
        self._at = 0
        self._body: Body | None = None
        self._body_end = 0
        self._window_bytes = FIRST_WINDOW_BYTES

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size_bytes}[whence]
        if base + offset < 0:
            raise ValueError("before the begin of the file")
        if base + offset != self._at:
            self._leave()
            self._at = base + offset
            self._window_bytes = FIRST_WINDOW_BYTES
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Raises StoreUnavailable."""
        wanted = min(len(buffer), self._size_bytes - self._at)
        if wanted <= 0:
            return 0
        with unavailable_told():
            data = self._read(wanted)
        buffer[: len(data)] = data
        self._at += len(data)
        if self._at == self._body_end:
            self._leave()
        return len(data)

    def _read(self, size: int) -> bytes:
        for attempts_left in reversed(range(ATTEMPTS)):
            try:
                body = self._body or self._next_window()
                if data := body.read(min(size, self._body_end - self._at)):
                    return data
                raise ConnectionClosedError(endpoint_url="S3")
            except BotoCoreError:
                self._leave()
                if not attempts_left:
                    raise
        raise AssertionError

    def _next_window(self) -> Body:
        self._body_end = min(self._at + self._window_bytes, self._size_bytes)
        self._body = self._begin(self._at, self._body_end)
        self._window_bytes = min(2 * self._window_bytes, LONGEST_WINDOW_BYTES)
        return self._body

    def _leave(self) -> None:
        body, self._body = self._body, None
        if body:
            body.close()

    def close(self) -> None:
        self._leave()
        super().close()


def buffered(reader: ObjectReader) -> io.BufferedReader:
    return io.BufferedReader(reader, BUFFER_BYTES)
