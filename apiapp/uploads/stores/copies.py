"""Copies of finished files that lie elsewhere, for programs that need a path.  Blocking."""

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from apiapp.uploads.disk import BLOCK_BYTES, disk_full_told, write_all
from apiapp.uploads.holds import is_at
from apiapp.uploads.names import FILE_ID, named
from apiapp.uploads.stores.base import OnSent

if sys.platform != "win32":  # there a file that is open cannot be removed anyway
    import fcntl

UNFINISHED = ".part"


class CopyFolder:
    """Keeps a copy for a while: who looks at a file imports it next."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def holding(
        self,
        file_id: str,
        open_original: Callable[[str], BinaryIO],
        *,
        here: Path,
        require_free: Callable[[int], None],
        on_copied: OnSent,
    ) -> Iterator[Path]:
        """A path of the file, which nobody removes within the block: `here` or of a copy.

        Raises DiskFull, and what `open_original`, its reading and `on_copied` raise.
        """
        path = named(self._folder, FILE_ID, file_id)
        while (held := opened(here) or opened(path)) is None:
            with open_original(file_id) as original:
                require_free(original.seek(0, os.SEEK_END))
                original.seek(0)
                self._copy(original, path, on_copied)
        with held:
            yield Path(str(held.name))

    def _copy(self, original: BinaryIO, path: Path, on_copied: OnSent) -> None:
        self._folder.mkdir(exist_ok=True, mode=0o700)
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}{UNFINISHED}")
        try:
            with disk_full_told(), FileIO(fresh, "x") as file:
                while block := original.read(BLOCK_BYTES):
                    write_all(file, block)
                    on_copied(file.tell())
            fresh.rename(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise

    def delete(self, file_id: str) -> None:
        named(self._folder, FILE_ID, file_id).unlink(missing_ok=True)

    def remove(self, *, before: datetime) -> None:
        """Remove what nobody has begun to use since then, nor uses now."""
        if not self._folder.exists():
            return
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    remove_unused(path)


def remove_unused(path: Path) -> None:
    """Remove the file, unless somebody uses it.  Safe to call again."""
    with suppress(FileNotFoundError, BlockingIOError, PermissionError), FileIO(path) as file:
        lock(file, is_shared=False)
        if sys.platform == "win32":
            file.close()  # what is open cannot be removed there, by whomever
        path.unlink()


def opened(path: Path) -> FileIO | None:
    """The file, used from now on until it is closed; None: there is none."""
    try:
        file = FileIO(path)
    except FileNotFoundError:
        return None
    with suppress(FileNotFoundError, BlockingIOError):
        lock(file, is_shared=True)
        os.utime(path)
        if is_at(file, path):  # or it was removed just before it was locked
            return file
    file.close()
    return None


def lock(file: FileIO, *, is_shared: bool) -> None:
    """Raises BlockingIOError: another has it otherwise.  The lock goes with the open file."""
    if sys.platform != "win32":
        fcntl.flock(file, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
