"""A table as it comes out of a binary format, and what was decided to read it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

CELL_LIMIT_CHARS = 1 << 20
BATCH_ROWS = 10_000
BATCH_CELLS = 500_000


@dataclass(slots=True)
class Table:
    """header: [] where the rows have none.  types: of each column, "" where its text decides.

    dialect: the fields that were decided, `reasons` why.  choices: for `sheet`, the values that
    can be asked for.  batches: how far the reading is, from 0 to 1, and rows of text cells.
    """

    header: list[str]
    batches: Iterator[tuple[float, list[list[str]]]]
    types: list[str] = field(default_factory=list)
    dialect: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
