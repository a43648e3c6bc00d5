"""The refused rows of an import as they stand in its file, to be mended and imported again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path

from django.db.models import QuerySet

from apiapp.imports.csv_lines import csv_line
from apiapp.imports.mapping import REASONS_COLUMN, ROW_COLUMN
from apiapp.imports.models import Import, RefusedCell
from apiapp.imports.pipeline.check import readable
from apiapp.imports.pipeline.containers import Limits
from apiapp.imports.pipeline.opening import opened
from apiapp.imports.pipeline.readers import RecordSource
from apiapp.imports.pipeline.schema import from_dicts

Told = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Part:
    """Which of the refused rows: those with a cell that was refused in `column`, for a reason of
    this `kind`, "" for any; that come after the row of a number; so many at most, None for all.
    """

    column: str = ""
    kind: str = ""
    after: int = 0
    limit: int | None = None

    def among(self, cells: QuerySet[RefusedCell]) -> QuerySet[RefusedCell]:
        """The cells themselves that are meant."""
        wanted = {"column": self.column, "kind": self.kind}
        return cells.filter(**{name: value for name, value in wanted.items() if value})


ALL = Part()


def cells_of(row: Import) -> QuerySet[RefusedCell]:
    return RefusedCell.objects.filter(import_id=row.pk)


def lines(row: Import, path: Path, limits: Limits, part: Part = ALL) -> Iterator[str]:
    """CSV: the row's number, its cells, and why it was refused; the header first.

    The cells are as they stand in the file, so that what is mended goes back as it came.
    """
    with opened(path, asked=row.dialect, limits=limits) as content:
        yield from lines_of(row, content.source(), part)


def lines_of(row: Import, source: RecordSource, part: Part) -> Iterator[str]:
    labels = [column.label for column in from_dicts(row.columns)]
    yield csv_line([ROW_COLUMN, *labels, REASONS_COLUMN])
    told = islice(reasons(row, part), part.limit)
    awaited = next(told, None)
    for records in source.batches() if awaited else ():
        last = records.first_row + len(records.rows) - 1
        while awaited and awaited[0] <= last:
            number, why = awaited
            cells = records.rows[number - records.first_row]
            yield csv_line([number, *fitted(cells, len(labels)), why])
            awaited = next(told, None)
        if not awaited:
            return


def reasons(row: Import, part: Part = ALL) -> Iterator[Told]:
    """Number of a refused row and all that was wrong with it, in the order of the file."""
    cells = cells_of(row).filter(row_number__gt=part.after)
    if part.column or part.kind:
        cells = cells.filter(row_number__in=part.among(cells_of(row)).values("row_number"))
    in_order = cells.order_by("row_number", "pk").iterator()
    for number, found in groupby(in_order, key=attrgetter("row_number")):
        yield number, "; ".join(f"{each.column}: {each.reason}" for each in found)


def fitted(cells: Sequence[str], width: int) -> list[str]:
    """As many cells as there are columns; what is too much stays in the last one."""
    shown = [readable(cell) for cell in cells]
    if len(shown) <= width:
        return shown + [""] * (width - len(shown))
    return [*shown[: width - 1], ", ".join(shown[width - 1 :])]
