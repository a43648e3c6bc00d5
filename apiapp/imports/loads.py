"""The load itself: may be killed at any moment and run again, and is visible whole or not at all."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop

from apiapp.imports import (
    added_columns,
    duplicates,
    events,
    filling,
    hidden,
    planning,
    publishing,
    references,
    retyped_columns,
    tables,
)
from apiapp.imports.columns import hold_to_key
from apiapp.imports.errors import BadColumns, FileGone, ImportFailed, UnknownImport
from apiapp.imports.filling import Counts, Feed
from apiapp.imports.lanes import lane_for
from apiapp.imports.loaders import Staging, loader_for
from apiapp.imports.mapping import specs_of
from apiapp.imports.models import Dataset, Import, LoadLedger
from apiapp.imports.pipeline.containers import Limits, OnUnpacked
from apiapp.imports.pipeline.opening import NO_LIMITS, opened
from apiapp.imports.pipeline.readers import RecordSource
from apiapp.imports.pipeline.schema import ColumnSpec, from_dicts
from apiapp.imports.publishing import Rules
from apiapp.imports.routers import DATASETS
from apiapp.jobs.errors import JobCancelled
from apiapp.uploads import services as uploads
from apiapp.uploads.errors import UploadError
from apiapp.uploads.storage import FileStore

FETCHING = gettext_noop("Fetching the file")
UNPACKING = gettext_noop("Unpacking the file")
LOADING = gettext_noop("Checking and loading rows")
FINDING_DUPLICATES = gettext_noop("Looking for duplicates")
FINISHING = gettext_noop("Making the rows visible")

KEEPS_ITS_TABLE = {Import.Mode.CREATE, Import.Mode.REPLACE}
COUNTED = (
    "rows_loaded",
    "rows_refused",
    "rows_inserted",
    "rows_updated",
    "rows_unchanged",
    "rows_skipped",
    "rows_deleted",
)

Clock = Callable[[], datetime]


class OnProgress(Protocol):
    """Told how far the load is, often.  Raises JobCancelled or LeaseLost to stop it."""

    def __call__(
        self, done: int, total: int | None = None, unit: str = "", message: str = ""
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a load says how far it is: in bytes of `total`."""

    say: OnProgress
    total: int

    def report(self, done: int, message: str) -> None:
        self.say(min(done, self.total), self.total, "bytes", message)

    def loading(self, done: int) -> None:
        self.report(done, LOADING)


def run_upload(
    *,
    import_id: int,
    store: FileStore,
    on_progress: OnProgress,
    clock: Clock,
    limits: Limits = NO_LIMITS,
) -> dict[str, Any]:
    """Load the upload of an import.  Raises UnknownImport, and as `run_file`.

    Of a file that lies elsewhere also StoredFileMissing and DiskFull; StoreUnavailable: to be run
    again later.
    """
    row = Import.objects.select_related("dataset", "upload").filter(pk=import_id).first()
    if row is None:
        raise UnknownImport
    if row.upload is None:
        hidden.discard(row)
        raise FileGone
    fetching = Progress(on_progress, row.upload.size or 0)
    fetched = uploads.local_file(
        row.upload, store, on_copied=lambda done: fetching.report(done, FETCHING)
    )
    with discarded_on(UploadError, JobCancelled, row=row), fetched as path:
        return run_file(row=row, path=path, on_progress=on_progress, clock=clock, limits=limits)


def run_file(
    *,
    row: Import,
    path: Path,
    on_progress: OnProgress,
    clock: Clock,
    limits: Limits = NO_LIMITS,
) -> dict[str, Any]:
    """Load a file; done twice, done once.  Returns what came out.

    Raises an ImportFailed that says why, or JobCancelled: then nothing is left of it.
    """
    if applied := tables.was_applied(row.pk):  # an earlier run died before it could say so
        return conclude(row, applied)
    with discarded_on(ImportFailed, JobCancelled, row=row):
        try:
            with opened(
                path, asked=row.dialect, limits=limits, on_unpacked=unpacking(on_progress)
            ) as content:
                progress = Progress(on_progress, content.size_bytes)
                lane = lane_for(content, from_bytes=limits.lanes_from_bytes)
                ledger = load(row, Feed(content.source, lane), progress, clock)
        except FileNotFoundError as error:
            raise FileGone from error
    return conclude(row, ledger)


