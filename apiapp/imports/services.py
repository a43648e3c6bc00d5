"""Imports: look at a file, start, find, cancel, try again.  The load itself is in loads.py."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from apiapp.idempotency.errors import StillInProgress
from apiapp.imports import hidden, loads, planning, tables
from apiapp.imports.errors import FileGone, NotYourself, UnknownImport
from apiapp.imports.loads import Clock
from apiapp.imports.models import Import, RefusedCell
from apiapp.imports.pipeline.inline import InlineRows
from apiapp.imports.planning import Plan, Wanted
from apiapp.jobs import leases
from apiapp.jobs import services as jobs
from apiapp.jobs.models import Job
from apiapp.keys.callers import Caller, person
from apiapp.keys.errors import UnknownUser
from apiapp.uploads.models import Upload

LOAD_TASK = "imports.load"
SOURCE_NAME_CHARS = 255
ERROR_COLUMNS = ("row_number", "column", "value", "kind", "reason")
# A spreadsheet takes a cell that begins so for a formula; a quote before it makes it text again.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


# --- find ------------------------------------------------------------------------------------------
def imports_of(caller: Caller, *, dataset: str = "") -> QuerySet[Import]:
    """The imports that `caller` may see, those into one dataset if its short name is given."""
    rows = caller.visible(Import.objects.select_related("dataset", "upload", "job"))
    return rows.filter(dataset__slug=dataset) if dataset else rows


def get_import(caller: Caller, import_id: int) -> Import:
    """Raises UnknownImport, also for the import of another user."""
    row = imports_of(caller).filter(pk=import_id).first()
    if row is None:
        raise UnknownImport
    return row


def refusals_of(row: Import) -> QuerySet[RefusedCell]:
    return RefusedCell.objects.filter(import_id=row.pk)


def refusals_csv(row: Import) -> Iterator[str]:
    """Lines of CSV, header first, with formulas made harmless."""
    yield csv_line(ERROR_COLUMNS)
    for values in refusals_of(row).order_by("pk").values_list(*ERROR_COLUMNS).iterator():
        yield csv_line([harmless(value) if isinstance(value, str) else value for value in values])


def csv_line(values: Sequence[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()


def harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def owner_for(caller: Caller, user_id: int) -> User:
    """In whose name `caller` imports.  Raises NotYourself, UnknownUser."""
    if user_id == caller.user.pk:
        return caller.user
    if not caller.sees_all:
        raise NotYourself
    owner = User.objects.filter(pk=user_id, is_active=True).first()
    if owner is None:
        raise UnknownUser(str(user_id))
    return owner


# --- start -----------------------------------------------------------------------------------------
def start_import(
    *,
    caller: Caller,
    owner: User,
    upload: Upload,
    path: Path,
    wanted: Wanted,
    now: datetime,
) -> Import:
    """Queue the import of a finished upload, whose bytes are at `path`.

    `wanted` under a work_id that was seen before gives the import that was started for it.
    Raises an ImportFailed that says what is wrong with the file or with what is wanted; nothing
    is left then.
    """
    if wanted.work_id and (started := Import.objects.filter(work_id=wanted.work_id).first()):
        return started
    plan = planning.plan_file(
        caller=caller, path=path, source_name=upload.filename, wanted=wanted, now=now
    )
    with transaction.atomic():
        job = jobs.enqueue(
            task=LOAD_TASK, kwargs={}, owner=owner, now=now, unit="bytes", total=upload.size
        )
        return record(plan, owner=owner, job=job, upload=upload, work_id=wanted.work_id)


def record(
    plan: Plan,
    *,
    owner: User,
    job: Job,
    upload: Upload | None = None,
    work_id: UUID | None = None,
) -> Import:
    """The row of an import, with the hidden dataset of a new table.  Raises DatasetExists."""
    with transaction.atomic():
        dataset = plan.dataset or hidden.make(
            owner=owner, title=plan.title, slug=plan.slug, columns=plan.columns
        )
        row = Import.objects.create(
            owner=owner,
            dataset=dataset,
            dataset_title=plan.title,
            upload=upload,
            source_name=plan.source_name[:SOURCE_NAME_CHARS],
            mode=plan.mode,
            columns=[column.to_dict() for column in plan.columns],
            dialect=plan.dialect.to_dict() if plan.dialect else {},
            job=job,
            work_id=work_id,
        )
        Job.objects.filter(pk=job.pk).update(kwargs={"import_id": row.pk})
        return row


def import_file_here(
    *, owner: User, path: Path, wanted: Wanted, clock: Clock, on_report: leases.OnReport
) -> dict[str, Any]:
    """Import a file in this process, without a worker; return what came out.

    Raises an ImportFailed, or whatever else went wrong: nothing is left then.
    """
    plan = planning.plan_file(
        caller=person(owner), path=path, source_name=path.name, wanted=wanted, now=clock()
    )
    with here(plan, owner=owner, now=clock(), on_report=on_report) as (job, row):
        job.result = loads.run_file(row=row, path=path, on_progress=job.report, clock=clock)
    return dict(job.result)


def import_rows(
    *,
    caller: Caller,
    rows: Sequence[Any],
    dataset: str,
    clock: Clock,
    work_id: UUID | None = None,
) -> dict[str, Any]:
    """Import objects of JSON at once: into the caller's dataset of this name, or a new one.

    A `work_id` that was seen before gives what came of it then.
    Raises an ImportFailed: nothing is left then; StillInProgress while another run has the work.
    """
    if work_id and (done := outcome_of(work_id, now=clock())):
        return done
    source = InlineRows(rows)
    plan = planning.plan_rows(caller=caller, source=source, name=dataset, now=clock())
    with here(plan, owner=caller.user, now=clock(), work_id=work_id) as (job, row):
        job.result = loads.run_records(row=row, source=source, on_progress=job.report, clock=clock)
    return dict(job.result)


def outcome_of(work_id: UUID, *, now: datetime) -> dict[str, Any] | None:
    """What came of this work; None if nothing did: a process died over it, and it may be redone.

    Raises StillInProgress.
    """
    row = Import.objects.select_related("job", "dataset").filter(work_id=work_id).first()
    if row is None:
        return None
    if applied := tables.was_applied(row.pk):
        return loads.conclude(row, applied)
    if not row.job.has_ended and row.job.lease_until and row.job.lease_until > now:
        raise StillInProgress(retry_after_s=1)
    hidden.discard(row)
    Import.objects.filter(pk=row.pk).update(work_id=None)
    return None


@contextmanager
def here(
    plan: Plan,
    *,
    owner: User,
    now: datetime,
    on_report: leases.OnReport | None = None,
    work_id: UUID | None = None,
) -> Iterator[tuple[leases.LeasedJob, Import]]:
    """An import that runs in this process, once: any error leaves nothing."""
    with leases.run_here(
        task=LOAD_TASK, kwargs={}, owner=owner, now=now, on_report=on_report
    ) as job:
        row = record(plan, owner=owner, job=Job.objects.get(pk=job.id), work_id=work_id)
        with loads.discarded_on(BaseException, row=row):
            yield job, row


# --- change ----------------------------------------------------------------------------------------
def cancel(*, row: Import, now: datetime) -> Import:
    """End a queued import at once, ask a running one to stop.  Raises JobHasEnded."""
    if jobs.cancel(job=row.job, now=now).has_ended:
        hidden.discard(row)
    return row


def retry(*, row: Import, now: datetime) -> Import:
    """Queue a failed or cancelled import again.  Raises JobNotRetryable, FileGone."""
    if row.upload is None:
        raise FileGone
    jobs.retry(job=row.job, now=now)
    return row
