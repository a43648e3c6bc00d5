"""What a file would become: its dialect, its columns, its first rows, and what to look at."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from apiapp.imports.errors import NoRows, TooManyColumns
from apiapp.imports.pipeline.check import Batch, check, readable
from apiapp.imports.pipeline.convert import convert_column
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.hints import Doubts, Hint
from apiapp.imports.pipeline.infer import Evidence
from apiapp.imports.pipeline.local_forms import FORMS_OF
from apiapp.imports.pipeline.readers import DelimitedReader, Records
from apiapp.imports.pipeline.sample import Beginning, LookedEnough, sample_records
from apiapp.imports.pipeline.schema import ColumnSpec, named_columns
from apiapp.imports.pipeline.seen_cells import SeenCells
from apiapp.imports.pipeline.sniff import sniff_file

SHOWN_ROWS = 20
# The beginning is checked as the load will, to warn of what it would refuse: so many rows, or as
# many as are in so many bytes.  A first row is looked for further on.
CHECKED_ROWS, CHECKED_BYTES = 1000, 8 << 20
FIRST_ROW_WITHIN_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Proposal:
    """rows: the first rows as they are in the file.  labels: the header's cells, [] without one.

    notes: sentences about the file.  confidence: of each decision, from 0 to 1.  choices: of the
    file's members and sheets, where there are several.  beginning: what was checked against the
    columns as a load will.
    """

    dialect: Dialect
    reasons: dict[str, str]
    labels: list[str]
    columns: list[ColumnSpec]
    rows: list[list[str]]
    notes: list[str]
    beginning: Records
    choices: dict[str, list[str]] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    hints: list[Hint] = field(default_factory=list)

    @property
    def warnings(self) -> list[str]:
        """What the person should look at before the load."""
        return [*self.notes, *refused_warning(self.beginning, self.checked)]

    @property
    def checked(self) -> Batch:
        return check(self.beginning, self.columns)


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
    sniffed = sniff_file(file, size_bytes=size_bytes, asked=asked)
    file.seek(0)
    labels, first = beginning(file, sniffed.dialect)
    width = len(labels) or len(first.rows[0])
    if width > column_limit:
        raise TooManyColumns(columns=width, limit=column_limit)
    file.seek(0)
    columns, hints = looked_at(
        named_columns(labels or [""] * width),
        sample_records(file, size_bytes=size_bytes, dialect=sniffed.dialect, width=width),
        sniffed.dialect,
    )
    return Proposal(
        dialect=sniffed.dialect,
        reasons=sniffed.reasons,
        labels=labels,
        columns=columns,
        rows=[[readable(cell) for cell in row] for row in first.rows[:SHOWN_ROWS]],
        notes=[*notes_on_names(labels, columns), *note_on_quotes(first)],
        beginning=first,
        confidence=sniffed.confidence,
        hints=hints,
    )


def likely_form(column: ColumnSpec, cells: Sequence[str]) -> str:
    """The form in which the most of `cells` are values of the column's type; the plain one first."""
    forms = ("", *FORMS_OF.get(column.type, ()))
    return min(forms, key=lambda form: len(convert_column(column.type, cells, form)[1]))


def beginning(file: BinaryIO, dialect: Dialect) -> tuple[list[str], Records]:
    """The header's cells and the first batch of records.  Raises UnreadableFile."""
    reader = DelimitedReader(Beginning(file, FIRST_ROW_WITHIN_BYTES), dialect)
    labels: list[str] = []
    rows: list[list[str]] = []
    mended: list[int] = []
    with suppress(LookedEnough):
        labels = reader.header()
        for records in reader.batches():
            mended += [len(rows) + index for index in records.mended]
            rows += records.rows
            if len(rows) >= CHECKED_ROWS or reader.bytes_read > CHECKED_BYTES:
                break
    if not rows:
        raise NoRows
    return labels, Records(
        1, rows[:CHECKED_ROWS], mended=[index for index in mended if index < CHECKED_ROWS]
    )


def looked_at(
    columns: Sequence[ColumnSpec],
    samples: Iterable[Sequence[Sequence[str]]],
    dialect: Dialect = Dialect(),  # noqa: B008  frozen
) -> tuple[list[ColumnSpec], list[Hint]]:
    """The columns with the types, and the local forms, that their cells speak for, and what stands
    against them.
    """
    evidence = [
        Evidence(decimal_mark=dialect.decimal_mark, date_order=dialect.date_order) for _ in columns
    ]
    doubts = [Doubts() for _ in columns]
    for rows in samples:
        for one, doubt, cells in zip(evidence, doubts, zip(*rows, strict=True), strict=False):
            seen = SeenCells(cells)
            one.add(seen)
            doubt.add(seen)
    told = [one.local_type() for one in evidence]
    hints = [
        doubt.hint(column.label, type_, form)
        for column, doubt, (type_, form) in zip(columns, doubts, told, strict=True)
    ]
    typed = [
        replace(column, type=type_, form=form)
        for column, (type_, form) in zip(columns, told, strict=True)
    ]
    return typed, [hint for hint in hints if hint]


def notes_on_names(labels: Sequence[str], columns: Sequence[ColumnSpec]) -> list[str]:
    found = []
    unnamed = [column.label for column, label in zip(columns, labels, strict=False) if not label]
    if unnamed:
        found.append(f"Columns without a name are called {', '.join(unnamed)}.")
    twice = [label for label, count in Counter(labels).items() if label and count > 1]
    if twice:
        found.append(f"Several columns are called {', '.join(twice)}.")
    return found


def note_on_quotes(first: Records) -> list[str]:
    if not first.mended:
        return []
    rows = f"{len(first.mended):,} of the first {len(first.rows):,} rows"
    number = first.first_row + first.mended[0]
    return [f"The quotes do not match in {rows} and are kept as text; the first is row {number}."]


def refused_warning(first: Records, checked: Batch) -> list[str]:
    if not checked.rows_refused:
        return []
    refusal = checked.refusals[0]
    return [
        f"{checked.rows_refused:,} of the first {len(first.rows):,} rows would be refused; "
        f"row {refusal.row_number}: {refusal.reason}"
    ]
