"""`manage.py import_file FILE --dataset NAME`: a file becomes a table, here and now."""

import json
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from apiapp.imports import configured, mapping, services
from apiapp.imports.errors import DatasetBusy, ImportFailed
from apiapp.imports.models import Import
from apiapp.imports.planning import Wanted
from apiapp.jobs.leases import OnReport
from apiapp.keys import services as keys
from apiapp.keys.errors import KeysError

FILE_MODES = [each for each in Import.Mode.values if each != Import.Mode.RETYPE]
TOLD_REFUSALS = 5
TOLD_VALUE_CHARS = 40
BUSY_POLL_S = 0.5
CHANGES = ("rows_updated", "rows_unchanged", "rows_skipped", "rows_deleted")


class Command(BaseCommand):
    help = "Import a file into a dataset, in the foreground and without a worker."
    requires_migrations_checks = False
    requires_system_checks = settings.CHECKS_AT_START

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dataset", required=True, metavar="NAME", help="the table's name")
        parser.add_argument("--mode", choices=FILE_MODES, default=Import.Mode.CREATE)
        parser.add_argument(
            "--key", action="append", default=[], metavar="COLUMN", help="tells rows apart; repeat"
        )
        parser.add_argument("--no-insert", action="store_true", help="upsert: no new rows")
        parser.add_argument("--no-update", action="store_true", help="upsert: no changed rows")
        parser.add_argument(
            "--delete-missing", action="store_true", help="upsert: delete rows the file lacks"
        )
        parser.add_argument(
            "--extra",
            choices=[mapping.REFUSE, mapping.SKIP, mapping.ADD],
            default=mapping.REFUSE,
            help="columns that the table lacks: refuse the file, skip or add them",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would change")
        parser.add_argument("--again", action="store_true", help="also if the table has this file")
        parser.add_argument("--user", help="whose table it is; default: the first superuser")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_unmigrated()
        if not options["file"].is_file():
            raise CommandError(f"There is no file {options['file']}.")
        started_at_s = time.monotonic()
        try:
            owner = keys.user_named(options["user"]) if options["user"] else keys.ensure_admin()
            result = self.import_file(owner, options)
        except (ImportFailed, KeysError) as error:
            raise CommandError(f"Nothing was imported: {error}.") from error
        except KeyboardInterrupt:
            raise CommandError("Stopped: nothing of the file was kept.", returncode=130) from None
        seconds = round(time.monotonic() - started_at_s, 3)
        if options["json"]:
            changes = [name for name in CHANGES if result[name]]
            names = ("dataset", "rows_loaded", "rows_refused", *changes)
            said = {name: result[name] for name in names} | {"seconds": seconds}
            self.stdout.write(json.dumps(said))
        else:
            self.tell(result, seconds)

    def import_file(self, owner: User, options: dict[str, Any]) -> dict[str, Any]:
        wanted = Wanted(
            mode=options["mode"],
            dataset=options["dataset"],
            key=options["key"],
            inserts_new=not options["no_insert"],
            updates_existing=not options["no_update"],
            deletes_missing=options["delete_missing"],
            is_dry_run=options["dry_run"],
            is_again=options["again"],
            extra=options["extra"],
            limits=configured.limits(),
        )
        with progress_bar() as on_report:
            return import_when_free(
                owner=owner, path=options["file"], wanted=wanted, on_report=on_report
            )

    def tell(self, result: dict[str, Any], seconds: float) -> None:
        self.stdout.write(
            f"{result['dataset'] or 'A dry run'}: {result['rows_loaded']:,} rows"
            f" {'would be loaded' if result['is_dry_run'] else 'loaded'},"
            f" {result['rows_refused']:,} refused, in {seconds:.1f} s."
        )
        changes = {name: result[name] for name in CHANGES if result[name]}
        if changes:
            told = (f"{count:,} {name.removeprefix('rows_')}" for name, count in changes.items())
            self.stdout.write(f"  {', '.join(told)}")
        row = Import.objects.get(pk=result["import_id"])
        for refusal in services.refusals_of(row).order_by("pk")[:TOLD_REFUSALS]:
            value = refusal.value[:TOLD_VALUE_CHARS]
            self.stdout.write(
                f"  row {refusal.row_number}, {refusal.column or 'whole row'}:"
                f" {refusal.reason}{f' It says {value!r}.' if value else ''}"
            )
        if result["rows_refused"]:
            self.stdout.write(f"  All of them: /api/imports/{row.pk}/errors.csv")


def import_when_free(
    *, owner: User, path: Path, wanted: Wanted, on_report: OnReport
) -> dict[str, Any]:
    """Import; an import that was killed keeps its name until its lease ends, which is awaited."""
    give_up_at_s = time.monotonic() + settings.JOB_LEASE_S + BUSY_POLL_S
    while True:
        try:
            return services.import_file_here(
                owner=owner, path=path, wanted=wanted, clock=timezone.now, on_report=on_report
            )
        except DatasetBusy as error:
            if time.monotonic() > give_up_at_s:
                raise
            on_report(0, None, "", f"Waiting for job {error.job_id}, which has the name")
            time.sleep(BUSY_POLL_S)


def refuse_unmigrated() -> None:
    """Raises CommandError with what to do."""
    for alias in connections:
        executor = MigrationExecutor(connections[alias])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError("The database is not up to date: run manage.py migrate first.")


@contextmanager
def progress_bar() -> Iterator[OnReport]:
    """A bar on a terminal, on standard error; nothing elsewhere."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task("Looking at the file", total=None)

    def on_report(done: int, total: int | None, unit: str, message: str) -> None:
        bar.update(task, completed=done, total=total, description=message)

    with bar:
        yield on_report
