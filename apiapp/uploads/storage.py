"""Uploaded files on disk, from the first byte to the finished file.  Blocking.

    incoming/<file_id>   receives bytes, each at its offset, from several writers at once
    parts/<part_name>    a chunk that was sent again, apart until the merge puts it in place
    sealed/<file_id>     complete: no writer can change it any more
    finished/<file_id>   verified

Names are generated; what a client calls its file never reaches the disk.
"""

import errno
import os
import re
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from io import FileIO
from pathlib import Path

from apiapp.uploads.errors import DiskFull, StoredFileMissing, WriterStopped

if sys.platform != "win32":  # there an open file cannot be renamed, which keeps writers out too
    import fcntl

BLOCK_BYTES = 2**20
FILE_ID = re.compile(r"[0-9a-f]{32}")
PART_NAME = re.compile(r"[0-9a-f]{32}\.[0-9a-f]{16}")
PART_TOKEN_BYTES = 8
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

sync_data = getattr(os, "fdatasync", os.fsync)


def free_disk_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class FileStore:
    """The folder of all uploads.

    reserve_bytes: disk space that uploads must leave to others, the databases above all.
    """

    def __init__(
        self,
        folder: Path,
        *,
        reserve_bytes: int = 0,
        free_bytes: Callable[[Path], int] = free_disk_bytes,
    ) -> None:
        self._folder = folder
        self._reserve_bytes = reserve_bytes
        self._free_bytes = free_bytes
        self._incoming = folder / "incoming"
        self._parts = folder / "parts"
        self._sealed = folder / "sealed"
        self._finished = folder / "finished"
        for each in (self._incoming, self._parts, self._sealed, self._finished):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)

    def require_free(self, wanted_bytes: int) -> None:
        """Raises DiskFull if so much does not fit beside the reserve."""
        if self._free_bytes(self._folder) - self._reserve_bytes < wanted_bytes:
            raise DiskFull

    # --- receiving

    def create(self, file_id: str) -> None:
        """Make the empty file that the writers of `file_id` share.  Raises DiskFull."""
        with disk_full_told():
            named(self._incoming, FILE_ID, file_id).touch(mode=0o600, exist_ok=False)
            sync_folder(self._incoming)

    def writer(self, file_id: str, *, offset_bytes: int = 0) -> "Writer":
        """Write the file itself, in place.  Raises WriterStopped when it takes no more bytes."""
        return Writer(named(self._incoming, FILE_ID, file_id), offset_bytes=offset_bytes)

    def part_writer(self, part_name: str) -> "Writer":
        """Write a part of its own.  Raises DiskFull."""
        path = named(self._parts, PART_NAME, part_name)
        with disk_full_told():
            path.touch(mode=0o600, exist_ok=False)
            sync_folder(self._parts)
        return Writer(path, offset_bytes=0)

    # --- merging

    def seal(self, file_id: str) -> None:
        """Keep every writer out, for ever.  Safe to call again.  Raises StoredFileMissing."""
        sealed = named(self._sealed, FILE_ID, file_id)
        with suppress(FileNotFoundError):  # sealed by an earlier run
            (self._incoming / file_id).rename(sealed)
        with missing_told(), FileIO(sealed) as file:
            wait_for_writers(file)

    def apply_part(self, file_id: str, part_name: str, *, offset_bytes: int) -> None:
        """Copy a part to its place in the sealed file.  Raises StoredFileMissing, DiskFull."""
        with (
            missing_told(),
            disk_full_told(),
            FileIO(named(self._parts, PART_NAME, part_name)) as part,
            FileIO(named(self._sealed, FILE_ID, file_id), "r+") as file,
        ):
            copy_to(part, file, offset_bytes=offset_bytes)
            sync_data(file.fileno())

    def size_bytes(self, file_id: str) -> int:
        """What the sealed file really has.  Raises StoredFileMissing."""
        with missing_told():
            return named(self._sealed, FILE_ID, file_id).stat().st_size

    def read(
        self, file_id: str, *, offset_bytes: int = 0, length_bytes: int | None = None
    ) -> Iterator[bytes]:
        """Blocks of the sealed file; without a length, to its end.  Raises StoredFileMissing."""
        with missing_told(), FileIO(named(self._sealed, FILE_ID, file_id)) as file:
            file.seek(offset_bytes)
            left = self.size_bytes(file_id) if length_bytes is None else length_bytes
            while left > 0 and (block := file.read(min(BLOCK_BYTES, left))):
                left -= len(block)
                yield block

    def finish(self, file_id: str) -> None:
        """Give the file its last place, durably.  Safe to call again."""
        finished = named(self._finished, FILE_ID, file_id)
        for folder in (self._sealed, self._incoming):
            with suppress(FileNotFoundError):
                (folder / file_id).rename(finished)
        if not finished.exists():
            raise StoredFileMissing
        sync_folder(self._finished)

    def is_finished(self, file_id: str) -> bool:
        return self.finished_path(file_id).exists()

    def finished_path(self, file_id: str) -> Path:
        return named(self._finished, FILE_ID, file_id)

    # --- removing

    def delete(self, file_id: str) -> None:
        """Remove every byte of an upload, wherever it is; its writers stop."""
        for folder in (self._incoming, self._sealed, self._finished):
            named(folder, FILE_ID, file_id).unlink(missing_ok=True)
        self.delete_parts(file_id)

    def delete_part(self, part_name: str) -> None:
        named(self._parts, PART_NAME, part_name).unlink(missing_ok=True)

    def delete_parts(self, file_id: str) -> None:
        for path in self._parts.glob(f"{named(self._parts, FILE_ID, file_id).name}.*"):
            path.unlink(missing_ok=True)

    def old_files(self, *, before: datetime) -> Iterator[str]:
        """Ids of the files that nobody wrote to since then; one may come twice."""
        for folder in (self._incoming, self._sealed, self._finished):
            yield from old_names(folder, FILE_ID, before=before)

    def old_parts(self, *, before: datetime) -> Iterator[str]:
        """Names of the parts that nobody wrote to since then."""
        yield from old_names(self._parts, PART_NAME, before=before)


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


