"""The type of a column is changed: told first, then done, and taken back like an import.

A retype is an import of a dataset's own column: a row in the log of imports with a job, refused
cells, a place in the ledger, rows of before that are kept, and an undo.  The table is copied with
the column in its new type while others read and write; then the copy takes its place, in one short
transaction.  Rows that were changed meanwhile are copied again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connections, transaction
from django.utils.translation import gettext_noop

from apiapp.imports import columns, events, history, loads, publishing, tables
from apiapp.imports.altering.errors import CellsRefused
from apiapp.imports.altering.locking import patiently, wait_shortly
from apiapp.imports.errors import BadColumns, ImportFailed, TableInUse, UnknownImport
from apiapp.imports.loaders import quoted, run
from apiapp.imports.loads import Clock, OnProgress
from apiapp.imports.models import Column, Dataset, Import, LoadLedger, RefusedCell
from apiapp.imports.pipeline.local_forms import FORMS_OF
from apiapp.imports.pipeline.schema import ColumnSpec, from_dicts
from apiapp.imports.retyping import copying
from apiapp.imports.retyping.copying import Copy
from apiapp.imports.routers import DATASETS
from apiapp.jobs import services as jobs
from apiapp.jobs.errors import JobCancelled
from apiapp.keys.callers import Caller

RETYPE_TASK = "imports.retype"
CONVERTING = gettext_noop("Converting the column")
EDITS_AT_ONCE = 5_000  # that are copied again while writers wait


@dataclass(frozen=True, slots=True)
class Retype:
    """What is asked for.

    form: how numbers or dates are written in a column of text, as local_forms.py has it.
    empties: cells that will not convert become empty; else the column stays as it is.
    """

    type: str
    form: str = ""
    empties: bool = False
    is_dry_run: bool = False


# --- ask for it -------------------------------------------------------------------------------------------
def start(*, caller: Caller, dataset: Dataset, name: str, wanted: Retype, now: datetime) -> Import:
    """Queue it.  Raises UnknownDatasetColumn, BadColumns, DatasetBusy."""
    with transaction.atomic():
        held = columns.held(dataset)
        column = columns.column_of(held, name)
        spec = agreed(caller, held, column, wanted)
        job = jobs.enqueue(
            task=RETYPE_TASK,
            kwargs={},
            owner=caller.user,
            now=now,
            unit="rows",
            total=held.row_count,
        )
        row = Import.objects.create(
            owner=caller.user,
            dataset=held,
            dataset_title=held.title,
            source_name=column.label[: Import._meta.get_field("source_name").max_length],
            mode=Import.Mode.RETYPE,
            columns=[spec.to_dict()],
            job=job,
            is_dry_run=wanted.is_dry_run,
            started_by=caller.user.get_username(),
        )
        job.kwargs = {"import_id": row.pk, "empties": wanted.empties}
        job.save(update_fields=["kwargs"])
    return row


def agreed(caller: Caller, dataset: Dataset, column: Column, wanted: Retype) -> ColumnSpec:
    """The column as it is to be.  Raises BadColumns."""
    if wanted.type == column.type:
        raise refused(column, f"it is of type {column.type} already")
    if wanted.form and (column.type != "text" or wanted.form not in FORMS_OF.get(wanted.type, ())):
        raise refused(column, f"text is not read as {wanted.type} by the form {wanted.form!r}")
    if wanted.empties and column.required:
        raise refused(column, "it is required: no cell of it can become empty")
    if wanted.type == "json" and (column.unique or column.name in dataset.key_columns):
        raise refused(column, "a column of JSON is neither unique nor in the key")
    columns.refuse_referred(dataset, column)
    target = Column(name=column.name, label=column.label, type=wanted.type)
    return ColumnSpec(
        name=column.name,
        label=column.label,
        type=wanted.type,
        required=column.required,
        unique=column.unique,
        form=wanted.form,
        conditions=columns.agreed(caller, target, column.conditions),
    )


def refused(column: Column, reason: str) -> BadColumns:
    return BadColumns(f"{column.label}: {reason}", columns=[column.name])


# --- do it ------------------------------------------------------------------------------------------------
def retype(
    *, import_id: int, empties: bool, on_progress: OnProgress, clock: Clock
) -> dict[str, Any]:
    """Done twice, done once.  Returns what came out.

    Raises an ImportFailed that says why, or JobCancelled: then the table is as it was;
    TableInUse: to be run again.
    """
    row = Import.objects.select_related("dataset").filter(pk=import_id).first()
    if row is None or row.dataset is None:
        raise UnknownImport
    tables.drop_left_staging(row.pk)
    if applied := tables.was_applied(row.pk):  # an earlier run died before it could say so
        return loads.conclude(row, applied)
    tables.forget_refusals(row.pk)
    with refusals_kept(row), copied(row, row.dataset) as copy:
        for done in copying.portions(copy):
            on_progress(done, row.dataset.row_count, "rows", CONVERTING)
        copying.refuse_repeated(copy)
        if row.is_dry_run:
            return loads.conclude(row, ledger_of(row, clock()))
        refuse_if_asked(row, copy, empties)
        copying.finish(copy)
        ledger = patiently(partial(publish, row, copy, empties, clock()))
    return loads.conclude(row, ledger)


@contextmanager
def refusals_kept(row: Import) -> Iterator[None]:
    """What was refused stays to be looked at, unless the retype itself was called off."""
    try:
        yield
    except CellsRefused as error:
        Import.objects.filter(pk=row.pk).update(rows_refused=error.count)
        raise
    except (ImportFailed, JobCancelled):
        tables.forget_refusals(row.pk)
        raise


@contextmanager
def copied(row: Import, dataset: Dataset) -> Iterator[Copy]:
    (spec,) = from_dicts(row.columns)
    was = columns.column_of(dataset, spec.name)
    copy = copying.new_copy(dataset=dataset, was=was, column=spec, import_id=row.pk)
    try:
        yield copy
    finally:
        copying.drop(copy)


def refuse_if_asked(row: Import, copy: Copy, empties: bool) -> None:
    """Raises CellsRefused."""
    count = RefusedCell.objects.filter(import_id=row.pk).count()
    if count and (not empties or copy.column.required):
        raise CellsRefused(label=copy.column.label, type_=copy.column.type, count=count)


def ledger_of(row: Import, now: datetime) -> LoadLedger:
    assert row.dataset
    refusals = RefusedCell.objects.filter(import_id=row.pk).count()
    return LoadLedger(
        import_id=row.pk,
        rows_loaded=0,
        rows_refused=refusals,
        rows_updated=tables.count_rows(row.dataset.table_name) - refusals,
        applied_at=now,
    )


def publish(row: Import, copy: Copy, empties: bool, now: datetime) -> LoadLedger:
    """The copy takes the table's place, and the dataset says so: in both databases, or in neither
    but for a crash between them, which the next run mends.

    Raises TableInUse where more was changed meanwhile than can be copied again.
    """
    table = copy.dataset.table_name
    with transaction.atomic():
        Dataset.objects.select_for_update().get(pk=copy.dataset.pk)
        with transaction.atomic(using=DATASETS):
            wait_shortly()
            publishing.hold(table, publishing.ALL)
            catch_up(copy)
            refuse_if_asked(row, copy, empties)
            copying.go_on_counting(copy)
            ledger = ledger_of(row, now)
            ledger.save(force_insert=True)
            history.keep_table(table, import_id=row.pk)
            run(f"ALTER TABLE {quoted(copy.staging.table)} RENAME TO {quoted(table)}")
            wait_for_the_disk()
            tell(row, copy, ledger)
        loads.conclude(row, ledger)
    return ledger


def wait_for_the_disk() -> None:
    """Whatever was said in this transaction of portions that need not."""
    if connections[DATASETS].vendor == "postgresql":
        run("SET LOCAL synchronous_commit = on")


def catch_up(copy: Copy) -> None:
    edited = events.rows_edited_after(copy.dataset, copy.begun_after)
    if edited is None or len(edited) > EDITS_AT_ONCE:
        raise TableInUse
    copying.copy_again(copy, sorted(edited))
    copying.refuse_repeated(copy)


def tell(row: Import, copy: Copy, ledger: LoadLedger) -> None:
    before = {"type": copy.was.type, "conditions": copy.was.conditions}
    after = {"type": copy.column.type, "conditions": copy.column.conditions}
    events.tell(
        copy.dataset,
        events.Kind.SCHEMA_CHANGED,
        by=row.started_by,
        now=ledger.applied_at,
        import_id=row.pk,
        column=copy.column.name,
        retyped=True,
        before=before,
        after=after,
        rows_refused=ledger.rows_refused,
    )
