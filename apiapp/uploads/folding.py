"""Blocking: digests of files that are computed while these arrive (see folding_process.py).

They are a help, never needed: whoever finds none reads the file.
"""

import json
import os
import subprocess  # nosec B404 # of our own program alone
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import Any

if sys.platform != "win32":
    import fcntl

PROGRAM = Path(__file__).with_name("folding_process.py")
LEAST_BYTES = 32 * 2**20  # less is read in no time
MOST_FILES = 256  # that are followed at a time
LOOK_S = 0.05
STUCK_S = 1.5
NEWS_BYTES = 8 * 2**20  # that who digests is worth waking up for


@dataclass(frozen=True, slots=True)
class Told:
    """What was said last of one file."""

    size: int | None
    kept_bytes: int


@dataclass(frozen=True, slots=True)
class Folded:
    """In hexadecimal, of `size` bytes."""

    size: int
    md5: str
    sha256: str


class Folding:
    """The process that follows the files which arrive here; begun with the first large one."""

    def __init__(self, *, least_bytes: int = LEAST_BYTES) -> None:
        self._least_bytes = least_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()
        self._told: dict[str, Told] = {}

    def follows(self, size_bytes: int) -> bool:
        """Whether a file of this size is read while it arrives."""
        return size_bytes >= self._least_bytes and sys.platform != "win32"

    def told_bytes(self, file_id: str) -> int:
        """How much of a file is known to be kept; 0 also of one that was not heard of lately."""
        told = self._told.get(file_id)
        return told.kept_bytes if told else 0

    def note(
        self, file_id: str, *, path: Path, into: Path, size: int | None, kept_bytes: int
    ) -> None:
        """So much of a file, from its beginning, is kept for good; news that come late are none."""
        if not self.follows(kept_bytes if size is None else size):
            return
        places = {"path": str(path), "into": str(into)}
        with self._lock:
            told = self._told.pop(file_id, Told(None, -1))
            is_news = kept_bytes > told.kept_bytes or size not in (None, told.size)
            self._remember(file_id, Told(size, kept_bytes) if is_news else told)
            if is_news:
                self._tell({"file_id": file_id, **places, "size": size, "kept": kept_bytes})

    def forget(self, file_id: str) -> None:
        """What was kept of a file lies elsewhere now."""
        with self._lock:
            self._told.pop(file_id, None)
            if self._process:
                self._tell({"file_id": file_id, "path": None})

    def close(self) -> None:
        with self._lock:
            self._end()

    def _remember(self, file_id: str, told: Told) -> None:
        self._told[file_id] = told
        if len(self._told) > MOST_FILES:
            del self._told[next(iter(self._told))]

    def _tell(self, said: dict[str, Any]) -> None:
        line = json.dumps(said).encode() + b"\n"
        process = self._process or self._begin()
        assert process.stdin
        try:
            os.write(process.stdin.fileno(), line)  # whole or not at all (pipe(7), PIPE_BUF)
        except OSError:  # it has ended, or does not listen
            self._end()

    def _begin(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-I", str(PROGRAM)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE)  # nosec B603 # no shell
        assert self._process.stdin
        os.set_blocking(self._process.stdin.fileno(), False)
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        self._told.clear()
        if process is None:
            return
        assert process.stdin
        process.kill()
        process.stdin.close()
        process.wait()


def folded(into: Path, *, size_bytes: int, on_progress: Callable[[int], None]) -> Folded | None:
    """The digests of a file that is complete; waits for who is about to have read it.

    on_progress: told in bytes.  None: nobody has them.
    """
    if sys.platform == "win32":
        return None
    with suppress(FileNotFoundError), FileIO(into, "r+") as file:
        found = wait_for(file, on_progress=on_progress)
        into.unlink(missing_ok=True)
        if found and found.size == size_bytes:
            return found
    return None


def wait_for(file: FileIO, *, on_progress: Callable[[int], None]) -> Folded | None:
    at, moved_at = -1, time.monotonic()
    while time.monotonic() - moved_at < STUCK_S:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return said_by(file)
        now_at = progress_of(file)
        if now_at > at:
            at, moved_at = now_at, time.monotonic()
            on_progress(at)
        time.sleep(LOOK_S)
    return None


def content_of(file: FileIO) -> dict[str, Any]:
    with suppress(ValueError):
        return dict(json.loads(os.pread(file.fileno(), 1000, 0)))
    return {}  # nothing yet, or it is being written


def progress_of(file: FileIO) -> int:
    return int(content_of(file).get("at", 0))


def said_by(file: FileIO) -> Folded | None:
    said = content_of(file)
    return Folded(**said) if "md5" in said else None
