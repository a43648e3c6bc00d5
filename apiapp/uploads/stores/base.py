"""Where verified files stay: what every such place can do.  Blocking."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

OnSent = Callable[[int], None]


def not_of_interest(done_bytes: int) -> None:
    """Nobody asks how far it is."""


class FinishedFiles(Protocol):
    """A file is there whole or not at all, and is never changed.

    What lies on other machines may not be reachable: every method raises StoreUnavailable then,
    but `delete`, which is done later.
    """

    def keep(self, file_id: str, source: Path, *, on_sent: OnSent = not_of_interest) -> None:
        """Move the file `source` here, durably.  Safe to call again, and in two processes at once.

        `on_sent` is told how many bytes are there; what it raises stops the work.  A run that
        broke off is gone on with.  Raises StoredFileMissing: the file is neither there nor here.
        """

    def has(self, file_id: str) -> bool:
        """Whether the file is here."""

    def open(self, file_id: str) -> BinaryIO:
        """The file, to be read from any offset; the caller closes it.  Raises StoredFileMissing."""

    def delete(self, file_id: str) -> None:
        """Safe to call again, and for a file that never was."""


class Elsewhere(FinishedFiles, Protocol):
    """A place that others may use as well: what is unknown there is not to be touched."""

    def kept(self, *, before: datetime) -> Iterator[str]:
        """Ids of the files that came before then."""

    def begun(self, *, before: datetime) -> Iterator[str]:
        """Ids of the files of which parts came, the first of them before then; and no end."""

    def forget_begun(self, file_id: str) -> None:
        """Delete the parts of a file that will never be whole."""
