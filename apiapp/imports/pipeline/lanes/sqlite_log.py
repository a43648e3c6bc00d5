"""SQLite's log is copied to the database beside the load, which so does not wait for the disk."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

# Of the log, at a time; what is copied twice, because it changed in between, is little.
COPIED_PAGES = 4000
# So long the log gets while rows are appended.  It begins anew only where all of it was copied.
LIMIT_PAGES = 24_000

# Copies what there is of the log; returns how many pages the log has.
Checkpoint = Callable[[], int]


class LogCopier:
    """Sees to it that the log is copied while the next rows are written."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """checkpoint: called by one thread at a time, which need not be the same each time."""
        self._checkpoint = checkpoint
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="log-copier")
        self._copying: Future[int] | None = None
        self._new_pages = 0.0

    def wrote(self, pages: float) -> None:
        """Told after a commit, between transactions.  Raises what a checkpoint raises.

        It waits where the disk is slower than the load, and where the log is at its limit.
        """
        self._new_pages += pages
        if self._new_pages < COPIED_PAGES:
            return
        self._new_pages = 0.0
        log_pages = self._copying.result() if self._copying else 0
        self._copying = self._thread.submit(self._checkpoint)
        if log_pages + COPIED_PAGES >= LIMIT_PAGES:
            self._copying.result()

    def close(self) -> None:
        """Wait for what is under way."""
        self._thread.shutdown()
