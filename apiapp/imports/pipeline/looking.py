"""What any readable file would become: propose.py's answer for text, and the same for the rest."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from apiapp.imports.errors import NoRows, TooManyColumns
from apiapp.imports.pipeline.check import readable
from apiapp.imports.pipeline.containers import Limits
from apiapp.imports.pipeline.opening import FormatSource, Opened, opened
from apiapp.imports.pipeline.propose import (
    CHECKED_ROWS,
    SHOWN_ROWS,
    Proposal,
    looked_at,
    notes_on_names,
    propose,
)
from apiapp.imports.pipeline.readers import Records
from apiapp.imports.pipeline.schema import named_columns

# What types are told from, in a file that cannot be read from the middle.
SAMPLED_ROWS = 100_000
SAMPLED_BYTES = 32 << 20


def look(
    path: Path, *, column_limit: int, limits: Limits, asked: Mapping[str, Any] | None = None
) -> Proposal:
    """Look at a file; `asked` overrides parts of what is found.

    Raises UnreadableFile, FileNotFoundError, and BadDialect for what is asked.
    """
    with opened(path, asked=asked, limits=limits, is_preview=True) as content:
        if content.make:
            return propose_records(content, content.make(), column_limit=column_limit)
        proposal = propose(
            content.file,
            size_bytes=content.size_bytes,
            column_limit=column_limit,
            asked={**(asked or {}), **content.packing},
        )
        reasons = content.reasons | proposal.reasons
        return replace(proposal, reasons=reasons, choices=content.choices)


def propose_records(content: Opened, source: FormatSource, *, column_limit: int) -> Proposal:
    labels = source.header()
    batches = source.batches()
    first = next(batches, None)
    if first is None:
        raise NoRows
    width = len(labels) or len(first.rows[0])
    if not width:
        raise NoRows
    if width > column_limit:
        raise TooManyColumns(columns=width, limit=column_limit)
    inferred, hints = looked_at(
        named_columns(labels or [""] * width), samples(source, first, batches, width)
    )
    columns = [
        replace(column, type=source.type_of(index, column.type))
        for index, column in enumerate(inferred)
    ]
    texts = {column.label for column in columns if column.type == "text"}
    return Proposal(
        dialect=content.dialect,
        reasons=content.reasons,
        labels=labels,
        columns=columns,
        rows=[[readable(cell) for cell in row] for row in first.rows[:SHOWN_ROWS]],
        notes=[*content.warnings, *notes_on_names(labels, columns)],
        beginning=beginning_of(first),
        choices=content.choices,
        hints=[hint for hint in hints if hint.column in texts],
    )


def samples(
    source: FormatSource, first: Records, batches: Iterator[Records], width: int
) -> Iterator[list[list[str]]]:
    """The rows from the start that have the width."""
    count = 0
    for part in chain([first], batches):
        yield [row for row in part.rows if len(row) == width]
        count += len(part.rows)
        if count >= SAMPLED_ROWS or source.bytes_read > SAMPLED_BYTES:
            return


def beginning_of(first: Records) -> Records:
    broken = {index: reason for index, reason in first.broken.items() if index < CHECKED_ROWS}
    return Records(1, first.rows[:CHECKED_ROWS], broken=broken)
