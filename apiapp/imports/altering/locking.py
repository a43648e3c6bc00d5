"""Short exclusive locks on a table that others read.

A change of a table waits until nobody reads it, and whoever comes meanwhile waits behind it: one
long reader would stop them all.  So it waits for a moment only, gives way, and tries again.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg.errors
from django.db import OperationalError, connections

from apiapp.imports.errors import TableInUse
from apiapp.imports.loaders import run
from apiapp.imports.routers import DATASETS

LOCK_WAIT_MS = 250
PATIENCE_S = 15.0
PAUSES_S = (0.05, 0.4)
IN_THE_WAY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
SQLITE_LOCKED = "database is locked"

T = TypeVar("T")


def wait_shortly() -> None:
    """In the current transaction, for any lock."""
    if connections[DATASETS].vendor == "postgresql":
        run(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}")


def patiently(change: Callable[[], T], *, patience_s: float = PATIENCE_S) -> T:
    """What `change` returns, a transaction of its own that calls `wait_shortly` first.

    Raises TableInUse if others were in the way for `patience_s`.
    """
    deadline_s = time.monotonic() + patience_s
    while True:
        try:
            return change()
        except OperationalError as error:
            if not is_in_the_way(error):
                raise
            if time.monotonic() > deadline_s:
                raise TableInUse from error
        time.sleep(random.uniform(*PAUSES_S))  # nosec B311 # no secret


def is_in_the_way(error: OperationalError) -> bool:
    return isinstance(error.__cause__, IN_THE_WAY) or SQLITE_LOCKED in str(error)
