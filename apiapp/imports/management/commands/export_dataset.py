"""`manage.py export_dataset SLUG OUT`: a dataset as a file of the kind that its name says."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qsl

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apiapp.imports import datasets
from apiapp.imports.errors import RowError
from apiapp.imports.exports import asking
from apiapp.imports.exports.errors import ExportTooSlow
from apiapp.imports.exports.files import Export
from apiapp.imports.exports.forms import KINDS
from apiapp.imports.models import Dataset


class Command(BaseCommand):
    help = "Write a dataset to a file: CSV, JSON Lines, Excel or Parquet."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the dataset's short name")
        parser.add_argument("target", metavar="OUT", help="a file, or - for the standard output")
        parser.add_argument("--form", choices=KINDS, help="if it is not what OUT ends in")
        parser.add_argument(
            "--query",
            default="",
            metavar="QUERY",
            help='filters and choices as in an address: "price=gte.5&order=name&_bom=true"',
        )

    def handle(self, *args: Any, slug: str, target: str, query: str, **options: Any) -> None:
        kind = KINDS.get(options["form"] or Path(target).suffix.removeprefix(".").lower())
        if kind is None:
            raise CommandError(f"name a file that ends in .{', .'.join(KINDS)}, or say --form")
        dataset = datasets.published().filter(slug=slug).first()
        if dataset is None:
            raise CommandError(f"there is no dataset {slug!r}")
        try:
            asked = asked_of(dataset, query, kind.suffix)
            write(Export(dataset, asked, kind, limit_s=settings.EXPORT_LIMIT_S), target)
        except (RowError, ExportTooSlow, OSError, ValueError) as error:
            raise CommandError(str(error)) from error


def asked_of(dataset: Dataset, query: str, suffix: str) -> asking.Asked:
    parameters = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    return asking.parse(parameters, datasets.types_of(dataset), suffix)


def write(export: Export, target: str) -> None:
    """Under another name until it is whole."""
    if target == "-":
        write_chunks(export, sys.stdout.buffer)
        return
    path = Path(target)
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            write_chunks(export, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_chunks(export: Export, file: BinaryIO) -> None:
    for chunk in export.chunks():
        file.write(chunk)
