"""Whether another connection may have changed the rows of jobs: asked often, so it must be cheap.

A question costs some 20 µs where the database tells; asking the rows themselves costs a millisecond.
"""

from typing import Any, Protocol

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

CHANNEL = "sluice_jobs"


class News(Protocol):
    """What a dispatcher asks before it asks for rows.  Used by the thread that has the connection."""

    def has_come(self) -> bool:
        """Whether there may be something new since the last call.  Raises DatabaseError."""


class SqliteVersion:
    """Any commit of another connection is news (sqlite.org/pragma.html, data_version)."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._seen: tuple[object, int] | None = None

    def has_come(self) -> bool:
        with self._connection.cursor() as cursor:
            (version,) = cursor.execute("PRAGMA data_version").fetchone()
        before, self._seen = self._seen, (self._connection.connection, version)
        return self._seen != before  # the numbers of two connections say nothing of one another


class PostgresNotices:
    """What `tell_workers` said is news."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._listening: Any = None  # the driver's connection

    def has_come(self) -> bool:
        self._connection.ensure_connection()
        driver = self._connection.connection
        with self._connection.wrap_database_errors:
            if driver is self._listening:
                return any([True for _ in driver.notifies(timeout=0)])
            driver.execute(f"LISTEN {CHANNEL}")
        self._listening = driver
        return True  # what was said before was not heard


def news_over(connection: BaseDatabaseWrapper) -> News | None:
    """None: this database tells of nothing."""
    kinds: dict[str, type[SqliteVersion] | type[PostgresNotices]] = {
        "sqlite": SqliteVersion,
        "postgresql": PostgresNotices,
    }
    kind = kinds.get(connection.vendor)
    return kind(connection) if kind else None


def tell_workers() -> None:
    """Once the caller's transaction commits: a job is to be done, or a slot has become free."""
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")
