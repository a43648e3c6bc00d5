"""Verified files in a folder of this machine.  Blocking."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from apiapp.uploads.disk import missing_told, sync_folder
from apiapp.uploads.errors import StoredFileMissing
from apiapp.uploads.names import FILE_ID, named, old_names
from apiapp.uploads.stores.base import OnSent, not_of_interest


class FinishedFolder:
    """Moves files within one file system: at once, whatever their size."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def keep(self, file_id: str, source: Path, *, on_sent: OnSent = not_of_interest) -> None:
        with suppress(FileNotFoundError):  # it is here
            source.rename(self.path(file_id))
        if not self.has(file_id):
            raise StoredFileMissing
        sync_folder(self._folder)

    def has(self, file_id: str) -> bool:
        return self.path(file_id).exists()

    def open(self, file_id: str) -> BinaryIO:
        with missing_told():
            return self.path(file_id).open("rb")

    def delete(self, file_id: str) -> None:
        self.path(file_id).unlink(missing_ok=True)

    def path(self, file_id: str) -> Path:
        return named(self._folder, FILE_ID, file_id)

    def ids(self) -> Iterator[str]:
        return (each.name for each in self._folder.iterdir() if FILE_ID.fullmatch(each.name))

    def old(self, *, before: datetime) -> Iterator[str]:
        return old_names(self._folder, FILE_ID, before=before)
