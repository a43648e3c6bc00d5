"""A file with one writer at a time, which the kernel sees to.  Blocking, but never waiting."""

import os
import sys
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from apiapp.uploads.errors import WriterStopped

if sys.platform != "win32":  # there the one web process knows its writers
    import fcntl


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bytes of an upload are: in this file, from this offset on."""

    file_id: str
    offset_bytes: int = 0


class Hold:
    """The right to write a file, until `close` or the end of the process."""

    def __init__(self, file: FileIO) -> None:
        self.file = file

    def close(self) -> None:
        """Safe to call twice."""
        self.file.close()


def take_hold(path: Path) -> Hold | None:
    """The right to write this file; None: somebody has it.  Raises WriterStopped: no such file."""
    while True:
        try:
            file = FileIO(path, "r+")
        except FileNotFoundError as error:
            raise WriterStopped from error
        if not is_locked_now(file):
            file.close()
            return None
        if is_at(file, path):
            return Hold(file)
        file.close()  # it was replaced just then


def is_locked_now(file: FileIO) -> bool:
    """Lock the file, unless somebody else has.  The lock goes with the open file."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_at(file: FileIO, path: Path) -> bool:
    """Whether the open file is still the one of that name."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(file.fileno()))
