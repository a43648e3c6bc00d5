"""The load itself: may be killed at any moment and run again, and is visible whole or not at all."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop

from apiapp.imports import hidden, planning, tables
from apiapp.imports.errors import BadColumns, FileGone, ImportFailed, UnknownImport
from apiapp.imports.loaders import Loader, Staging, loader_for
from apiapp.imports.models import Dataset, Import, LoadLedger
from apiapp.imports.pipeline import dialect
from apiapp.imports.pipeline.check import check
from apiapp.imports.pipeline.readers import DelimitedReader, RecordSource
from apiapp.imports.pipeline.schema import ColumnSpec, from_dicts
from apiapp.jobs.errors import JobCancelled
from apiapp.uploads import services as uploads
from apiapp.uploads.storage import FileStore

LOADING = gettext_noop("Checking and loading rows")
FINDING_DUPLICATES = gettext_noop("Looking for duplicates")
FINISHING = gettext_noop("Making the rows visible")

Clock = Callable[[], datetime]


class OnProgress(Protocol):
    """Told how far the load is, often.  Raises JobCancelled or LeaseLost to stop it."""

    def __call__(
        self, done: int, total: int | None = None, unit: str = "", message: str = ""
    ) -> None: ...


@dataclass(slots=True)
class Counts:
    loaded: int = 0
    refused: int = 0
    last_row: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a load says how far it is: in bytes of `total`."""

    say: OnProgress
    total: int

    def report(self, done: int, message: str) -> None:
        self.say(min(done, self.total), self.total, "bytes", message)


def run_upload(
    *, import_id: int, store: FileStore, on_progress: OnProgress, clock: Clock
) -> dict[str, Any]:
    """Load the upload of an import.  Raises UnknownImport, FileGone, and as `run_file`."""
    row = Import.objects.select_related("dataset", "upload").filter(pk=import_id).first()
    if row is None:
        raise UnknownImport
    if row.upload is None:
        hidden.discard(row)
        raise FileGone
    path = uploads.path_of(row.upload, store)
    return run_file(row=row, path=path, on_progress=on_progress, clock=clock)


def run_file(*, row: Import, path: Path, on_progress: OnProgress, clock: Clock) -> dict[str, Any]:
    """Load a file; done twice, done once.  Returns what came out.

    Raises an ImportFailed that says why, or JobCancelled: then nothing is left of it.
    """
    if applied := tables.was_applied(row.pk):  # an earlier run died before it could say so
        return conclude(row, applied)
    with discarded_on(ImportFailed, JobCancelled, row=row):
        try:
            size_bytes = path.stat().st_size
            with path.open("rb", buffering=0) as file:
                source = DelimitedReader(file, dialect.from_dict(row.dialect))
                ledger = load(row, source, Progress(on_progress, size_bytes), clock)
        except FileNotFoundError as error:
            raise FileGone from error
    return conclude(row, ledger)


def run_records(
    *, row: Import, source: RecordSource, on_progress: OnProgress, clock: Clock
) -> dict[str, Any]:
    """Load records that are in memory."""
    with discarded_on(ImportFailed, JobCancelled, row=row):
        ledger = load(row, source, Progress(on_progress, 0), clock)
    return conclude(row, ledger)


@contextmanager
def discarded_on(*errors: type[BaseException], row: Import) -> Iterator[None]:
    """Leave nothing of the import when one of `errors` ends it."""
    try:
        yield
    except errors:
        hidden.discard(row)
        raise


def load(row: Import, source: RecordSource, progress: Progress, clock: Clock) -> LoadLedger:
    """Fill a staging table, then make it visible."""
    dataset = dataset_for(row)
    columns = current_columns(dataset, from_dicts(row.columns))
    is_kept = row.mode == Import.Mode.CREATE
    tables.drop_left_staging(row.pk)
    tables.forget_refusals(row.pk)
    staging = tables.new_staging(import_id=row.pk, columns=columns, is_kept=is_kept)
    with closing(loader_for(staging)) as loader:
        loader.create()
        counts = fill(loader, source, columns, progress)
        settle_duplicates(staging, dataset, counts, progress)
        loader.finish(last_row=counts.last_row)
        progress.report(source.bytes_read, FINISHING)
        ledger = LoadLedger(
            import_id=row.pk,
            rows_loaded=counts.loaded,
            rows_refused=counts.refused,
            applied_at=clock(),
        )
        tables.publish(staging, target=dataset.table_name, ledger=ledger)
    return ledger


def dataset_for(row: Import) -> Dataset:
    """The dataset to load into; one that went with an earlier failure is made anew.

    Raises DatasetExists, and BadColumns where the dataset to append to was deleted.
    """
    if row.dataset:
        return row.dataset
    if row.mode != Import.Mode.CREATE:
        raise BadColumns(f"the dataset {row.dataset_title!r} was deleted")
    with transaction.atomic():
        row.dataset = hidden.make(
            owner=row.owner,
            title=row.dataset_title,
            slug=hidden.slug_words(row.dataset_title) or planning.NAMELESS,
            columns=from_dicts(row.columns),
        )
        row.save(update_fields=["dataset"])
    return row.dataset


def current_columns(dataset: Dataset, planned: list[ColumnSpec]) -> list[ColumnSpec]:
    """The planned columns as the dataset has them now.  Raises BadColumns."""
    now = {column.name: column for column in planning.specs_of(dataset)}
    gone = [column.label for column in planned if column.name not in now]
    if gone:
        raise BadColumns(f"{dataset.slug!r} has no column {', '.join(gone)} now", columns=gone)
    return [now[column.name] for column in planned]


def fill(
    loader: Loader, source: RecordSource, columns: list[ColumnSpec], progress: Progress
) -> Counts:
    counts = Counts()
    progress.report(0, LOADING)
    for records in source.batches():
        batch = check(records, columns)
        loader.load(batch)
        counts.loaded += len(batch.row_numbers)
        counts.refused += batch.rows_refused
        counts.last_row = records.first_row + len(records.rows) - 1
        progress.report(source.bytes_read, LOADING)
    return counts


def settle_duplicates(
    staging: Staging, dataset: Dataset, counts: Counts, progress: Progress
) -> None:
    target = "" if staging.is_kept else dataset.table_name
    for column in staging.columns:
        if column.unique:
            progress.report(progress.total, FINDING_DUPLICATES)
            moved = tables.refuse_duplicates(staging, column=column, target=target)
            counts.loaded -= moved
            counts.refused += moved
    if staging.is_kept:
        tables.keep_unique(staging)


def conclude(row: Import, ledger: LoadLedger) -> dict[str, Any]:
    """Write beside the dataset what the ledger says; once, however often it is called."""
    assert row.dataset
    with transaction.atomic():
        is_news = Import.objects.filter(pk=row.pk, applied_at=None).update(
            applied_at=ledger.applied_at,
            rows_loaded=ledger.rows_loaded,
            rows_refused=ledger.rows_refused,
        )
        if is_news:
            dataset = Dataset.objects.filter(pk=row.dataset.pk)
            dataset.update(
                row_count=F("row_count") + ledger.rows_loaded, updated_at=ledger.applied_at
            )
            dataset.filter(published_at=None).update(published_at=ledger.applied_at)
    return {
        "import_id": row.pk,
        "dataset": row.dataset.slug,
        "rows_loaded": ledger.rows_loaded,
        "rows_refused": ledger.rows_refused,
    }
