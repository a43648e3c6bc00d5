"""What is done with open files and folders, and what may go wrong, in our words.  Blocking."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from apiapp.uploads.errors import DiskFull, StoredFileMissing, WriterStopped

BLOCK_BYTES = 2**20
MOST_BUFFERS = 1000  # of one call; Linux takes 1024
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

sync_data = getattr(os, "fdatasync", os.fsync)


def write_at(file: FileIO, pieces: Sequence[bytes | memoryview], offset_bytes: int) -> None:
    """Write all of the pieces, one behind the other."""
    written = 0
    if hasattr(os, "pwritev") and len(pieces) <= MOST_BUFFERS:
        written = os.pwritev(file.fileno(), pieces, offset_bytes)
    file.seek(offset_bytes + written)
    for piece in pieces:
        skipped = min(written, len(piece))
        written -= skipped
        if skipped < len(piece):
            write_all(file, memoryview(piece)[skipped:])


def write_all(file: FileIO, piece: bytes | memoryview) -> None:
    """Write the whole piece: a raw file may take less at once."""
    left = memoryview(piece)
    while left:
        left = left[file.write(left) :]


def copy_to(
    source: FileIO,
    target: FileIO,
    *,
    length_bytes: int,
    from_bytes: int = 0,
    offset_bytes: int = 0,
) -> None:
    """Copy a range of `source` into `target`, inside the kernel where that is possible."""
    copied = 0
    try:
        while copied < length_bytes:
            now = os.copy_file_range(
                source.fileno(),
                target.fileno(),
                length_bytes - copied,
                from_bytes + copied,
                offset_bytes + copied,
            )
            if not now:
                raise OSError(errno.EIO, "nothing more to copy")
            copied += now
    except (AttributeError, OSError):  # not on this system, or not between these files
        source.seek(from_bytes + copied)
        target.seek(offset_bytes + copied)
        while copied < length_bytes and (
            block := source.read(min(BLOCK_BYTES, length_bytes - copied))
        ):
            write_all(target, block)
            copied += len(block)


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
def disk_full_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFull from error
        raise


@contextmanager
def stopped_told() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise WriterStopped from error


@contextmanager
def missing_told() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise StoredFileMissing from error
