"""What every form of export is: something that turns batches of rows into the bytes of a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

# Rows column by column, at least one of them.  Values are None, str (text, JSON, on SQLite also a
# UUID), int, Decimal, float, bool, date, datetime in UTC, UUID.
Batch = Sequence[Sequence[Any]]
# Of columns of decimals: digits before and behind the point, at most.
Widths = dict[str, tuple[int, int]]
Writer = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the file.  name: as in the database and in JSON.  label: as people call it."""

    name: str
    label: str
    type: str


class Form(Protocol):
    """One file.  Each method returns what is to be sent by then, maybe nothing.

    What is kept for later does not grow with the file.
    """

    def begin(self, widths: Widths) -> bytes:
        """Called once, first.  widths: empty unless the form's kind `wants_widths`."""

    def add(self, batch: Batch) -> bytes: ...

    def end(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """media_type: of the whole file.  wants_widths: its head says how long decimals are."""

    suffix: str
    media_type: str
    wants_widths: bool = False


CSV = Kind("csv", "text/csv; charset=utf-8")
JSON_LINES = Kind("jsonl", "application/x-ndjson")
EXCEL = Kind("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
PARQUET = Kind("parquet", "application/vnd.apache.parquet", wants_widths=True)
KINDS = {kind.suffix: kind for kind in (CSV, JSON_LINES, EXCEL, PARQUET)}


def written(column: Sequence[Any], writer: Writer | None) -> Sequence[Any]:
    """The column, its values but the empty ones written by `writer`."""
    if writer is None:
        return column
    return [value if value is None else writer(value) for value in column]


def written_batch(batch: Batch, writers: Sequence[Writer | None]) -> list[Sequence[Any]]:
    return [written(column, writer) for column, writer in zip(batch, writers, strict=True)]
