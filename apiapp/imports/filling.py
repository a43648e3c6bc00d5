"""How a staging table gets its rows: by a fast lane where there is one, else in Python."""

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from apiapp.imports.lanes import Lane, LaneLeft
from apiapp.imports.loaders import Loader, Staging
from apiapp.imports.models import RefusedCell
from apiapp.imports.pipeline.check import Batch, check
from apiapp.imports.pipeline.readers import RecordSource
from apiapp.imports.pipeline.schema import ColumnSpec

logger = logging.getLogger(__name__)

DUCKDB, PYTHON = "duckdb", "python"

# Told how many bytes of the file are dealt with, often; may raise to stop.
OnLoaded = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Feed:
    """Where rows come from.  source: gives them from the start.  lane: to be tried first."""

    source: Callable[[], RecordSource]
    lane: Lane | None = None


@dataclass(slots=True)
class Counts:
    """lane: which one loaded the rows."""

    lane: str
    refused: int = 0
    last_row: int = 0

    def refuse(self, count: int) -> None:
        self.refused += count


def fill(
    loader: Loader,
    staging: Staging,
    feed: Feed,
    columns: Sequence[ColumnSpec],
    on_loaded: OnLoaded,
) -> Counts:
    """A lane that has doubts leaves nothing behind: the table is made anew, and filled in Python."""
    on_loaded(0)
    if feed.lane:
        try:
            return fill_by_lane(loader, staging, feed.lane, columns, on_loaded)
        except LaneLeft as error:
            logger.info("Import %s is loaded in Python: %s", staging.import_id, error)
            loader.close()
            refused = RefusedCell.objects.filter(import_id=staging.import_id)
            refused._raw_delete(refused.db)
            loader.create()
    return fill_in_python(loader, feed.source(), columns, on_loaded)


def fill_by_lane(
    loader: Loader,
    staging: Staging,
    lane: Lane,
    columns: Sequence[ColumnSpec],
    on_loaded: OnLoaded,
) -> Counts:
    """Raises LaneLeft, and whatever `on_loaded` raises."""
    counts = Counts(DUCKDB)
    with closing(lane.portions(staging, columns)) as portions:
        for portion in portions:
            if portion.batch.row_numbers or portion.batch.refusals:
                loader.load(without_skipped(portion.batch, columns))
            counts.refuse(portion.batch.rows_refused)
            counts.last_row = portion.last_row
            on_loaded(portion.done_bytes)
    return counts


def fill_in_python(
    loader: Loader, source: RecordSource, columns: Sequence[ColumnSpec], on_loaded: OnLoaded
) -> Counts:
    counts = Counts(PYTHON)
    for records in source.batches():
        batch = check(records, columns)
        loader.load(without_skipped(batch, columns))
        counts.refuse(batch.rows_refused)
        counts.last_row = records.first_row + len(records.rows) - 1
        on_loaded(source.bytes_read)
    return counts


def without_skipped(batch: Batch, columns: Sequence[ColumnSpec]) -> Batch:
    if all(column.name for column in columns):
        return batch
    kept = [cells for column, cells in zip(columns, batch.columns, strict=True) if column.name]
    return replace(batch, columns=kept)
