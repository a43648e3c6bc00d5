"""`manage.py upload FILE --to URL --key KEY`: send a file to a server; run again to go on."""

import ssl
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from apiapp.uploads import client
from apiapp.uploads.client import Note, OnProgress, Server, Source
from apiapp.uploads.client_errors import SendError

INTERRUPTED = 130  # what shells call a program that Ctrl-C ended


class Command(BaseCommand):
    help = "Send a file to a Sluice server and print its file id. Run it again to go on."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--to", required=True, metavar="URL", help="http://host:port")
        parser.add_argument("--key", required=True, help="an API key with the scope uploads")
        parser.add_argument("--md5", default="", help="the MD5 the file has to arrive with")
        parser.add_argument("--sha256", default="", help="the SHA-256 it has to arrive with")
        parser.add_argument("--parallel", type=int, default=4, metavar="N", help="connections")
        parser.add_argument("--chunk-size", type=int, metavar="BYTES")
        parser.add_argument("--ca", type=Path, metavar="FILE", help="the server's authority")

    def handle(self, *args: Any, **options: Any) -> None:
        source = source_of(options["file"])
        if options["ca"]:
            require_certificates(options["ca"])
        stop = threading.Event()
        optional = {name: options[name] for name in ("chunk_size", "md5", "sha256")}
        announced = {name: value for name, value in optional.items() if value}
        try:
            server = Server(options["to"], options["key"], stop=stop, authority=options["ca"])
            with progress_bar(source) as on_progress:
                file_id = client.send(
                    source=source,
                    server=server,
                    note=Note(
                        settings.CLIENT_CACHE / "uploads",
                        url=server.url,
                        source=source,
                        announced=announced,
                    ),
                    parallel=max(1, options["parallel"]),
                    announced=announced,
                    on_progress=on_progress,
                )
        except KeyboardInterrupt as error:
            stop.set()
            raise CommandError(
                "Stopped. What has arrived is kept; the same command goes on from there.",
                returncode=INTERRUPTED,
            ) from error
        except SendError as error:
            raise CommandError(f"{source.path.name} was not sent: {error}.") from error
        self.stdout.write(file_id)


def source_of(path: Path) -> Source:
    try:
        return Source.of(path)
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.") from error


def require_certificates(path: Path) -> None:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise CommandError(f"No certificate can be read from {path}: {error}.") from error


@contextmanager
def progress_bar(source: Source) -> Iterator[OnProgress]:
    """A bar on a terminal's standard error; elsewhere nothing."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(source.path.name, total=source.size)

        def on_progress(arrived_bytes: int) -> None:
            progress.update(bar, completed=arrived_bytes)
            if arrived_bytes == source.size:
                progress.update(bar, description=f"{source.path.name}: the server verifies it")

        yield on_progress
