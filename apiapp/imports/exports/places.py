"""How many exports one user may have under way at the same time, from one process.

Each holds a thread and a query, for as long as its client likes to take.
"""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock

from apiapp.imports.exports.errors import TooManyExports


class Places:
    """Of all users; used by all threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken: Counter[int] = Counter()

    @contextmanager
    def taken(self, *, user_id: int, most: int) -> Generator[None, None, None]:
        """One of `most` places of the user, for the length of the `with` block.

        Raises TooManyExports where all of them are taken.
        """
        with self._lock:
            if self._taken[user_id] >= most:
                raise TooManyExports(limit=most)
            self._taken[user_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[user_id] -= 1
                if not self._taken[user_id]:
                    del self._taken[user_id]
