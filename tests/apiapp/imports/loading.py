"""Imports made for tests from bytes, and what became of them."""

import hashlib
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from apiapp.imports import loads, planning, services
from apiapp.imports.models import Dataset, Import, RefusedCell
from apiapp.imports.planning import Wanted
from apiapp.imports.rows import attribute, rows_of
from apiapp.jobs import services as jobs
from apiapp.keys.callers import person
from apiapp.uploads import configured
from apiapp.uploads.models import Upload


def no_progress(done: int, total: int | None = None, unit: str = "", message: str = "") -> None:
    """Nobody asks how far it is."""


def planned(owner: User, path: Path, *, columns: Any = None, **wanted: Any) -> Import:
    """An import of the file, not begun."""
    now = timezone.now()
    asked = Wanted(**{"dataset": "Things", "columns": columns, **wanted})
    plan = planning.plan_file(
        caller=person(owner),
        path=path,
        source_name=path.name,
        wanted=asked,
        now=now,
    )
    job = jobs.enqueue(task=services.LOAD_TASK, kwargs={}, owner=owner, now=now)
    return services.record(plan, asked, owner=owner, by=owner, job=job)


def run(row: Import, path: Path, on_progress: loads.OnProgress = no_progress) -> dict[str, Any]:
    """Load it, as a fresh process would."""
    fresh = Import.objects.select_related("dataset").get(pk=row.pk)
    return loads.run_file(row=fresh, path=path, on_progress=on_progress, clock=timezone.now)


def imported(owner: User, path: Path, **wanted: Any) -> Import:
    row = planned(owner, path, **wanted)
    run(row, path)
    row.refresh_from_db()
    return row


def uploaded(owner: User, content: bytes, name: str = "things.csv") -> Upload:
    """A finished upload, its bytes where the server looks for them."""
    file_id = uuid.uuid4().hex
    configured.store().finished_path(file_id).write_bytes(content)
    return Upload.objects.create(
        file_id=file_id,
        owner=owner,
        filename=name,
        size=len(content),
        received=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        chunk_size=2**20,
        total_chunks=1,
        state=Upload.State.FINISHED,
        expires_at=timezone.now() + timedelta(days=1),
    )


def run_upload(import_id: int) -> dict[str, Any]:
    """What a worker does for the job of an import."""
    return loads.run_upload(
        import_id=import_id,
        store=configured.store(),
        on_progress=no_progress,
        clock=timezone.now,
    )


def cells(dataset: Dataset) -> list[tuple[Any, ...]]:
    """The rows, as Django reads them, without their ids."""
    names = [attribute(column.name) for column in dataset.columns.all()]
    return list(rows_of(dataset).values_list(*names))


def refusals(row: Import) -> list[tuple[int, str, str, str]]:
    found = RefusedCell.objects.filter(import_id=row.pk).order_by("pk")
    return list(found.values_list("row_number", "column", "value", "kind"))
