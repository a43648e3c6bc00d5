"""What a file would become: its dialect, its columns, its first rows, and what to look at."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from apiapp.imports.errors import NoRows, TooManyColumns
from apiapp.imports.pipeline.check import check, readable
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.infer import Evidence
from apiapp.imports.pipeline.readers import DelimitedReader, Records
from apiapp.imports.pipeline.sample import sample_records
from apiapp.imports.pipeline.schema import ColumnSpec, named_columns
from apiapp.imports.pipeline.sniff import HEAD_BYTES, sniff

SHOWN_ROWS = 20
CHECKED_ROWS = 1000  # the beginning is checked as the load will, to warn of what it would refuse


@dataclass(frozen=True, slots=True)
class Proposal:
    """rows: the first rows as they are in the file.  labels: the header's cells, [] without one.

    warnings: sentences.
    """

    dialect: Dialect
    reasons: dict[str, str]
    labels: list[str]
    columns: list[ColumnSpec]
    rows: list[list[str]]
    warnings: list[str]


def propose(
    file: BinaryIO,
    *,
    size_bytes: int,
    column_limit: int,
    asked: Mapping[str, Any] | None = None,
) -> Proposal:
    """Look at an open file; `asked` overrides parts of the dialect.

    Raises UnreadableFile, and BadDialect for what is asked.
    """
    head = file.read(HEAD_BYTES)
    sniffed = sniff(head, is_whole=len(head) >= size_bytes, asked=asked)
    file.seek(0)
    labels, first = beginning(file, sniffed.dialect)
    width = len(labels) or len(first.rows[0])
    if width > column_limit:
        raise TooManyColumns(columns=width, limit=column_limit)
    file.seek(0)
    columns = typed_columns(
        named_columns(labels or [""] * width),
        sample_records(file, size_bytes=size_bytes, dialect=sniffed.dialect, width=width),
    )
    return Proposal(
        dialect=sniffed.dialect,
        reasons=sniffed.reasons,
        labels=labels,
        columns=columns,
        rows=[[readable(cell) for cell in row] for row in first.rows[:SHOWN_ROWS]],
        warnings=warnings(labels, columns, first),
    )


def beginning(file: BinaryIO, dialect: Dialect) -> tuple[list[str], Records]:
    """The header's cells and the first batch of records.  Raises UnreadableFile."""
    reader = DelimitedReader(file, dialect)
    labels = reader.header()
    rows: list[list[str]] = []
    for records in reader.batches():
        rows += records.rows
        if len(rows) >= CHECKED_ROWS:
            break
    if not rows:
        raise NoRows
    return labels, Records(1, rows[:CHECKED_ROWS])


def typed_columns(
    columns: Sequence[ColumnSpec], samples: Iterable[Sequence[Sequence[str]]]
) -> list[ColumnSpec]:
    evidence = [Evidence() for _ in columns]
    for rows in samples:
        for one, cells in zip(evidence, zip(*rows, strict=True), strict=False):
            one.add(cells)
    return [replace(column, type=one.type()) for column, one in zip(columns, evidence, strict=True)]


def warnings(labels: Sequence[str], columns: Sequence[ColumnSpec], first: Records) -> list[str]:
    """What the person should look at before the load."""
    found = []
    unnamed = [column.label for column, label in zip(columns, labels, strict=False) if not label]
    if unnamed:
        found.append(f"Columns without a name are called {', '.join(unnamed)}.")
    twice = [label for label, count in Counter(labels).items() if label and count > 1]
    if twice:
        found.append(f"Several columns are called {', '.join(twice)}.")
    checked = check(first, columns)
    if checked.rows_refused:
        refusal = checked.refusals[0]
        found.append(
            f"{checked.rows_refused:,} of the first {len(first.rows):,} rows would be refused; "
            f"row {refusal.row_number}: {refusal.reason}"
        )
    return found
