"""`manage.py convert IN OUT`: any readable file, or a folder of them, as plain CSV."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apiapp.imports.errors import ImportFailed
from apiapp.imports.pipeline import to_csv


class Command(BaseCommand):
    help = (
        "Write a file, or every file of a folder, as CSV of RFC 4180 in UTF-8: the header first if "
        "there is one, each cell as it was written."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, metavar="IN", help="a file or a folder")
        parser.add_argument("target", type=Path, metavar="OUT", help="the same kind of thing")
        parser.add_argument("--jobs", type=int, default=1, help="files at once, of a folder")

    def handle(self, *args: Any, source: Path, target: Path, jobs: int, **options: Any) -> None:
        if source.is_dir():
            self.convert_folder(source, target, jobs)
            return
        try:
            to_csv.convert_file(source, target)
        except (ImportFailed, OSError) as error:
            raise CommandError(f"{source}: {error}") from error

    def convert_folder(self, source: Path, target: Path, jobs: int) -> None:
        outcomes = list(to_csv.convert_folder(source, target, jobs=max(1, jobs)))
        failed = [outcome for outcome in outcomes if outcome.error]
        for outcome in failed:
            self.stderr.write(f"{outcome.source.name}: {outcome.error}")
        if failed:
            raise CommandError(f"{len(failed)} of {len(outcomes)} files could not be read")
