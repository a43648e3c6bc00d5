"""Imports: look at a file, start, find, cancel, try again.  The load itself is in loads.py."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from apiapp.idempotency.errors import StillInProgress
from apiapp.imports import ended_imports, hidden, loads, mapping, planning, refused_rows, tables
from apiapp.imports.access import roles
from apiapp.imports.csv_lines import csv_line, harmless
from apiapp.imports.errors import FileGone, NotYourself, SameFile, UnknownImport
from apiapp.imports.lane_process import begun_ahead
from apiapp.imports.loads import Clock
from apiapp.imports.models import Dataset, Import, RefusedCell
from apiapp.imports.pipeline.containers import Limits
from apiapp.imports.pipeline.inline import InlineRows
from apiapp.imports.planning import Plan, Wanted
from apiapp.imports.refused_rows import Part
from apiapp.jobs import leases
from apiapp.jobs import services as jobs
from apiapp.jobs.errors import LeaseLost
from apiapp.jobs.models import Job
from apiapp.keys.callers import Caller, person
from apiapp.keys.errors import UnknownUser
from apiapp.uploads import services as uploads
from apiapp.uploads.models import Upload
from apiapp.uploads.storage import FileStore

LOAD_TASK = "imports.load"
SOURCE_NAME_CHARS = 255
ERROR_COLUMNS = ("row_number", "column", "value", "kind", "reason")


# --- find ------------------------------------------------------------------------------------------
def imports_of(caller: Caller, *, dataset: str = "") -> QuerySet[Import]:
    """The imports that `caller` may see, those into one dataset if its short name is given."""
    every = Import.objects.select_related("dataset", "upload", "job")
    rows = roles.visible_imports(caller, every)
    return rows.filter(dataset__slug=dataset) if dataset else rows


def get_import(caller: Caller, import_id: int) -> Import:
    """Raises UnknownImport, also for an import that the caller may not see."""
    row = imports_of(caller).filter(pk=import_id).first()
    if row is None:
        raise UnknownImport
    return row


def import_to_change(caller: Caller, import_id: int) -> Import:
    """Raises UnknownImport, UnknownDataset, NotPermitted."""
    row = get_import(caller, import_id)
    roles.require_for_import(caller, row)
    return row


def refusals_of(row: Import, part: Part = refused_rows.ALL) -> QuerySet[RefusedCell]:
    return part.among(refused_rows.cells_of(row))


def refusals_counted(row: Import) -> list[dict[str, Any]]:
    """How many cells were refused, by column and kind, the most frequent first."""
    found = refusals_of(row).values("column", "kind").annotate(count=Count("pk"))
    return [dict(each) for each in found.order_by("-count", "column", "kind")]


def refusals_csv(row: Import) -> Iterator[str]:
    """Lines of CSV, header first, with formulas made harmless."""
    yield csv_line(ERROR_COLUMNS)
    for values in refusals_of(row).order_by("pk").values_list(*ERROR_COLUMNS).iterator():
        yield csv_line([harmless(value) if isinstance(value, str) else value for value in values])


def rejected_csv(
    row: Import, store: FileStore, limits: Limits, part: Part = refused_rows.ALL
) -> Iterator[str]:
    """The refused rows as they stand in the file.  Raises FileGone, StoreUnavailable."""
    if row.upload is None:
        raise FileGone
    return rejected_lines(row, uploads.local_file(row.upload, store), limits, part)


def rejected_lines(
    row: Import, fetched: AbstractContextManager[Path], limits: Limits, part: Part
) -> Iterator[str]:
    with fetched as path:
        yield from refused_rows.lines(row, path, limits, part)


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
    Raises an ImportFailed that says what is wrong with the file or with what is wanted, SameFile
    among them; nothing is left then.
    """
    if wanted.work_id and (started := Import.objects.filter(work_id=wanted.work_id).first()):
        return started
    if wanted.continues:
        wanted = planning.as_continued(wanted, wanted.continues)
    plan = planning.plan_file(
        caller=caller, path=path, source_name=upload.filename, wanted=wanted, now=now
    )
    if plan.dataset and not wanted.is_again and not wanted.is_dry_run:
        refuse_same_file(plan.dataset, upload.sha256)
    with transaction.atomic():
        if plan.dataset and wanted.columns:
            mapping.remember(plan.dataset, plan.choices)
        job = jobs.enqueue(
            task=LOAD_TASK, kwargs={}, owner=owner, now=now, unit="bytes", total=upload.size
        )
        return record(plan, wanted, owner=owner, by=caller.user, job=job, upload=upload)