def unpacking(on_progress: OnProgress) -> OnUnpacked:
    return lambda done, total: Progress(on_progress, total).report(done, UNPACKING)


def run_records(
    *, row: Import, source: RecordSource, on_progress: OnProgress, clock: Clock
) -> dict[str, Any]:
    """Load records that are in memory."""
    with discarded_on(ImportFailed, JobCancelled, row=row):
        ledger = load(row, Feed(lambda: source), Progress(on_progress, 0), clock)
    return conclude(row, ledger)


@contextmanager
def discarded_on(*errors: type[BaseException], row: Import) -> Iterator[None]:
    """Leave nothing of the import when one of `errors` ends it."""
    try:
        yield
    except errors:
        hidden.discard(row)
        raise


def load(row: Import, feed: Feed, progress: Progress, clock: Clock) -> LoadLedger:
    """Fill a staging table, then make it visible; in a dry run only say what that would do."""
    dataset = dataset_for(row)
    known = known_columns(row, dataset)
    columns = current_columns(row, known)
    staging = staging_for(row, columns, known)
    target = dataset.table_name if dataset else ""
    tables.drop_left_staging(row.pk)
    tables.forget_refusals(row.pk)
    with closing(loader_for(staging)) as loader:
        loader.create()
        counts = filling.fill(loader, staging, feed, columns, progress.loading)
        counts.refuse(references.refuse_unknown(staging))
        settle_duplicates(staging, rules_of(row, known, counts), target, counts, progress)
        loader.finish(last_row=counts.last_row)
        progress.report(progress.total, FINISHING)
        ledger = LoadLedger(
            import_id=row.pk, rows_loaded=0, rows_refused=counts.refused, applied_at=clock()
        )
        rules = rules_of(row, known, counts)
        if dataset is None or row.is_dry_run:
            look(staging, target=target, rules=rules, ledger=ledger)
        else:
            publish(row, dataset, staging, rules, ledger, lane=counts.lane)
    return ledger


def publish(
    row: Import,
    dataset: Dataset,
    staging: Staging,
    rules: Rules,
    ledger: LoadLedger,
    *,
    lane: str,
) -> None:
    """Make the rows visible, and log it, or neither."""
    added = [each for each in staging.columns if each.is_new]
    with transaction.atomic(using=DATASETS):
        added_columns.add_to_table(dataset.table_name, added)
        publishing.publish(staging, target=dataset.table_name, rules=rules, ledger=ledger)
        events.tell(
            dataset,
            events.Kind.IMPORTED,
            by=row.started_by,
            now=ledger.applied_at,
            import_id=row.pk,
            file=row.source_name,
            mode=row.mode,
            lane=lane,
            **({"added": [each.name for each in added]} if added else {}),
            **counts_of(ledger),
        )


def counts_of(ledger: LoadLedger) -> dict[str, int]:
    return {name: getattr(ledger, name) for name in COUNTED}


def known_columns(row: Import, dataset: Dataset | None) -> list[ColumnSpec]:
    """The columns of the dataset as it is now, and those that the import adds to it.

    One that somebody else added since is the dataset's own: undoing this import leaves it.
    """
    if dataset is None or row.mode == Import.Mode.CREATE:
        return named(row)
    there = specs_of(dataset)
    names = {each.name for each in there}
    if any(each.name in names for each in added_columns.of_import(row)):
        planned = from_dicts(row.columns)
        still = [replace(each, is_new=each.is_new and each.name not in names) for each in planned]
        row.columns = [each.to_dict() for each in still]
        row.save(update_fields=["columns"])
    return [*there, *added_columns.of_import(row)]


def named(row: Import) -> list[ColumnSpec]:
    """The columns of the file that go into the table."""
    return [column for column in from_dicts(row.columns) if column.name]


def look(staging: Staging, *, target: str, rules: Rules, ledger: LoadLedger) -> None:
    """Write down what publishing would do."""
    publishing.write_down(publishing.difference(staging, target=target, rules=rules), ledger)


def staging_for(row: Import, columns: Sequence[ColumnSpec], known: Sequence[ColumnSpec]) -> Staging:
    filled = [column for column in columns if column.name]
    return tables.new_staging(
        import_id=row.pk,
        columns=filled,
        is_kept=row.mode in KEEPS_ITS_TABLE,
        table_columns=known if row.mode == Import.Mode.REPLACE else filled,
    )


