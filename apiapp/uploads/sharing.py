"""A file with many writers at a time, until it is sealed.  Blocking."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from apiapp.uploads.disk import disk_full_told, sync_data, write_all
from apiapp.uploads.errors import WriterStopped

if sys.platform != "win32":  # there an open file cannot be renamed, which keeps writers out too
    import fcntl


class Writer:
    """Writes forward from one offset of one file; used by one thread at a time.

    Between two writes it holds nothing: whoever seals, finishes or deletes the file need not wait
    for a client that hangs.
    """

    def __init__(self, path: Path, *, offset_bytes: int) -> None:
        self._path = path
        try:
            self._file = FileIO(path, "r+")
        except FileNotFoundError as error:
            raise WriterStopped from error
        self._file.seek(offset_bytes)

    def write(self, pieces: Sequence[bytes | memoryview]) -> None:
        """Raises WriterStopped before anything is written, DiskFull."""
        with disk_full_told(), shared_with_writers(self._file):
            if not self._path.exists():
                raise WriterStopped
            for piece in pieces:
                write_all(self._file, piece)

    def sync(self) -> None:
        """Return once what was written would survive a power cut.  Raises DiskFull."""
        with disk_full_told():
            sync_data(self._file.fileno())

    def close(self) -> None:
        """Safe to call twice."""
        self._file.close()


@contextmanager
def shared_with_writers(file: FileIO) -> Iterator[None]:
    """Hold the file's lock as one of many writers.  Raises WriterStopped: it is being sealed.

    The kernel drops the lock of a process that dies.
    """
    if sys.platform == "win32":
        yield
        return
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise WriterStopped from error
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def wait_for_writers(file: FileIO) -> None:
    """Return when no writer is inside `shared_with_writers`: the length of one write."""
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_EX)  # dropped when `file` is closed