def new_part_name(file_id: str) -> str:
    return f"{file_id}.{secrets.token_hex(PART_TOKEN_BYTES)}"


def file_id_of(part_name: str) -> str:
    return part_name.partition(".")[0]


def named(folder: Path, pattern: re.Pattern[str], name: str) -> Path:
    """The file `name` in `folder`.  Raises ValueError for a name that was not generated here."""
    if not pattern.fullmatch(name):
        raise ValueError(f"not a name of ours: {name!r}")
    return folder / name


def old_names(folder: Path, pattern: re.Pattern[str], *, before: datetime) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                is_old = entry.stat().st_mtime < before.timestamp()
                if is_old and pattern.fullmatch(entry.name):
                    yield entry.name


def write_all(file: FileIO, piece: bytes | memoryview) -> None:
    """Write the whole piece: a raw file may take less at once."""
    left = memoryview(piece)
    while left:
        left = left[file.write(left) :]


def copy_to(source: FileIO, target: FileIO, *, offset_bytes: int) -> None:
    """Copy all of `source` into `target`, inside the kernel where that is possible."""
    copied, size = 0, os.fstat(source.fileno()).st_size
    try:
        while copied < size:
            now = os.copy_file_range(
                source.fileno(), target.fileno(), size - copied, copied, offset_bytes + copied
            )
            if not now:
                raise OSError(errno.EIO, "nothing more to copy")
            copied += now
    except (AttributeError, OSError):  # not on this system, or not between these files
        source.seek(0)
        target.seek(offset_bytes)
        for block in iter(lambda: source.read(BLOCK_BYTES), b""):
            write_all(target, block)


def sync_folder(folder: Path) -> None:
    """Make new names in `folder` survive a power cut."""
    if os.name == "nt":  # a folder cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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


@contextmanager
def disk_full_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFull from error
        raise


@contextmanager
def missing_told() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise StoredFileMissing from error
