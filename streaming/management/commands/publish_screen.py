"""`manage.py publish_screen --to URL --key KEY`: show on a server what this machine shows."""

import asyncio
import re
import socket
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.live import Live
from rich.text import Text

from streaming.core.encoders.opening import open_encoder
from streaming.core.errors import ScreenError
from streaming.core.live.stream import LiveStream
from streaming.core.publishing.destination import Destination
from streaming.core.publishing.publisher import Progress, Publisher
from streaming.core.sources.desktop import Desktop
from streaming.core.sources.opening import check_source, open_source
from streaming.core.wire import MAX_FPS
from streaming.models import NAME, NAME_LENGTH

INTERRUPTED = 130  # what shells call a program that Ctrl-C ended
IDLE_S = 2.0  # after the last viewer, until nothing is captured any more
STATES = {
    "connecting": "connecting",
    "live": "on the air",
    "idle": "nobody watches",
    "waiting": "waiting",
}

OnProgress = Callable[[Progress], None]


class Command(BaseCommand):
    help = "Publish this machine's screen on a Sluice server, until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", required=True, metavar="URL", help="http://host:port")
        parser.add_argument("--key", required=True, help="an API key with the scope screens")
        parser.add_argument("--name", help="of the screen there; default: this machine's name")
        parser.add_argument("--title", default="", help="what viewers see; default: the name")
        parser.add_argument("--source", help="pattern, camera:0, or the path of a video")
        parser.add_argument("--monitor", type=int, metavar="N", help="1 is the first; default: it")
        parser.add_argument("--fps", type=float, default=settings.SCREEN_FPS)
        parser.add_argument("--ca", type=Path, metavar="FILE", help="the server's authority")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"] or own_name()
        if not re.fullmatch(NAME, name):
            raise CommandError(f"{name!r} cannot be the name of a screen: a-z, 0-9 and - are.")
        to = Destination(options["to"], options["key"], name, options["ca"])
        if not 0 < options["fps"] <= MAX_FPS:
            raise CommandError(f"--fps is a number above 0, {MAX_FPS} at most.")
        try:
            source = source_of(options)
            with progress_line(name) as on_progress:
                asyncio.run(publish(to, source, options, on_progress))
        except KeyboardInterrupt as error:
            raise CommandError("Stopped.", returncode=INTERRUPTED) from error
        except ScreenError as error:
            raise CommandError(str(error)) from error


async def publish(
    to: Destination, source: str, options: dict[str, Any], on_progress: OnProgress
) -> None:
    """Until it is interrupted.  Raises PublishingRefused."""
    stream = LiveStream(
        open_source=partial(open_source, source, Desktop.of(settings.ENVIRONMENT)),
        open_encoder=open_encoder,
        fps=options["fps"],
        idle_s=IDLE_S,
    )
    title = options["title"] or to.name
    try:
        await Publisher(stream, to, title=title, on_progress=on_progress).run()
    finally:
        await stream.close()


def own_name() -> str:
    """This machine's name, as the address of a screen can have it."""
    named = re.sub(r"[^a-z0-9]+", "-", socket.gethostname().split(".")[0].lower())
    return named.strip("-")[:NAME_LENGTH] or "screen"


def source_of(options: dict[str, Any]) -> str:
    """Raises BadSource, and CommandError for two sources at once."""
    source, monitor = options["source"], options["monitor"]
    if source and monitor is not None:
        raise CommandError("--monitor is of this machine's screen; leave it out with --source.")
    chosen = source or ("local" if monitor is None else f"local:{monitor}")
    check_source(chosen)
    return chosen


@contextmanager
def progress_line(name: str) -> Iterator[OnProgress]:
    """One line that changes, on a terminal; elsewhere a line for each change of state."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield printed(console, name)
        return
    with Live(console=console, transient=True, refresh_per_second=4) as live:
        yield lambda progress: live.update(Text(line_of(progress, name)))


def printed(console: Console, name: str) -> OnProgress:
    told = ("", "")

    def tell(progress: Progress) -> None:
        nonlocal told
        if (progress.state, progress.detail) != told:
            told = (progress.state, progress.detail)
            console.print(line_of(progress, name), soft_wrap=True)

    return tell


def line_of(progress: Progress, name: str) -> str:
    state = STATES[progress.state]
    if progress.state in ("connecting", "waiting"):
        return f"{name}: {state}. {progress.detail}".strip()
    words = [f"{name}: {state} at {progress.url}", f"viewers: {progress.viewers}"]
    if progress.state == "live" and progress.fps:
        words += [f"{progress.fps:.0f} fps", f"{progress.rate_bytes_s / 1000:,.0f} kB/s"]
    return " · ".join(words)
