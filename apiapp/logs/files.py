"""The log file: whole lines, from several processes, with a bound on what they fill."""

import logging
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

if sys.platform != "win32":
    import fcntl

KEPT_FILES = 4  # beside the one that is written: sluice.log.1 is the newest


class LogFile:
    """Lines at the end of a file.  Safe to use from several threads, and processes.

    At most_bytes it is renamed, and the oldest goes; 0: never, as where logrotate does it.  Whoever
    renames it, the next line begins a new one.
    """

    def __init__(self, path: Path, *, most_bytes: int) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._descriptor = -1
        self.lost = 0
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin_again)

    def write(self, lines: bytes) -> None:
        """Append lines, with their ends, in one piece.

        Where the disk is full, or the folder gone, they are lost and counted: to log must break
        nothing.
        """
        with self._lock:
            try:
                self._open()
                os.write(self._descriptor, lines)
            except OSError as error:
                self._tell_of_loss(error)

    def _open(self) -> None:
        """See that the descriptor is of the file that has the name now."""
        if self._descriptor >= 0:
            mine = os.fstat(self._descriptor)
            if self._most_bytes and mine.st_size >= self._most_bytes:
                self._rotate(mine)
            if is_same(self._path, mine):
                return
            os.close(self._descriptor)
            self._descriptor = -1
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._descriptor = os.open(self._path, flags, 0o640)

    def _rotate(self, mine: os.stat_result) -> None:
        """By one process alone: who holds the lock of the file, which ends with its descriptor."""
        if sys.platform == "win32":  # it renames nothing that others have open
            return
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another is about it
            return
        if is_same(self._path, mine):
            for number in range(KEPT_FILES, 1, -1):
                newer = self._numbered(number - 1)
                if newer.exists():
                    newer.replace(self._numbered(number))
            self._path.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _tell_of_loss(self, error: OSError) -> None:
        self.lost += 1
        if self.lost == 1:
            print(f"The log cannot be written: {error}", file=sys.stderr)  # noqa: T201

    def _begin_again(self) -> None:
        self._lock = threading.Lock()


def is_same(path: Path, opened: os.stat_result) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino)


class FileHandler(logging.Handler):
    """Writes records at once: the last words of a process that dies are the ones wanted."""

    def __init__(self, *, path: Path, most_bytes: int) -> None:
        super().__init__()
        self._file = LogFile(path, most_bytes=most_bytes)

    @property
    def lost(self) -> int:
        """How many writes were lost: one has a line, or some of requests."""
        return self._file.lost

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record).encode(errors="backslashreplace")
        except Exception:  # noqa: BLE001 - as logging's own handlers do
            self.handleError(record)
            return
        self._file.write(line + b"\n")

    def write_lines(self, lines: Sequence[bytes]) -> None:
        """Lines that somebody else has made, without their ends."""
        self._file.write(b"\n".join(lines) + b"\n")
