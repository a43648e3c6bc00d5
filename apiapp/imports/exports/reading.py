"""The rows of a query as they were at one moment, batch by batch.

The moment is a transaction that ends before the first row is handed over: PostgreSQL keeps the
result aside (a cursor WITH HOLD), so that a client that reads slowly holds no lock.  An import
that swaps the table would have to wait for that lock, and every other reader behind it.  SQLite's
readers keep nobody waiting; there the transaction lasts as long as the reading.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DatabaseError, connections
from django.db.models import QuerySet
from psycopg.pq import TransactionStatus

from apiapp.imports.exports.forms import Batch, Widths, Writer, written_batch
from apiapp.imports.fields import plain_digits
from apiapp.imports.routers import DATASETS

BATCH_BYTES = 1024 * 1024  # about what a batch may have in memory
ROWS_FIRST, ROWS_MAX = 100, 1000
CELL_BYTES = 16  # of a value that is no text
CANCEL_S = 5.0


@dataclass(frozen=True, slots=True)
class Opened:
    """The query has run.  widths: of the decimals that were asked about."""

    widths: Widths


class Reading:
    """Iterate over it once, in any thread: first Opened, then batches.

    rows: a QuerySet of values_list.  types: of its columns, in order, by names that tell them
    apart.  decimals: those whose widths are wanted.  limit_s: how long the query may run, on
    PostgreSQL.  The connection is that of the thread that makes the Reading.
    """

    def __init__(
        self,
        rows: QuerySet[Any],
        types: Mapping[str, str],
        *,
        decimals: Sequence[str] = (),
        limit_s: float,
    ) -> None:
        self._connection = connections[DATASETS]
        self._control, self._cursor = self._connection.cursor(), self._connection.chunked_cursor()
        self._is_postgres = self._connection.vendor == "postgresql"
        self._owns_transaction = not self._connection.in_atomic_block
        self._limit_ms = int(limit_s * 1000)
        self._types = types
        self._decimals = decimals
        self._rows = statement_of(rows)
        self._unordered = statement_of(unordered(rows))

    def __iter__(self) -> Generator[Opened | Batch, None, None]:
        if not self._rows[0]:
            yield Opened(dict.fromkeys(self._decimals, (0, 0)))
            return
        try:
            self._begin()
            widths = self._widths()
            self._cursor.execute(*self._rows)
            if self._is_postgres and self._owns_transaction:
                self._control.execute("COMMIT")  # the database runs the query now, to its end
            yield Opened(widths)
            yield from self._batches()
        finally:
            self._end()

    def cancel(self) -> None:
        """From another thread: what is being asked of the database ends with an error."""
        raw = self._connection.connection
        if self._is_postgres:
            raw.cancel_safe(timeout=CANCEL_S)
        else:
            raw.interrupt()

    def _begin(self) -> None:
        if not self._owns_transaction:
            return
        if not self._is_postgres:
            self._control.execute("BEGIN DEFERRED")
            return
        self._control.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._control.execute(f"SET LOCAL statement_timeout = {self._limit_ms}")

    def _end(self) -> None:
        """Whatever came between, nothing of it is left on the connection."""
        with suppress(DatabaseError):
            self._cursor.close()
        if self._owns_transaction and self._is_in_transaction():
            self._control.execute("ROLLBACK")
        self._control.close()

    def _is_in_transaction(self) -> bool:
        raw = self._connection.connection
        if self._is_postgres:
            return bool(raw.info.transaction_status != TransactionStatus.IDLE)
        return bool(raw.in_transaction)

    def _widths(self) -> Widths:
        if not self._decimals:
            return {}
        if not self._is_postgres:
            self._connection.connection.create_function("digits_before", 1, digits_before)
            self._connection.connection.create_function("digits_behind", 1, digits_behind)
        before, behind = LENGTHS[self._connection.vendor]
        asked = ", ".join(
            f"MAX({length.format(f'column_{list(self._types).index(name)}')})"
            for name in self._decimals
            for length in (before, behind)
        )
        statement, parameters = self._unordered
        names = ", ".join(f"column_{at}" for at in range(len(self._types)))
        measured = f"WITH measured ({names}) AS ({statement}) SELECT {asked} FROM measured"  # nosec B608 # names of our own
        self._control.execute(measured, parameters)
        found = [length or 0 for length in self._control.fetchone()]
        return dict(zip(self._decimals, zip(found[::2], found[1::2], strict=True), strict=True))

    def _batches(self) -> Iterator[Batch]:
        readers = [READERS[self._connection.vendor].get(type_) for type_ in self._types.values()]
        wanted = ROWS_FIRST
        while rows := self._cursor.fetchmany(wanted):
            batch = written_batch(list(zip(*rows, strict=True)), readers)
            yield batch
            wanted = min(ROWS_MAX, 1 + BATCH_BYTES * len(rows) // size_of(batch))


def size_of(batch: Batch) -> int:
    """About how many bytes the values have."""
    texts = (value for column in batch for value in column if isinstance(value, str))
    return sum(map(len, texts)) + CELL_BYTES * len(batch) * len(batch[0])


def unordered(rows: QuerySet[Any]) -> QuerySet[Any]:
    same = rows.all()
    same.query.clear_ordering()  # unless they are limited: then it matters which come first
    return same


def statement_of(rows: QuerySet[Any]) -> tuple[str, Any]:
    """SQL and its parameters; no SQL where it is plain that no row fulfils the conditions."""
    try:
        return rows.query.get_compiler(DATASETS).as_sql()
    except EmptyResultSet:
        return "", ()


# --- what SQLite has no types for: see rows.py -------------------------------------------------------
def decimal_of(stored: int | float | str) -> Decimal:
    return Decimal(str(stored))


def in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


READERS: dict[str, dict[str, Writer]] = {
    "postgresql": {},
    "sqlite": {"decimal": decimal_of, "timestamp": in_utc},
}


def digits_before(stored: int | float | str | None) -> int:
    return (
        0 if stored is None else len(plain_digits(decimal_of(stored)).lstrip("-").partition(".")[0])
    )


def digits_behind(stored: int | float | str | None) -> int:
    return 0 if stored is None else len(plain_digits(decimal_of(stored)).partition(".")[2])


# How many digits a decimal has before and behind the point.
LENGTHS = {
    "postgresql": ("length(trunc(abs({}))::text)", "scale({})"),
    "sqlite": ("digits_before({})", "digits_behind({})"),
}
