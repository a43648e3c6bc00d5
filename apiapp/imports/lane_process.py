"""The process of a lane, which may be begun before it is known what it has to do."""

import os
import subprocess  # nosec B404 # of our own program alone
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from django.db import connections

from apiapp.imports.pipeline import lanes as core
from apiapp.imports.routers import DATASETS

PROGRAM = f"{core.__name__}.process"
ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Waiting:
    """A process that has a file, by this descriptor, and no job yet."""

    process: "subprocess.Popen[str]"
    descriptor: int
    is_free: bool = True


AHEAD: ContextVar[Waiting | None] = ContextVar("a lane's process begun ahead", default=None)


@contextmanager
def begun_ahead(path: Path, *, from_bytes: int | None) -> Iterator[None]:
    """Begin the process while a file is looked at, if a lane may load it: it takes as long.

    from_bytes: as lanes.lane_for takes it.
    """
    if from_bytes is None or not path.is_file() or path.stat().st_size < from_bytes:
        yield
        return
    with path.open("rb") as file:
        waiting = Waiting(begun(file.fileno()), file.fileno())
        token = AHEAD.set(waiting)
        try:
            yield
        finally:
            AHEAD.reset(token)
            if waiting.is_free:
                end(waiting.process)


def process_for(descriptor: int) -> "tuple[subprocess.Popen[str], int]":
    """A process that waits for its job, and the descriptor by which it has the file."""
    waiting = AHEAD.get()
    if waiting and waiting.is_free and os.path.sameopenfile(waiting.descriptor, descriptor):
        waiting.is_free = False
        return waiting.process, waiting.descriptor
    return begun(descriptor), descriptor


def begun(descriptor: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # nosec B603 # our own program, no shell
        [sys.executable, "-m", PROGRAM, connections[DATASETS].vendor],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=[descriptor],
        encoding="utf-8",
    )


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()
