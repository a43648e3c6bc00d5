"""Queries that end after a while."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from time import monotonic
from typing import TypeVar

from django.db import DataError, OperationalError, connections, transaction

from apiapp.imports.routers import DATASETS

T = TypeVar("T")
LOOK_EVERY = 20_000  # steps of SQLite's machine, well below a millisecond


class TooSlow(Exception):
    """The database was not done in time."""


@contextmanager
def at_most(limit_s: float) -> Iterator[None]:
    """Raises TooSlow when what is asked of the tables inside takes longer, each or altogether."""
    connection = connections[DATASETS]
    deadline = monotonic() + limit_s
    try:
        if connection.vendor == "postgresql":
            with transaction.atomic(using=DATASETS), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {max(1, int(limit_s * 1000))}")
                yield
            return
        connection.ensure_connection()
        connection.connection.set_progress_handler(lambda: monotonic() > deadline, LOOK_EVERY)
        try:
            yield
        finally:
            connection.connection.set_progress_handler(None, 0)
    except OperationalError as error:
        if monotonic() < deadline:
            raise
        raise TooSlow from error


def in_range(compute: Callable[[], T]) -> T | None:
    """None where numbers are larger than the database computes with; inside of at_most."""
    is_postgres = connections[DATASETS].vendor == "postgresql"
    try:
        with transaction.atomic(using=DATASETS) if is_postgres else nullcontext():
            return compute()
    except DataError:
        return None