def refuse_same_file(dataset: Dataset, sha256: str) -> None:
    """Raises SameFile if the file is in the dataset, or on its way there."""
    same = Import.objects.filter(dataset=dataset, sha256=sha256, undone_at=None, is_dry_run=False)
    there = same.filter(Q(applied_at__isnull=False) | ~Q(job__state__in=Job.ENDED))
    if sha256 and (earlier := there.order_by("-pk").first()):
        raise SameFile(
            import_id=earlier.pk, imported_at=earlier.created_at.isoformat(), slug=dataset.slug
        )


def record(
    plan: Plan,
    wanted: Wanted,
    *,
    owner: User,
    by: User,
    job: Job,
    upload: Upload | None = None,
) -> Import:
    """The row of an import, with the hidden dataset of a new table.  Raises DatasetExists."""
    with transaction.atomic():
        dataset = plan.dataset
        if dataset is None and not wanted.is_dry_run:
            dataset = hidden.make(
                owner=owner,
                title=plan.title,
                slug=plan.slug,
                columns=[column for column in plan.columns if column.name],
                key=plan.key,
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
            key_columns=list(plan.key),
            inserts_new=wanted.inserts_new,
            updates_existing=wanted.updates_existing,
            deletes_missing=wanted.deletes_missing,
            is_dry_run=wanted.is_dry_run,
            continues=wanted.continues,
            sha256=upload.sha256 if upload else "",
            started_by=by.get_username(),
            work_id=wanted.work_id,
        )
        Job.objects.filter(pk=job.pk).update(kwargs={"import_id": row.pk})
        return row


def import_file_here(
    *, owner: User, path: Path, wanted: Wanted, clock: Clock, on_report: leases.OnReport
) -> dict[str, Any]:
    """Import a file in this process, without a worker; return what came out.

    Raises an ImportFailed, SameFile among them, or whatever else went wrong: nothing is left then.
    """
    with begun_ahead(path, from_bytes=wanted.limits.lanes_from_bytes):
        plan, sha256 = plan_and_digest(owner, path, wanted, now=clock())
        if plan.dataset and not wanted.is_again and not wanted.is_dry_run:
            refuse_same_file(plan.dataset, sha256)
        with here(plan, wanted, owner=owner, now=clock(), on_report=on_report) as (job, row):
            Import.objects.filter(pk=row.pk).update(sha256=sha256)
            job.result = loads.run_file(
                row=row, path=path, on_progress=job.report, clock=clock, limits=wanted.limits
            )
    return dict(job.result)


def plan_and_digest(owner: User, path: Path, wanted: Wanted, *, now: datetime) -> tuple[Plan, str]:
    """At a time: neither waits for the other.  Raises as planning.plan_file."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="digest") as thread:
        digest = thread.submit(digest_of, path)
        plan = planning.plan_file(
            caller=person(owner), path=path, source_name=path.name, wanted=wanted, now=now
        )
        return plan, digest.result()


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
    wanted = Wanted(work_id=work_id)
    try:
        with here(plan, wanted, owner=caller.user, now=clock()) as (job, row):
            job.result = loads.run_records(
                row=row, source=source, on_progress=job.report, clock=clock
            )
    except LeaseLost as error:  # whoever asked again has taken over
        raise StillInProgress(retry_after_s=1) from error
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
    # Without its table a run cannot publish any more; one that does right now holds it.
    if not tables.drop_left_staging(row.pk):
        raise StillInProgress(retry_after_s=1)
    if applied := tables.was_applied(row.pk):
        return loads.conclude(row, applied)
    hidden.discard(row)
    row.delete()  # nobody was told of it; what is done now is told under the same work_id
    row.job.delete()
    return None


@contextmanager
def here(
    plan: Plan,
    wanted: Wanted,
    *,
    owner: User,
    now: datetime,
    on_report: leases.OnReport | None = None,
) -> Iterator[tuple[leases.LeasedJob, Import]]:
    """An import that runs in this process, once: any error leaves nothing but word of it."""
    row: Import | None = None
    try:
        with leases.run_here(
            task=LOAD_TASK, kwargs={}, owner=owner, now=now, on_report=on_report
        ) as job:
            row = record(plan, wanted, owner=owner, by=owner, job=Job.objects.get(pk=job.id))
            with loads.discarded_on(BaseException, row=row):
                yield job, row
    except BaseException:
        if row:
            ended_imports.tell(row.pk)
        raise


# --- change ----------------------------------------------------------------------------------------
def cancel(*, row: Import, now: datetime) -> Import:
    """End a queued import at once, ask a running one to stop.  Raises JobHasEnded."""
    if jobs.cancel(job=row.job, now=now).has_ended:
        hidden.discard(row)
        ended_imports.tell(row.pk)
    return row


def retry(*, row: Import, now: datetime) -> Import:
    """Queue a failed or cancelled import again.  Raises JobNotRetryable, FileGone."""
    if row.upload is None and row.mode != Import.Mode.RETYPE:
        raise FileGone
    jobs.retry(job=row.job, now=now)
    return row
