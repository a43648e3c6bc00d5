"""Reads a workbook, Parquet or Arrow from standard input, and writes its rows to standard output.

Run as a program, by table_source.py.  It is a process of its own because these formats are read
by libraries that keep what they like in memory, and that no damaged file should take down a
worker with: this process may be refused more memory, and may die.

The job is the one argument, as JSON: {"format", "asked", "limits"}, the fields of containers.Limits.  Each line of the output
is JSON: first the table without its rows, then {"done": 0 to 1, "rows": [[cell...]...]}, and
{"end": true}; or {"error", "field"} instead, {"empty": true} or {"memory": true}.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from apiapp.imports.errors import BadDialect, EmptyFile, ImportFailed
from apiapp.imports.pipeline.containers import Limits
from apiapp.imports.pipeline.formats.tables import Table

CPU_LIMIT_S = 3600
PATIENCE = 5  # nice(2)
# Each format's library is loaded only for a file that needs it.
READERS = {
    "parquet": ("apiapp.imports.pipeline.formats.arrow_tables", "read_parquet"),
    "arrow": ("apiapp.imports.pipeline.formats.arrow_tables", "read_arrow"),
}
WORKBOOKS = ("apiapp.imports.pipeline.formats.workbook", "read_workbook")

Reader = Callable[[BinaryIO, Mapping[str, Any], Limits], Table]


def main() -> None:
    job = json.loads(sys.argv[1])
    sys.modules["numpy"] = None  # type: ignore[assignment]  # pyarrow would load it, unused
    read = reader_for(job["format"])
    limits = limits_of(job["limits"])
    limit(memory_bytes=limits.memory_bytes)
    try:
        with os.fdopen(0, "rb", buffering=1 << 16, closefd=False) as file:
            file.seek(0)
            write(read(file, job["asked"], limits))
    except MemoryError:
        say({"memory": True})
    except EmptyFile:
        say({"empty": True})
    except BadDialect as error:
        say({"error": error.reason, "field": error.field})
    except ImportFailed as error:
        say({"error": str(error), "field": ""})


def reader_for(format_: str) -> Reader:
    module, name = READERS.get(format_, WORKBOOKS)
    read: Reader = getattr(import_module(module), name)
    return read


def limits_of(told: dict[str, Any]) -> Limits:
    folder = told.pop("folder")
    return Limits(folder=Path(folder) if folder else None, **told)


def limit(*, memory_bytes: int) -> None:
    """Where the system can: what this process may take of it."""
    with suppress(AttributeError, OSError):
        os.nice(PATIENCE)
    try:
        resource = import_module("resource")
    except ImportError:  # not on Windows
        return
    for kind, most in (("RLIMIT_DATA", memory_bytes), ("RLIMIT_CPU", CPU_LIMIT_S)):
        with suppress(ValueError, OSError):
            resource.setrlimit(getattr(resource, kind), (most, most))


def write(table: Table) -> None:
    said = {name: getattr(table, name) for name in TOLD}
    say(said)
    for done, rows in table.batches:
        say({"done": done, "rows": rows})
    say({"end": True})


TOLD = ("header", "types", "dialect", "reasons", "choices", "warnings")


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
