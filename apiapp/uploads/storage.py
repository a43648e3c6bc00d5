"""Uploaded files, from the first byte to the finished file.  Blocking.

    incoming/<file_id>   receives bytes, each at its offset, from several writers at once; where
                         they are appended, from one, who holds it (see holds.py)
    parts/<part_name>    a chunk that was sent again, apart until the merge puts it in place
    sealed/<file_id>     complete: no writer can change it any more
    finished/<file_id>   verified
    copies/<file_id>     of a finished file that lies elsewhere, for who needs a path
    digests/<file_id>    of a file that is on its way (see folding.py)

All bytes arrive on this disk, where to sync them costs little and their writers are the kernel's
to keep apart: acknowledged is durable whatever else is away.  Verified files stay here too, or they
are moved elsewhere (stores/s3.py) as the last step of the merge; the folder `finished` holds what
has not been moved yet then, from the time before.

Names are generated; what a client calls its file never reaches the disk.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from apiapp.uploads.disk import (
    BLOCK_BYTES,
    copy_to,
    disk_full_told,
    missing_told,
    stopped_told,
    sync_data,
    sync_folder,
)
from apiapp.uploads.errors import DiskFull, StoredFileMissing
from apiapp.uploads.holds import Hold, Place, take_hold
from apiapp.uploads.names import FILE_ID, PART_NAME, named, new_part_name, old_names
from apiapp.uploads.sharing import Writer, wait_for_writers
from apiapp.uploads.stores.base import Elsewhere, OnSent, not_of_interest
from apiapp.uploads.stores.copies import CopyFolder, remove_unused
from apiapp.uploads.stores.folder import FinishedFolder


def free_disk_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class FileStore:
    """The folder of all uploads.

    elsewhere: where verified files stay, if not here.  reserve_bytes: disk space that uploads must
    leave to others, the databases above all.
    """

    def __init__(
        self,
        folder: Path,
        *,
        elsewhere: Elsewhere | None = None,
        reserve_bytes: int = 0,
        free_bytes: Callable[[Path], int] = free_disk_bytes,
    ) -> None:
        self._folder = folder
        self._reserve_bytes = reserve_bytes
        self._free_bytes = free_bytes
        self._incoming = folder / "incoming"
        self._parts = folder / "parts"
        self._sealed = folder / "sealed"
        self._digests = folder / "digests"
        for each in (self._incoming, self._parts, self._sealed, self._digests):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._copies = CopyFolder(folder / "copies")
        self._finished = FinishedFolder(folder / "finished")
        self.elsewhere = elsewhere

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

    def writer(self, file_id: str, *, offset_bytes: int = 0) -> Writer:
        """Write the file itself, in place.  Raises WriterStopped when it takes no more bytes."""
        return Writer(named(self._incoming, FILE_ID, file_id), offset_bytes=offset_bytes)

    def part_writer(self, part_name: str) -> Writer:
        """Write a part of its own.  Raises DiskFull."""
        path = named(self._parts, PART_NAME, part_name)
        with disk_full_told():
            path.touch(mode=0o600, exist_ok=False)
            sync_folder(self._parts)
        return Writer(path, offset_bytes=0)

    # --- receiving at an offset, from one writer at a time

    def hold(self, file_id: str) -> Hold | None:
        """The right to append to `file_id`; None: another has it.  Raises WriterStopped."""
        return take_hold(named(self._incoming, FILE_ID, file_id))

    def open_slices(self, shared_id: str) -> FileIO:
        """The file that others are slices of, to be written.  Raises WriterStopped."""
        with stopped_told():
            return FileIO(named(self._incoming, FILE_ID, shared_id), "r+")

    def add_slice(self, shared_id: str, *, size_bytes: int) -> int:
        """Make room for one more slice, where none ever was; return its offset.

        Only one process at a time may do this to one file.  Raises DiskFull.
        """
        with disk_full_told():
            descriptor = os.open(
                named(self._incoming, FILE_ID, shared_id), os.O_RDWR | os.O_CREAT, 0o600
            )
            with FileIO(descriptor, "r+") as file:
                offset_bytes = os.fstat(descriptor).st_size
                file.truncate(offset_bytes + size_bytes)
            sync_folder(self._incoming)
        return offset_bytes

    def replace(self, file_id: str, place: Place, *, length_bytes: int) -> Hold:
        """Go on in a copy of what was stored: who wrote so far writes into nothing.

        Raises StoredFileMissing, DiskFull.
        """
        fresh = named(self._parts, PART_NAME, new_part_name(file_id))
        with missing_told(), disk_full_told():
            with FileIO(self._incoming / place.file_id) as source, FileIO(fresh, "w") as target:
                copy_to(source, target, length_bytes=length_bytes, from_bytes=place.offset_bytes)
                sync_data(target.fileno())
            hold = take_hold(fresh)
            assert hold
            fresh.rename(named(self._incoming, FILE_ID, file_id))
            sync_folder(self._incoming)
        return hold

    def places(self, file_id: str) -> tuple[Path, Path]:
        """Where a file arrives, and where its digests come to be meanwhile."""
        return named(self._incoming, FILE_ID, file_id), named(self._digests, FILE_ID, file_id)

    def forget_digests(self, file_id: str) -> None:
        """The file changes where it may have been read."""
        named(self._digests, FILE_ID, file_id).unlink(missing_ok=True)

    # --- merging

    def seal_appended(self, file_id: str, *, size_bytes: int) -> None:
        """Move a file that has all its bytes away from where writers find it.

        Safe to call again.  Nobody is waited for: a writer that was stopped in its sleep may hold
        the file for ever, and has nothing left to write.  Raises StoredFileMissing.
        """
        sealed = named(self._sealed, FILE_ID, file_id)
        with suppress(FileNotFoundError):  # sealed by an earlier run
            (self._incoming / file_id).rename(sealed)
        with missing_told():
            if sealed.stat().st_size > size_bytes:  # of a body that did not count in the end
                os.truncate(sealed, size_bytes)

    def adopt(self, file_id: str, *, shared_id: str) -> None:
        """Let the file that all parts are slices of become `file_id`, as it is.

        Safe to call again.  Raises StoredFileMissing.
        """
        sealed = named(self._sealed, FILE_ID, file_id)
        with suppress(FileNotFoundError):
            named(self._incoming, FILE_ID, shared_id).rename(sealed)
        if not sealed.exists():
            raise StoredFileMissing
        with suppress(FileNotFoundError):
            (self._digests / shared_id).rename(self._digests / file_id)

    def gather(self, file_id: str, places: Iterable[tuple[Place, int]]) -> None:
        """Copy (place, length) one behind the other, to become `file_id`.

        Safe to call again.  Raises StoredFileMissing, DiskFull.
        """
        with (
            missing_told(),
            disk_full_told(),
            FileIO(named(self._sealed, FILE_ID, file_id), "w") as file,
        ):
            end = 0
            for place, length_bytes in places:
                with FileIO(named(self._incoming, FILE_ID, place.file_id)) as part:
                    copy_to(
                        part,
                        file,
                        offset_bytes=end,
                        from_bytes=place.offset_bytes,
                        length_bytes=length_bytes,
                    )
                end += length_bytes
            sync_data(file.fileno())

    def slices_size_bytes(self, shared_id: str) -> int:
        """Of all slices that ever were in it.  Raises StoredFileMissing."""
        with missing_told():
            return named(self._incoming, FILE_ID, shared_id).stat().st_size

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
            size_bytes = os.fstat(part.fileno()).st_size
            copy_to(part, file, offset_bytes=offset_bytes, length_bytes=size_bytes)
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

    def finish(self, file_id: str, *, on_sent: OnSent = not_of_interest) -> None:
        """Move the file to its last place, durably; safe to call again.

        Raises StoredFileMissing, StoreUnavailable, and what `on_sent` raises: see FinishedFiles.
        """
        sealed = named(self._sealed, FILE_ID, file_id)
        source = sealed if sealed.exists() else self._incoming / file_id
        if self.elsewhere and not self._finished.has(file_id):
            self.elsewhere.keep(file_id, source, on_sent=on_sent)
        else:
            self._finished.keep(file_id, source)

    # --- finished

    def is_finished(self, file_id: str) -> bool:
        """Raises StoreUnavailable."""
        is_here = self._finished.has(file_id)
        return is_here or (self.elsewhere is not None and self.elsewhere.has(file_id))

    def open_finished(self, file_id: str) -> BinaryIO:
        """To be read from any offset (`seek`); the caller closes it.

        Raises StoredFileMissing, StoreUnavailable; reading may raise StoreUnavailable as well.
        """
        try:
            return self._finished.open(file_id)
        except StoredFileMissing:
            if self.elsewhere is None:
                raise
            return self.elsewhere.open(file_id)

    def local_file(
        self, file_id: str, *, on_copied: OnSent = not_of_interest
    ) -> AbstractContextManager[Path]:
        """A path of the finished file, for as long as the `with` block lasts; not to be written.

        There may be nothing at it.  Where a copy has to be made first, `on_copied` is told how far
        it is.  Raises StoredFileMissing, StoreUnavailable and DiskFull then.
        """
        here = self._finished.path(file_id)
        if not self.elsewhere:
            return nullcontext(here)
        return self._copies.holding(
            file_id,
            self.open_finished,
            here=here,
            require_free=self.require_free,
            on_copied=on_copied,
        )

    def finished_path(self, file_id: str) -> Path:
        """Where the finished file is on this disk, if it is."""
        return self._finished.path(file_id)

    def left_here(self) -> Iterator[str]:
        """Ids of finished files on this disk."""
        return self._finished.ids()

    def move_away(self, file_id: str, *, on_sent: OnSent = not_of_interest) -> None:
        """Move a finished file elsewhere; one that is being used goes from here at a later call.

        Raises StoreUnavailable, StoredFileMissing and what `on_sent` raises.
        """
        assert self.elsewhere
        here = self._finished.path(file_id)
        source = named(self._sealed, FILE_ID, file_id)
        with suppress(FileExistsError, FileNotFoundError):  # of an earlier call; moved meanwhile
            source.hardlink_to(here)
        self.elsewhere.keep(file_id, source, on_sent=on_sent)
        remove_unused(here)

    # --- removing

    def delete(self, file_id: str) -> None:
        """Remove every byte of an upload, wherever it is; its writers stop."""
        self.delete_unfinished(file_id)
        self._finished.delete(file_id)
        self._copies.delete(file_id)
        if self.elsewhere:
            self.elsewhere.delete(file_id)

    def delete_unfinished(self, file_id: str) -> None:
        """The same, of one that was never finished: nothing of it can be elsewhere."""
        for folder in (self._incoming, self._sealed, self._digests):
            named(folder, FILE_ID, file_id).unlink(missing_ok=True)
        self.delete_parts(file_id)

    def delete_part(self, part_name: str) -> None:
        named(self._parts, PART_NAME, part_name).unlink(missing_ok=True)

    def delete_parts(self, file_id: str) -> None:
        for path in self._parts.glob(f"{named(self._parts, FILE_ID, file_id).name}.*"):
            path.unlink(missing_ok=True)

    def old_files(self, *, before: datetime) -> Iterator[str]:
        """Ids of the files on this disk that nobody wrote to since then; one may come twice."""
        for folder in (self._incoming, self._sealed, self._digests):
            yield from old_names(folder, FILE_ID, before=before)
        yield from self._finished.old(before=before)

    def old_parts(self, *, before: datetime) -> Iterator[str]:
        """Names of the parts that nobody wrote to since then."""
        yield from old_names(self._parts, PART_NAME, before=before)

    def remove_copies(self, *, before: datetime) -> None:
        """Remove the copies that nobody has used since then."""
        self._copies.remove(before=before)
