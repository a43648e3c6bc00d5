"""Reads files while they arrive, so that their digests are there when they are.

Run as a program: it is told on standard input, in lines of JSON, how far files have come, and ends
with it.  It is a process of its own, and a patient one, so that who receives is not held up; plain
Python, so that it takes little memory.

    {"file_id", "path", "into", "size": bytes or null, "kept": bytes that will never change}
    {"file_id", "path": null}         read it no more

`into` is locked (flock) while its file is followed.  It says `{"at": bytes}` meanwhile, and
`{"size", "md5", "sha256"}` in the end.
"""

import fcntl
import hashlib
import json
import os
import queue
import signal
import sys
import threading
import time
from contextlib import suppress
from io import FileIO
from typing import Any

BLOCK_BYTES = 2**20
TOGETHER = 8  # blocks, until it is asked what else there is to do
MOST_FILES = 256
TOLD_EVERY_S = 0.25
LOOK_S = 5.0  # for files that were deleted
PATIENCE = 10  # nice(2)

Commands = queue.SimpleQueue[dict[str, Any] | None]


class Followed:
    """One file, read as far as it has come."""

    def __init__(self, path: str, into: str) -> None:
        """Raises OSError: it is gone, or another process follows it."""
        self._file = FileIO(path)
        try:
            self._into = FileIO(os.open(into, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        except OSError:
            self._file.close()
            raise
        try:
            fcntl.flock(self._into, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise
        self.size: int | None = None
        self.kept = 0
        self._at = 0
        self._told_at = 0.0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()

    @property
    def is_behind(self) -> bool:
        return self._at < self.kept

    @property
    def is_waiting(self) -> bool:
        """Whether there is something to do."""
        return self.is_behind or self.has_ended

    @property
    def has_ended(self) -> bool:
        """Whether all of the file has come."""
        return self.kept == self.size

    @property
    def is_deleted(self) -> bool:
        """Whether nobody can ask for its digests any more."""
        return any(os.fstat(each.fileno()).st_nlink == 0 for each in (self._file, self._into))

    def read(self) -> None:
        """Go on for a while.  Raises OSError."""
        for _ in range(TOGETHER):
            block = os.pread(self._file.fileno(), min(BLOCK_BYTES, self.kept - self._at), self._at)
            if not block:
                break
            self._md5.update(block)
            self._sha256.update(block)
            self._at += len(block)
        if time.monotonic() - self._told_at > TOLD_EVERY_S:
            self._told_at = time.monotonic()
            self._tell({"at": self._at})

    def conclude(self) -> None:
        """Leave the digests.  Raises OSError."""
        digests = {"md5": self._md5.hexdigest(), "sha256": self._sha256.hexdigest()}
        self._tell({"size": self.size, **digests})

    def _tell(self, said: dict[str, Any]) -> None:
        content = json.dumps(said).encode()
        os.pwrite(self._into.fileno(), content, 0)
        os.ftruncate(self._into.fileno(), len(content))

    def close(self) -> None:
        self._file.close()
        self._into.close()


class Follower:
    """All files that are followed; the last told is the last in order."""

    def __init__(self) -> None:
        self._files: dict[str, Followed] = {}

    def heed(self, command: dict[str, Any]) -> None:
        file_id = command["file_id"]
        if command["path"] is None:
            self._drop(file_id)
            return
        followed = self._files.pop(file_id, None)
        if followed is None:
            if len(self._files) >= MOST_FILES:
                self._drop(next(iter(self._files)))
            with suppress(OSError):
                followed = Followed(command["path"], command["into"])
        if followed:
            followed.size, followed.kept = command["size"], command["kept"]
            self._files[file_id] = followed

    def work(self) -> bool:
        """Read on in one file, one that has ended before others; false: there is nothing to do."""
        waiting = [each for each in self._files if self._files[each].is_waiting]
        if not waiting:
            return False
        file_id = next((each for each in waiting if self._files[each].has_ended), waiting[0])
        followed = self._files[file_id]
        try:
            followed.read()
            if followed.has_ended and not followed.is_behind:
                followed.conclude()
                self._drop(file_id)
        except OSError:  # the disk is full, or worse: who verifies the file reads it then
            self._drop(file_id)
        return True

    def forget_deleted(self) -> None:
        for file_id in [each for each, followed in self._files.items() if followed.is_deleted]:
            self._drop(file_id)

    def _drop(self, file_id: str) -> None:
        if followed := self._files.pop(file_id, None):
            followed.close()


def read_commands(commands: Commands) -> None:
    for line in sys.stdin:
        commands.put(json.loads(line))
    commands.put(None)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this
    os.nice(PATIENCE)
    commands: Commands = queue.SimpleQueue()
    threading.Thread(target=read_commands, args=(commands,), daemon=True).start()
    follower, is_busy = Follower(), False
    while True:
        try:
            command = commands.get(block=not is_busy, timeout=LOOK_S)
        except queue.Empty:
            if not is_busy:
                follower.forget_deleted()
            is_busy = follower.work()
            continue
        if command is None:
            return
        follower.heed(command)
        is_busy = True


if __name__ == "__main__":
    main()