def rules_of(row: Import, known: Sequence[ColumnSpec], counts: Counts) -> Rules:
    """A refused row may be one of those that seem to be missing: then none of them is deleted."""
    columns = {column.name: column for column in known}
    return Rules(
        mode=row.mode,
        key=[columns[name] for name in row.key_columns],
        inserts_new=row.inserts_new,
        updates_existing=row.updates_existing,
        deletes_missing=row.deletes_missing and not counts.refused,
    )


def dataset_for(row: Import) -> Dataset | None:
    """The dataset to load into; one that went with an earlier failure is made anew.

    None where a dry run would make one.  Raises DatasetExists, and BadColumns where the dataset to
    go into was deleted.
    """
    if row.dataset:
        return row.dataset
    if row.mode != Import.Mode.CREATE:
        raise BadColumns(f"the dataset {row.dataset_title!r} was deleted")
    if row.is_dry_run:
        return None
    with transaction.atomic():
        row.dataset = hidden.make(
            owner=row.owner,
            title=row.dataset_title,
            slug=hidden.slug_words(row.dataset_title) or planning.NAMELESS,
            columns=named(row),
            key=row.key_columns,
        )
        row.save(update_fields=["dataset"])
    return row.dataset


def current_columns(row: Import, known: Sequence[ColumnSpec]) -> list[ColumnSpec]:
    """The planned columns as the dataset has them now; those of the key are required.

    One without a name goes nowhere.  Raises BadColumns.
    """
    now = {column.name: column for column in known}
    planned = from_dicts(row.columns)
    gone = [each.label for each in planned if each.name and each.name not in now]
    gone += [name for name in row.key_columns if name not in now]
    if gone:
        reason = f"{row.dataset_title!r} has no column {', '.join(gone)} now"
        raise BadColumns(reason, columns=gone)
    columns = [replace(now.get(column.name, column), form=column.form) for column in planned]
    return [
        replace(each, required=each.required or each.name in row.key_columns) for each in columns
    ]


def settle_duplicates(
    staging: Staging, rules: Rules, target: str, counts: Counts, progress: Progress
) -> None:
    """Refuse what unique columns and the key hold once, against the file and the table."""
    is_upsert = rules.mode == Import.Mode.UPSERT
    elsewhere = "" if staging.is_kept else target
    if rules.key:
        progress.report(progress.total, FINDING_DUPLICATES)
        in_table = "" if is_upsert else elsewhere
        counts.refuse(duplicates.refuse_keys(staging, key=rules.key, target=in_table))
    for column in staging.columns:
        if column.unique:
            progress.report(progress.total, FINDING_DUPLICATES)
            key = rules.key_names if is_upsert else ()
            counts.refuse(
                duplicates.refuse_values(staging, column=column, target=elsewhere, key=key)
            )
    if staging.is_kept:
        duplicates.keep_unique(staging, key=rules.key_names)
    elif is_upsert:
        duplicates.add_index(staging.table, rules.key_names)


def conclude(row: Import, ledger: LoadLedger) -> dict[str, Any]:
    """Write beside the dataset what the ledger says; once, however often it is called."""
    counts = counts_of(ledger)
    when = "checked_at" if row.is_dry_run else "applied_at"
    with transaction.atomic():
        said = Import.objects.filter(pk=row.pk, applied_at=None, checked_at=None)
        is_news = said.update(**{when: ledger.applied_at}, **counts)
        if is_news and not row.is_dry_run:
            tell_dataset(row, ledger)
    return {
        "import_id": row.pk,
        "dataset": row.dataset.slug if row.dataset else None,
        "is_dry_run": row.is_dry_run,
        **counts,
    }


def tell_dataset(row: Import, ledger: LoadLedger) -> None:
    """Its count of rows, its columns, its key, and that it can be seen."""
    loaded, key = row.dataset, row.key_columns
    assert loaded
    added_columns.tell(loaded, added_columns.of_import(row), now=ledger.applied_at)
    if row.mode == Import.Mode.RETYPE:
        retyped_columns.tell(row, now=ledger.applied_at)
    dataset = Dataset.objects.filter(pk=loaded.pk)
    added = ledger.rows_inserted - ledger.rows_deleted
    dataset.update(row_count=F("row_count") + added, updated_at=ledger.applied_at)
    dataset.filter(published_at=None).update(published_at=ledger.applied_at)
    if key and dataset.filter(key_columns=[]).update(key_columns=key):
        hold_to_key(loaded, key, now=ledger.applied_at)
